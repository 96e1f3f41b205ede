import type { IncomingMessage } from 'node:http';
import { createRandom } from '../random.ts';
import { type ChosenFault, drawFault, parseFault } from '../streams/fault-choice.ts';
import type { StreamDesk, Turn } from '../streams/turn.ts';
import { parseQuery, pathOf } from './query.ts';

export interface Opening {
  readonly turn: Turn;
  /** A fault was asked for that does not exist. */
  readonly unknownFault: boolean;
}

/** Numbers the request and settles its fault: request header before query before the drawn share. */
export function openTurn(
  desk: StreamDesk,
  protocol: string,
  request: IncomingMessage,
  times: { readonly openedAt: number; readonly requestAt: number },
): Opening {
  const target = request.url ?? '/';
  desk.lastNumber += 1;
  const n = desk.lastNumber;
  const random = (purpose: string) => createRandom(desk.options.seed, purpose, n);
  const asked = headerOf(request, 'x-mock-fault') || parseQuery(target).get('fault');
  const drawn = (): ChosenFault | undefined => drawFault(desk.faultRates, random('fault'));
  const fault = asked ? parseFault(asked) : drawn();
  const streamId = safeId(headerOf(request, 'x-request-id'));
  const turn: Turn = {
    n,
    protocol,
    path: pathOf(target).slice(0, MAX_PATH),
    ...(streamId !== '' && { streamId }),
    ...times,
    ...(fault !== undefined && { fault }),
    tally: desk.tally,
    random,
  };
  return { turn, unknownFault: Boolean(asked) && fault === undefined };
}

/** Only known paths come here; what a client puts into one is not kept at any length. */
const MAX_PATH = 200;

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function safeId(text: string | undefined): string {
  return (text ?? '').replace(/[^A-Za-z0-9_.-]/g, '').slice(0, 64);
}
