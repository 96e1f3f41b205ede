import { ConfigError } from '../config/config-error.ts';
import { readArray, readNumber, readString, show } from '../config/fields.ts';
import { type ChatdocSignature, signChatdoc } from '../signing/chatdoc.ts';
import type { DialectPart, RequestInput } from './dialect.ts';
import type { StreamRules } from './rules.ts';

/** What ChatDoc's two transports have in common: the frame, the question, the signature. */
const CHATDOC_FRAME = {
  answer: ['content'],
  reasoning: ['reasoning_content'],
  delta: 'incremental',
  end: [{ path: 'status', is: { equal: 2 } }],
  error: [{ path: 'code', is: 'non-zero' }],
  errorCode: ['code'],
  errorMessage: ['message', 'desc'],
  traceId: ['sid'],
} as const satisfies Omit<StreamRules, 'framing'>;

export function chatdocRules(framing: StreamRules['framing']): StreamRules {
  return { framing, ...CHATDOC_FRAME };
}

/** `fileIds` (or `repoIds`) is required by the service; a `{vars.fileIds}` place will do. */
export function checkChatdocRequest({ request }: DialectPart): void {
  const documents = request['fileIds'] ?? request['repoIds'];
  if (documents === undefined) {
    throw new ConfigError(
      'request',
      'must hold fileIds or repoIds: what is asked about',
      'neither',
    );
  }
  if (typeof documents === 'string') readString(documents, 'request.fileIds');
  else if (readArray(documents, 'request.fileIds').length === 0) {
    throw new ConfigError('request.fileIds', 'must not be empty', show(documents));
  }
  if (request['topN'] !== undefined) {
    readNumber(request['topN'], 'request.topN', { min: 1, max: 100, whole: true });
  }
  if (request['messages'] !== undefined) {
    throw new ConfigError('request.messages', 'must be left out: the prompts are the messages');
  }
}

export function chatdocQuestion({ request, prompt }: RequestInput): string {
  return JSON.stringify({ ...request, messages: [{ role: 'user', content: prompt }] });
}

export function chatdocSignature(input: RequestInput): ChatdocSignature {
  const { appId = '', apiSecret = '' } = input.credentials;
  return signChatdoc(input.digest, { appId, apiSecret }, input.epochMs);
}

export const CHATDOC_CREDENTIALS = ['appId', 'apiSecret'] as const;
