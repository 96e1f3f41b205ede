import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import type { Account } from '../accounts/account.ts';
import type { Refusal } from '../journal/journal.ts';
import { delayPlan } from '../streams/plan.ts';
import {
  type Admitted,
  admit,
  planTurn,
  refuseTurn,
  type StreamDesk,
  startStream,
  type Turn,
} from '../streams/turn.ts';
import { failureOf, type WsProtocol } from './protocol.ts';
import { createWsSink, type WsPeer } from './ws-sink.ts';

export interface Guest {
  readonly turn: Turn;
  readonly account: Account;
  readonly held?: Admitted;
  readonly socket: WebSocket;
  readonly connection: Socket;
  /** What the handshake was delayed by: that much of the plan is over. */
  readonly headMs: number;
}

/** RFC 6455 §7.4.1: a message that violates the server's policy. */
const POLICY_VIOLATION = 1008;

/** Waits for the question, answers it, and closes the connection if the client does not. */
export function converse(desk: StreamDesk, protocol: WsProtocol, guest: Guest): void {
  const { clock, options } = desk;
  const { socket } = guest;
  const closeAt = (moment: number) => clock.at(moment, () => socket.close(1000));
  let cancelClose = closeAt(clock.now() + options.idleLimitMs);
  let asked = false;
  const awaitClose = (): void => {
    cancelClose();
    cancelClose = closeAt(clock.now() + options.closeAfterMs);
  };
  // ws answers a broken frame or an oversized message with a close code of its own.
  socket.on('error', () => undefined);
  socket.once('close', () => cancelClose());
  socket.on('message', (data, isBinary) => {
    if (asked) {
      socket.close(POLICY_VIOLATION, 'one question per connection');
      return;
    }
    asked = true;
    cancelClose();
    const turn = { ...guest.turn, requestAt: clock.now() };
    const text = isBinary ? '' : textOf(data);
    answer(desk, protocol, { ...guest, turn, awaitClose }, text);
  });
}

function answer(desk: StreamDesk, protocol: WsProtocol, guest: Guest & WsPeer, text: string): void {
  const { turn, account, held, socket } = guest;
  const refuse = (refused: Refusal, frame: string): void => {
    refuseTurn(desk, turn, refused, { account, bytes: Buffer.byteLength(frame) });
    socket.send(frame);
    guest.awaitClose();
  };
  const read = protocol.read(text, turn.random('ids'));
  if (!read.ok) {
    held?.lease.release(desk.clock.now(), false);
    held?.seat.leave();
    refuse('bad-request', read.frame);
    return;
  }
  const { form } = read;
  const admission = held ?? admit(desk, turn, account);
  if (!admission.admitted) {
    refuse(admission.refused, form.error(failureOf(admission.refused)));
    return;
  }
  const { lease, seat } = admission;
  const plan = delayPlan(planTurn(desk, turn, form), -guest.headMs);
  if (!plan.answersClose) ignoreClose(socket);
  startStream(desk, turn, { account, lease, seat, plan, sink: createWsSink(guest) });
}

/**
 * ws answers the client's Close by calling its own `close()`, and has no option against that. It goes
 * on reading, so a client that gives up and leaves is noticed.
 */
function ignoreClose(socket: WebSocket): void {
  socket.close = () => undefined;
}

function textOf(data: RawData): string {
  if (Buffer.isBuffer(data)) return data.toString();
  return (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)).toString();
}
