import type { AccountRegistry } from '../accounts/registry.ts';
import type { Clock } from '../clock.ts';
import type { HttpInput, HttpProtocol } from '../transport/protocol.ts';
import { readChatdocQuestion, refuseChatdoc } from './chatdoc-frames.ts';
import { identifyBySignature } from './chatdoc-signature.ts';
import { SSE_TYPE, sseEvent } from './sse.ts';

/**
 * The newer transport of ChatDoc: `POST /openapi/v2/chat`, signed in headers, answered as events that
 * hold the frames of the older one. The vendor spells the time `timestamp` and `timeStamp`: to HTTP
 * that is one header.
 */
export function chatdocSse(
  accounts: AccountRegistry,
  clock: Clock,
  { references }: { readonly references: boolean },
): HttpProtocol {
  return {
    name: 'chatdoc-sse',
    url: '/openapi/v2/chat',
    refusesInStream: true,
    refuse: refuseChatdoc,
    identify: (request) =>
      identifyBySignature(
        accounts,
        {
          appId: header(request, 'appid'),
          timestamp: header(request, 'timestamp'),
          signature: header(request, 'signature'),
        },
        clock.now(),
      ),
    read: (request, _account, random) => {
      const options = { contentType: SSE_TYPE, references, frame: sseEvent };
      const question = readChatdocQuestion(request.body, random, options);
      if (question.ok) return { ok: true, value: question.form };
      const answer = { status: 200, contentType: SSE_TYPE, body: question.frame };
      return { ok: false, answer };
    },
  };
}

function header({ headers }: HttpInput, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
