import { chatdocUrl } from '../signing/chatdoc.ts';
import {
  CHATDOC_CREDENTIALS,
  chatdocQuestion,
  chatdocRules,
  chatdocSignature,
  checkChatdocRequest,
} from './chatdoc.ts';
import type { Dialect } from './dialect.ts';
import { classifyIflytek } from './iflytek-codes.ts';

/** ChatDoc over WebSocket: signed URL, one question up, frames down until status 2. */
export const chatdocWs: Dialect = {
  name: 'chatdoc-ws',
  transport: 'websocket',
  credentials: CHATDOC_CREDENTIALS,
  needsAccount: true,
  check: checkChatdocRequest,
  rules: () => chatdocRules('message'),
  buildRequest: (input) => ({
    url: chatdocUrl(
      input.url,
      chatdocSignature(input),
      input.credentials['signatureEncoding'] === 'raw' ? 'raw' : 'encoded',
    ),
    headers: input.headers,
    body: chatdocQuestion(input),
  }),
  classify: classifyIflytek,
};
