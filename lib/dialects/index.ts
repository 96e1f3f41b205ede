import { chatdocSse } from './chatdoc-sse.ts';
import { chatdocWs } from './chatdoc-ws.ts';
import type { Dialect } from './dialect.ts';
import { openaiChat } from './openai-chat.ts';
import { plainSse } from './plain-sse.ts';

/** Every dialect by name. A new one is one file and a line here. */
export const DIALECTS: Readonly<Record<string, Dialect>> = Object.fromEntries(
  [chatdocWs, chatdocSse, openaiChat, plainSse].map((dialect) => [dialect.name, dialect]),
);
