import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { WebSocketServer } from 'ws';
import type { Account } from '../accounts/account.ts';
import type { Refusal } from '../journal/journal.ts';
import type { HttpAnswer } from '../streams/answer-form.ts';
import { faultNames } from '../streams/fault-choice.ts';
import {
  type Admitted,
  admit,
  headDelayMs,
  refuseTurn,
  type StreamDesk,
  type Turn,
} from '../streams/turn.ts';
import { route, send } from './http.ts';
import { openTurn } from './open-turn.ts';
import { failureOf, refusesInStream, type WsProtocol } from './protocol.ts';
import { parseQuery, pathOf } from './query.ts';
import { converse } from './ws-conversation.ts';

/** Takes over all upgrades of the server. */
export function serveWebSockets(
  app: FastifyInstance,
  desk: StreamDesk,
  protocols: readonly WsProtocol[],
): void {
  for (const { path, refuse } of protocols) {
    route(app, { method: 'GET', url: path, refuse }, (_input, _request, reply) => {
      send(reply, refuse('bad-request', 'a WebSocket upgrade is required'));
    });
  }
  const wss = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: desk.options.bodyLimitBytes,
  });
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined);
    const protocol = protocols.find(({ path }) => path === pathOf(request.url ?? '/'));
    if (!(socket instanceof Socket)) socket.destroy();
    else if (protocol === undefined) refuseUpgrade(socket, NOT_FOUND);
    else handshake(desk, protocol, { request, socket, head, wss });
  });
}

const NOT_FOUND: HttpAnswer = {
  status: 404,
  contentType: 'application/json',
  body: '{"error":{"message":"no WebSocket here"}}',
};

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly wss: WebSocketServer;
}

function handshake(desk: StreamDesk, protocol: WsProtocol, upgrade: Upgrade): void {
  const { request, socket } = upgrade;
  const openedAt = desk.clock.now();
  const times = { openedAt, requestAt: openedAt };
  const { turn, unknownFault } = openTurn(desk, protocol.name, request, times);
  const refuse = (refused: Refusal, answer: HttpAnswer, account?: Account): void => {
    const bytes = Buffer.byteLength(answer.body);
    refuseTurn(desk, turn, refused, { bytes, ...(account !== undefined && { account }) });
    refuseUpgrade(socket, answer);
  };
  if (unknownFault) {
    refuse('bad-request', protocol.refuse('bad-request', `faults are ${faultNames()}`));
    return;
  }
  const { fault } = turn;
  if (fault !== undefined && 'answer' in fault.fault) {
    refuse('fault', fault.fault.answer(protocol.refuse));
    return;
  }
  const who = protocol.identify(parseQuery(request.url ?? '/'));
  if (!who.ok) {
    refuse('auth', who.answer);
    return;
  }
  const account = who.value;
  if (refusesInStream(protocol, account)) {
    accept(desk, protocol, upgrade, { turn, account });
    return;
  }
  const held = admit(desk, turn, account);
  if (held.admitted) accept(desk, protocol, upgrade, { turn, account, held });
  else refuse(held.refused, protocol.refuse(failureOf(held.refused)), account);
}

interface Guest {
  readonly turn: Turn;
  readonly account: Account;
  /** Where the quota is asked at the handshake. */
  readonly held?: Admitted;
}

function accept(desk: StreamDesk, protocol: WsProtocol, upgrade: Upgrade, guest: Guest): void {
  const { request, socket, head, wss } = upgrade;
  // Also when the handshake fails, or no question ever comes.
  socket.once('close', () => {
    guest.held?.lease.release(desk.clock.now(), false);
    guest.held?.seat.leave();
  });
  const headMs = headDelayMs(guest.turn.fault);
  const proceed = (): void =>
    wss.handleUpgrade(request, socket, head, (ws) => {
      converse(desk, protocol, { ...guest, socket: ws, connection: socket, headMs });
    });
  if (headMs === 0) proceed();
  else desk.clock.at(guest.turn.openedAt + headMs, proceed);
}

function refuseUpgrade(socket: Socket, answer: HttpAnswer): void {
  const { status, contentType, body, headers } = answer;
  const fields = {
    ...headers,
    connection: 'close',
    'content-type': contentType,
    'content-length': String(Buffer.byteLength(body)),
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines].join('\r\n');
  socket.write(`${head}\r\n\r\n${body}`);
  socket.destroySoon();
}
