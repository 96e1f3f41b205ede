import type { AccountRegistry } from '../accounts/registry.ts';
import type { PlainOptions } from '../mock-options.ts';
import type { AnswerForm } from '../streams/answer-form.ts';
import type { HttpProtocol } from '../transport/protocol.ts';
import { identifyByApiKey } from './openai-chat.ts';
import { openAiErrorBody, refuseLikeOpenAi } from './openai-error.ts';
import { SSE_TYPE, sseEvent } from './sse.ts';

/** Home-made services: `POST /plain/stream` sends the text at a path in JSON, `/plain/text` as it is. */
export function plainSse(
  accounts: AccountRegistry,
  { textPath, marker }: Required<PlainOptions>,
): readonly HttpProtocol[] {
  const keys = textPath.split('.');
  const nested = (text: string): string =>
    JSON.stringify(keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), text));
  return [
    plainProtocol(accounts, { url: '/plain/stream', marker, dataOf: nested }),
    plainProtocol(accounts, { url: '/plain/text', marker, dataOf: (text) => text }),
  ];
}

interface PlainVariant {
  readonly url: string;
  readonly marker: string;
  dataOf(text: string): string;
}

function plainProtocol(accounts: AccountRegistry, variant: PlainVariant): HttpProtocol {
  return {
    name: 'plain-sse',
    url: variant.url,
    refusesInStream: false,
    refuse: refuseLikeOpenAi,
    identify: (request) => identifyByApiKey(accounts, request),
    // Any body is a question here.
    read: () => ({ ok: true, value: createForm(variant) }),
  };
}

function createForm({ marker, dataOf }: PlainVariant): AnswerForm {
  const event = (text: string): string => sseEvent(dataOf(text));
  return {
    contentType: SSE_TYPE,
    opening: () => [],
    reasoning: event,
    content: event,
    closing: () => [],
    marker: () => sseEvent(marker),
    error: (failure) => sseEvent(openAiErrorBody(failure)),
  };
}
