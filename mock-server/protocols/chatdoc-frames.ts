import { isNonEmptyArray, isRecord, parseJson, textUnder } from '../json.ts';
import { drawHex, type Random } from '../random.ts';
import type { AnswerForm, Failure, HttpAnswer } from '../streams/answer-form.ts';
import { CHATDOC_AUTH_ERRORS, chatdocAnswer } from './chatdoc-signature.ts';

/**
 * The flat object that ChatDoc sends as a WebSocket message and as SSE data. Codes are those of the
 * ChatDoc table where it has one; for too many streams, overload and bad JSON it has none, and those
 * of Spark stand in, which answers behind it.
 *
 * @see https://www.xfyun.cn/doc/spark/ChatDoc-API.html
 */
const CODES: Readonly<Record<Failure, { readonly code: number; readonly message: string }>> = {
  concurrency: { code: 11203, message: '并发量不足' },
  overloaded: { code: 10008, message: '服务容量不足' },
  internal: { code: 99999, message: '内部错误' },
  auth: { code: 11200, message: '授权错误' },
  'bad-request': { code: 10003, message: '消息格式错误' },
  'not-found': { code: 99999, message: '接口不存在' },
  method: { code: 99999, message: '请求方法不支持' },
  'too-large': { code: 10907, message: '内容过长' },
};

const NO_FILE = { code: 60014, message: '未传入文件ID' } as const;

export interface ChatdocOptions {
  readonly contentType: string;
  readonly references: boolean;
  /** Around the JSON: nothing for WebSocket, an event for SSE. */
  frame(json: string): string;
}

export type ChatdocQuestion =
  | { readonly ok: true; readonly form: AnswerForm }
  | { readonly ok: false; readonly frame: string };

/** The question must have messages, and files or repositories to be asked about. */
export function readChatdocQuestion(
  text: string,
  random: Random,
  options: ChatdocOptions,
): ChatdocQuestion {
  const sid = drawHex(random, 32);
  const question = parseJson(text);
  const refused = (error: {
    readonly code: number;
    readonly message: string;
  }): ChatdocQuestion => ({
    ok: false,
    frame: options.frame(errorJson(error, sid)),
  });
  if (!isRecord(question)) return refused(CODES['bad-request']);
  const { messages, fileIds, repoIds } = question;
  if (!isNonEmptyArray(messages) || !messages.every(isMessage))
    return refused(CODES['bad-request']);
  const hasSource =
    isNonEmptyArray(fileIds) ||
    isNonEmptyArray(repoIds) ||
    textUnder(question, 'repoId') !== undefined;
  return hasSource ? { ok: true, form: createForm(sid, options) } : refused(NO_FILE);
}

/** An HTTP answer instead of a stream; a wrong signature has documented words. */
export function refuseChatdoc(failure: Failure, detail?: string): HttpAnswer {
  const { mismatch } = CHATDOC_AUTH_ERRORS;
  if (failure === 'auth') return chatdocAnswer(mismatch.status, { message: mismatch.text });
  const { code, message } = CODES[failure];
  return chatdocAnswer(STATUS[failure], { code, message: detail ?? message });
}

const STATUS = {
  concurrency: 429,
  overloaded: 503,
  internal: 500,
  'bad-request': 400,
  'not-found': 404,
  method: 405,
  'too-large': 413,
} as const;

function createForm(sid: string, { contentType, references, frame }: ChatdocOptions): AnswerForm {
  const ok = (fields: object, status: number): string =>
    frame(JSON.stringify({ code: 0, ...fields, sid, status }));
  return {
    contentType,
    opening: () => [ok({}, 0)],
    reasoning: (text) => ok({ reasoning_content: text }, 1),
    content: (text) => ok({ content: text }, 1),
    closing: () => (references ? [ok(REFERENCES, 99)] : []),
    marker: () => ok({ content: '' }, 2),
    error: (failure) => frame(errorJson(CODES[failure], sid)),
  };
}

/** `fileRefer` is a string that holds JSON: the vendor's clients parse it twice. */
const REFERENCES = {
  fileRefer: '{"mock-file":[3,7,8]}',
  sortedFileRefer: [{ 'mock-file': [3, 7, 8] }],
} as const;

function errorJson(
  error: { readonly code: number; readonly message: string },
  sid: string,
): string {
  return JSON.stringify({ code: error.code, message: error.message, sid, status: 2 });
}

function isMessage(value: unknown): boolean {
  return textUnder(value, 'content') !== undefined;
}
