import { chatdocHeaders } from '../signing/chatdoc.ts';
import {
  CHATDOC_CREDENTIALS,
  chatdocQuestion,
  chatdocRules,
  chatdocSignature,
  checkChatdocRequest,
} from './chatdoc.ts';
import { type Dialect, SSE_HEADERS } from './dialect.ts';
import { classifyIflytek } from './iflytek-codes.ts';

/** ChatDoc's v2 chat: signed headers, JSON up, the WebSocket's frames down as server-sent events. */
export const chatdocSse: Dialect = {
  name: 'chatdoc-sse',
  transport: 'http',
  credentials: CHATDOC_CREDENTIALS,
  needsAccount: true,
  check: checkChatdocRequest,
  rules: () => chatdocRules('sse'),
  buildRequest: (input) => ({
    url: input.url,
    headers: { ...SSE_HEADERS, ...input.headers, ...chatdocHeaders(chatdocSignature(input)) },
    body: chatdocQuestion(input),
  }),
  classify: classifyIflytek,
};
