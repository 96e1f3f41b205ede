import { ConfigError } from '../config/config-error.ts';
import { readString } from '../config/fields.ts';
import type { Outcome } from '../stream/outcome.ts';
import type { StreamError } from '../stream/record.ts';
import { type Dialect, SSE_HEADERS } from './dialect.ts';

/**
 * Chat Completions as OpenAI and the many compatible servers stream it. The role chunk with its
 * empty content is not an answer; a stream is complete when a finish reason and `[DONE]` were seen.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export const openaiChat: Dialect = {
  name: 'openai-chat',
  transport: 'http',
  credentials: [],
  needsAccount: false,
  check: ({ request }) => {
    readString(request['model'], 'request.model');
    if (request['messages'] !== undefined) {
      throw new ConfigError('request.messages', 'must be left out: the prompts are the messages');
    }
  },
  rules: () => ({
    framing: 'sse',
    answer: ['choices.*.delta.content', 'choices.*.delta.refusal'],
    reasoning: ['choices.*.delta.reasoning_content', 'choices.*.delta.reasoning'],
    tool: [
      'choices.*.delta.tool_calls.*.function.arguments',
      'choices.*.delta.tool_calls.*.function.name',
    ],
    delta: 'incremental',
    end: [{ path: 'choices.*.finish_reason' }, { data: '[DONE]' }],
    error: [{ event: 'error' }, { path: 'error', is: 'truthy' }],
    errorCode: ['error.code', 'error.type', 'code'],
    errorMessage: ['error.message', 'message', 'error'],
    finish: ['choices.*.finish_reason'],
    usage: {
      answerTokens: 'usage.completion_tokens',
      reasoningTokens: 'usage.completion_tokens_details.reasoning_tokens',
      promptTokens: 'usage.prompt_tokens',
    },
    traceId: ['id'],
  }),
  buildRequest: (input) => ({
    url: input.url,
    headers: { ...SSE_HEADERS, ...bearer(input.credentials['apiKey']), ...input.headers },
    body: JSON.stringify({
      stream_options: { include_usage: true },
      ...input.request,
      stream: true,
      messages: [{ role: 'user', content: input.prompt }],
    }),
  }),
  classify: classifyOpenai,
};

function bearer(apiKey: string | undefined): Readonly<Record<string, string>> {
  return apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` };
}

const CODES: Readonly<Record<string, Outcome>> = {
  insufficient_quota: 'quota-exhausted',
  rate_limit_exceeded: 'rate-limited',
  concurrency_limit_exceeded: 'concurrency-limited',
  invalid_api_key: 'auth-failed',
  content_filter: 'moderated',
  server_error: 'server-error',
  overloaded_error: 'overloaded',
  context_length_exceeded: 'bad-request',
};

/** Two kinds of 429, told apart by the body: too often, or money used up. */
function classifyOpenai(error: StreamError): Outcome | undefined {
  const byCode = error.code === undefined ? undefined : CODES[error.code];
  if (byCode !== undefined) return byCode;
  if (/concurren/i.test(error.message ?? '')) return 'concurrency-limited';
  if (/exceeded your current quota/i.test(error.message ?? '')) return 'quota-exhausted';
  return undefined;
}
