import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Stats } from './journal/stats.ts';
import { refuseLikeOpenAi } from './protocols/openai-error.ts';
import { route, send } from './transport/http.ts';

export interface ControlActions {
  stats(): Stats;
  reset(): void;
}

/**
 * `GET /__mock/stats`, `POST /__mock/reset`. Only for loopback peers that name a loopback host: a web
 * page can make a browser on this machine call 127.0.0.1, but under its own name.
 */
export function serveControl(app: FastifyInstance, { stats, reset }: ControlActions): void {
  const serve = (method: 'GET' | 'POST', url: string, act: () => unknown): void =>
    route(app, { method, url, refuse: refuseLikeOpenAi }, (_input, request, reply) => {
      const answer = isLocal(request.raw) ? act() : undefined;
      const status = answer === undefined ? 403 : 200;
      const body = JSON.stringify(answer ?? { error: { message: 'for loopback only' } });
      send(reply, { status, contentType: 'application/json', body });
    });
  serve('GET', '/__mock/stats', stats);
  serve('POST', '/__mock/reset', () => {
    reset();
    return { reset: true };
  });
}

export function isLocal(request: Pick<IncomingMessage, 'headers'> & PeerAddress): boolean {
  const host = request.headers.host ?? '';
  return isLoopback(request.socket.remoteAddress ?? '') && isLoopback(host.replace(/:[0-9]*$/, ''));
}

interface PeerAddress {
  readonly socket: { readonly remoteAddress?: string | undefined };
}

function isLoopback(name: string): boolean {
  const address = name
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/^::ffff:/, '');
  return address === 'localhost' || address === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(address);
}
