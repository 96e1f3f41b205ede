import type { AccountRegistry } from '../accounts/registry.ts';
import type { Clock } from '../clock.ts';
import type { WsProtocol } from '../transport/protocol.ts';
import { readChatdocQuestion, refuseChatdoc } from './chatdoc-frames.ts';
import { identifyBySignature } from './chatdoc-signature.ts';

/**
 * The older transport of ChatDoc: `GET /openapi/chat?appId&timestamp&signature`, one JSON text message
 * up, many down. The signature may be percent-encoded or not: vendor documents disagree.
 */
export function chatdocWs(
  accounts: AccountRegistry,
  clock: Clock,
  { references }: { readonly references: boolean },
): WsProtocol {
  return {
    name: 'chatdoc-ws',
    path: '/openapi/chat',
    refusesInStream: true,
    refuse: refuseChatdoc,
    identify: (query) =>
      identifyBySignature(
        accounts,
        {
          appId: query.get('appId'),
          timestamp: query.get('timestamp'),
          signature: query.get('signature'),
        },
        clock.now(),
      ),
    read: (message, random) =>
      readChatdocQuestion(message, random, { contentType: '', references, frame: (json) => json }),
  };
}
