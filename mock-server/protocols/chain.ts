import type { FastifyInstance } from 'fastify';
import type { Account } from '../accounts/account.ts';
import type { AccountRegistry } from '../accounts/registry.ts';
import type { Clock } from '../clock.ts';
import { parseJson, textUnder } from '../json.ts';
import type { AnswerForm, HttpAnswer } from '../streams/answer-form.ts';
import { route, send } from '../transport/http.ts';
import type { Checked, HttpInput, HttpProtocol } from '../transport/protocol.ts';
import { bearerToken } from './bearer.ts';
import type { ChainSessions } from './chain-sessions.ts';
import { openAiErrorBody, refuseLikeOpenAi } from './openai-error.ts';
import { SSE_TYPE, sseEvent } from './sse.ts';

/**
 * What web applications put around a model: log in, open a conversation, ask in it. No vendor's API;
 * it has what a test of a chain needs: expiring tokens, ids to carry on, numbered events.
 */
export interface ChainOptions {
  readonly accounts: AccountRegistry;
  readonly sessions: ChainSessions;
  readonly clock: Clock;
  readonly tokenTtlMs: number;
  onAuthFailure(): void;
}

/** `POST /conversations/:id/stream`: deltas numbered from 1, then `[DONE]`. */
export function chainStream(options: ChainOptions): HttpProtocol {
  return {
    name: 'chain',
    url: '/conversations/:id/stream',
    refusesInStream: false,
    refuse: refuseLikeOpenAi,
    identify: (request) => identifyByToken(options, request),
    read: (request, account) => readQuestion(options.sessions, request, account),
  };
}

/** `POST /login` and `POST /conversations`, the steps before. */
export function serveChainSteps(app: FastifyInstance, options: ChainOptions): void {
  const refuse = refuseLikeOpenAi;
  route(app, { method: 'POST', url: '/login', refuse }, (input, _request, reply) => {
    send(reply, logIn(options, input));
  });
  route(app, { method: 'POST', url: '/conversations', refuse }, (input, _request, reply) => {
    const who = identifyByToken(options, input);
    if (!who.ok) options.onAuthFailure();
    send(reply, who.ok ? data({ id: options.sessions.createConversation(who.value) }) : who.answer);
  });
}

function logIn(options: ChainOptions, { body }: HttpInput): HttpAnswer {
  const { accounts, sessions, clock, tokenTtlMs } = options;
  const login = parseJson(body);
  const username = textUnder(login, 'user', 'username');
  const password = textUnder(login, 'password');
  if (username === undefined || password === undefined) {
    return refuseLikeOpenAi('bad-request', "'user' and 'password' are required.");
  }
  const account = accounts.byLogin(username, password);
  if (account === undefined) {
    options.onAuthFailure();
    return refuseLikeOpenAi('auth');
  }
  const token = sessions.createToken(account, clock.now());
  return data({ token, expires_in: tokenTtlMs / 1000 });
}

/** Also where everybody is let in: without a token there is no chain. */
function identifyByToken({ sessions, clock }: ChainOptions, request: HttpInput): Checked<Account> {
  const account = sessions.accountOf(bearerToken(request.headers) ?? '', clock.now());
  if (account !== undefined) return { ok: true, value: account };
  return { ok: false, answer: refuseLikeOpenAi('auth', 'The token is missing, unknown or stale.') };
}

function readQuestion(
  sessions: ChainSessions,
  { params, body }: HttpInput,
  account: Account,
): Checked<AnswerForm> {
  if (!sessions.hasConversation(params['id'] ?? '', account)) {
    return { ok: false, answer: refuseLikeOpenAi('not-found', 'There is no such conversation.') };
  }
  if (textUnder(parseJson(body), 'question') === undefined) {
    return { ok: false, answer: refuseLikeOpenAi('bad-request', "'question' is required.") };
  }
  return { ok: true, value: createForm() };
}

function createForm(): AnswerForm {
  let seq = 0;
  const delta = (type: string, text: string): string => {
    seq += 1;
    return sseEvent(JSON.stringify({ type, text, seq }));
  };
  return {
    contentType: SSE_TYPE,
    opening: () => [],
    reasoning: (text) => delta('reasoning', text),
    content: (text) => delta('delta', text),
    closing: () => [],
    marker: () => sseEvent('[DONE]'),
    error: (failure) => sseEvent(openAiErrorBody(failure)),
  };
}

function data(fields: object): HttpAnswer {
  return { status: 200, contentType: 'application/json', body: JSON.stringify({ data: fields }) };
}
