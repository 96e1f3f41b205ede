import type { AddressInfo, Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { type AccountRegistry, createAccountRegistry } from './accounts/registry.ts';
import { systemClock } from './clock.ts';
import { serveControl } from './control.ts';
import { type JournalEntry, openJournal } from './journal/journal.ts';
import { type Stats, Tally } from './journal/stats.ts';
import { type MockOptions, type ResolvedMockOptions, resolveMockOptions } from './options.ts';
import { serveProtocols } from './protocols/catalogue.ts';
import { refuseLikeOpenAi } from './protocols/openai-error.ts';
import { createCapacity } from './streams/capacity.ts';
import { parseFaultRates } from './streams/fault-choice.ts';
import type { StreamDesk } from './streams/turn.ts';
import { send } from './transport/http.ts';

export type { JournalEntry } from './journal/journal.ts';
export type { Stats } from './journal/stats.ts';
export { MockConfigError } from './option-rules.ts';
export { type MockOptions, parseMockOptions, resolveMockOptions } from './options.ts';

/** A running mock. It knows no TLS. */
export interface MockServer {
  readonly url: string;
  readonly wsUrl: string;
  stats(): Stats;
  /** The last 100,000 streams that are over; `journalFile` has all. */
  journal(): readonly JournalEntry[];
  /** Counters, journal in memory, numbering, tokens. What is open goes on, uncounted. */
  reset(): void;
  /** Ends open streams. Rejects when journal lines could not be written. */
  close(): Promise<void>;
}

/** @throws MockConfigError, or a system error: port taken, journal file cannot be opened. */
export async function startMockServer(options: MockOptions = {}): Promise<MockServer> {
  const resolved = resolveMockOptions(options);
  const desk = await openDesk(resolved);
  const accounts = createAccountRegistry(resolved.accounts, resolved.seed);
  const app = createApp(resolved, desk);
  const close = createCloser(app, desk);
  const protocols = serveProtocols(app, desk, accounts);
  const stats = (): Stats => desk.tally.stats(accounts.all.map((account) => account.stats()));
  const reset = (): void => {
    resetDesk(desk, accounts);
    protocols.reset();
  };
  serveControl(app, { stats, reset });
  try {
    await app.listen({ host: resolved.host, port: resolved.port, backlog: BACKLOG });
  } catch (error) {
    await close();
    throw error;
  }
  const authority = authorityOf(app.server.address(), resolved.host);
  return {
    url: `http://${authority}`,
    wsUrl: `ws://${authority}`,
    stats,
    journal: desk.journal.entries,
    reset,
    close,
  };
}

/** Connections the kernel keeps while the process is busy; 511, the default, is few for a ramp. */
const BACKLOG = 4096;

async function openDesk(options: ResolvedMockOptions): Promise<StreamDesk> {
  return {
    options,
    clock: systemClock,
    faultRates: parseFaultRates(options.faults),
    capacity: createCapacity(options.capacity),
    journal: await openJournal(options.journalFile),
    live: new Set(),
    tally: new Tally(),
    lastNumber: 0,
  };
}

function resetDesk(desk: StreamDesk, accounts: AccountRegistry): void {
  desk.tally = new Tally();
  desk.lastNumber = 0;
  desk.journal.reset();
  for (const account of accounts.all) account.reset();
}

function createApp(options: ResolvedMockOptions, desk: StreamDesk): FastifyInstance {
  const app = fastify({
    bodyLimit: options.bodyLimitBytes,
    requestTimeout: options.idleLimitMs,
    exposeHeadRoutes: false,
    logger: false,
  });
  app.removeAllContentTypeParsers();
  // Protocols parse by themselves: what broken JSON is answered with is theirs to say.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.decorateRequest('openedAt', 0);
  app.addHook('onRequest', (request, _reply, done) => {
    request.openedAt = desk.clock.now();
    done();
  });
  app.setNotFoundHandler((_request, reply) => send(reply, refuseLikeOpenAi('not-found')));
  return app;
}

/** Ends everything at once: also sockets that became WebSockets, which the HTTP server has let go. */
function createCloser(app: FastifyInstance, desk: StreamDesk): () => Promise<void> {
  const sockets = new Set<Socket>();
  let closing: Promise<void> | undefined;
  app.server.on('connection', (socket) => {
    desk.tally.connections += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    if (closing !== undefined) socket.destroy();
  });
  const close = async (): Promise<void> => {
    for (const stream of desk.live) stream.stop('shutdown');
    for (const socket of sockets) socket.destroy();
    await app.close();
    await desk.journal.close();
  };
  return () => {
    closing ??= close();
    return closing;
  };
}

function authorityOf(address: AddressInfo | string | null, host: string): string {
  if (address === null || typeof address === 'string') return host;
  const reachable = EVERY_INTERFACE.get(host) ?? host;
  return `${reachable.includes(':') ? `[${reachable}]` : reachable}:${address.port}`;
}

/** What a client on this machine calls a server that listens everywhere. */
const EVERY_INTERFACE: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);
