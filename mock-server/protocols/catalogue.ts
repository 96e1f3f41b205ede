import type { FastifyInstance } from 'fastify';
import type { AccountRegistry } from '../accounts/registry.ts';
import type { StreamDesk } from '../streams/turn.ts';
import { serveHttp } from '../transport/http.ts';
import type { HttpProtocol, WsProtocol } from '../transport/protocol.ts';
import { serveWebSockets } from '../transport/websocket.ts';
import { type ChainOptions, chainStream, serveChainSteps } from './chain.ts';
import { createChainSessions } from './chain-sessions.ts';
import { chatdocSse } from './chatdoc-sse.ts';
import { chatdocWs } from './chatdoc-ws.ts';
import { openAiChat, serveModels } from './openai-chat.ts';
import { plainSse } from './plain-sse.ts';

/** Everything the server speaks. A new protocol is a file and a line here. */
export function serveProtocols(
  app: FastifyInstance,
  desk: StreamDesk,
  accounts: AccountRegistry,
): { reset(): void } {
  const { clock, options } = desk;
  const sessions = createChainSessions(options.tokenTtlMs);
  const chain: ChainOptions = {
    accounts,
    sessions,
    clock,
    tokenTtlMs: options.tokenTtlMs,
    onAuthFailure: () => {
      desk.tally.authFailures += 1;
    },
  };
  const overHttp: readonly HttpProtocol[] = [
    chatdocSse(accounts, clock, options),
    openAiChat(accounts),
    chainStream(chain),
    ...plainSse(accounts, options.plain),
  ];
  const overWebSocket: readonly WsProtocol[] = [chatdocWs(accounts, clock, options)];
  for (const protocol of overHttp) serveHttp(app, desk, protocol);
  serveWebSockets(app, desk, overWebSocket);
  serveModels(app, accounts);
  serveChainSteps(app, chain);
  return { reset: sessions.reset };
}
