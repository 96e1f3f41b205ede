import type { FastifyInstance } from 'fastify';
import type { Account } from '../accounts/account.ts';
import type { AccountRegistry } from '../accounts/registry.ts';
import { isNonEmptyArray, isRecord, parseJson, textUnder } from '../json.ts';
import { drawHex, type Random } from '../random.ts';
import type { AnswerForm, ChunkCounts } from '../streams/answer-form.ts';
import { route, send } from '../transport/http.ts';
import type { Checked, HttpInput, HttpProtocol } from '../transport/protocol.ts';
import { bearerToken } from './bearer.ts';
import { openAiErrorBody, refuseLikeOpenAi } from './openai-error.ts';
import { SSE_TYPE, sseEvent } from './sse.ts';

/**
 * OpenAI Chat Completions. The first chunk has a role and empty content: it is not a token. The end
 * is a finish_reason and then `[DONE]`; usage comes between the two, when asked for.
 *
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export function openAiChat(accounts: AccountRegistry): HttpProtocol {
  return {
    name: 'openai-chat',
    url: '/v1/chat/completions',
    refusesInStream: false,
    refuse: refuseLikeOpenAi,
    identify: (request) => identifyByApiKey(accounts, request),
    read: (request, _account, random) => readQuestion(request, random),
  };
}

export function identifyByApiKey(accounts: AccountRegistry, request: HttpInput): Checked<Account> {
  const account = accounts.open ?? accounts.byApiKey(bearerToken(request.headers) ?? '');
  if (account !== undefined) return { ok: true, value: account };
  return { ok: false, answer: refuseLikeOpenAi('auth') };
}

/** `GET /v1/models`: what clients ask before anything else. */
export function serveModels(app: FastifyInstance, accounts: AccountRegistry): void {
  const data = [{ id: 'mock', object: 'model', created: CREATED, owned_by: 'weir' }];
  const body = JSON.stringify({ object: 'list', data });
  const listing = { method: 'GET', url: '/v1/models', refuse: refuseLikeOpenAi } as const;
  route(app, listing, (input, _request, reply) => {
    const who = identifyByApiKey(accounts, input);
    send(reply, who.ok ? { status: 200, contentType: 'application/json', body } : who.answer);
  });
}

/** Seconds. Not the clock: the same seed and number give the same bytes. */
const CREATED = 1_700_000_000;

function readQuestion(request: HttpInput, random: Random): Checked<AnswerForm> {
  const question = parseJson(request.body);
  if (!isRecord(question)) return badRequest('The body is not a JSON object.');
  if (!isNonEmptyArray(question['messages'])) return badRequest("'messages' must not be empty.");
  const options = question['stream_options'];
  const head: Head = {
    id: `chatcmpl-${drawHex(random, 24)}`,
    created: CREATED,
    model: (textUnder(question, 'model') ?? 'mock').slice(0, 100),
  };
  const includeUsage = isRecord(options) && options['include_usage'] === true;
  const streamed = question['stream'] === true;
  return { ok: true, value: streamed ? streamedForm(head, includeUsage) : wholeForm(head) };
}

function badRequest(detail: string): Checked<AnswerForm> {
  return { ok: false, answer: refuseLikeOpenAi('bad-request', detail) };
}

interface Head {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

function streamedForm(head: Head, includeUsage: boolean): AnswerForm {
  const { id, created, model } = head;
  const chunk = (choices: readonly object[], usage: object | null): string => {
    const fields = { id, object: 'chat.completion.chunk', created, model, choices };
    return sseEvent(JSON.stringify(includeUsage ? { ...fields, usage } : fields));
  };
  const delta = (fields: object, finish: string | null = null): string =>
    chunk([{ index: 0, delta: fields, logprobs: null, finish_reason: finish }], null);
  return {
    contentType: SSE_TYPE,
    opening: () => [delta({ role: 'assistant', content: '' })],
    reasoning: (text) => delta({ reasoning_content: text }),
    content: (text) => delta({ content: text }),
    closing: (counts) => [delta({}, 'stop'), ...(includeUsage ? [chunk([], usageOf(counts))] : [])],
    marker: () => sseEvent('[DONE]'),
    error: (failure) => sseEvent(openAiErrorBody(failure)),
  };
}

function wholeForm(head: Head): AnswerForm {
  const { id, created, model } = head;
  const none = (): string => '';
  return {
    contentType: 'application/json',
    opening: () => [],
    reasoning: none,
    content: none,
    closing: () => [],
    marker: none,
    error: (failure) => openAiErrorBody(failure),
    whole: (content, counts) => {
      const message = { role: 'assistant', content, refusal: null };
      const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
      const usage = usageOf(counts);
      return JSON.stringify({ id, object: 'chat.completion', created, model, choices, usage });
    },
  };
}

/** One token a chunk. The prompt is not counted: its size would be made up. */
function usageOf({ reasoning, content }: ChunkCounts): object {
  const completion = reasoning + content;
  return {
    prompt_tokens: 8,
    completion_tokens: completion,
    total_tokens: completion + 8,
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
}
