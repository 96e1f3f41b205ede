import type { Outcome } from '../stream/outcome.ts';
import type { StreamError } from '../stream/record.ts';

/**
 * Codes of iFlytek's ChatDoc and, as a fallback, of its Spark layer, which may shine through.
 * ChatDoc documents no code for "too many at once"; the text 并发量不足 is what users report.
 * @see https://www.xfyun.cn/doc/spark/ChatDoc-API.html
 * @see https://www.xfyun.cn/doc/spark/Web.html
 */
const CODES: Readonly<Record<string, Outcome>> = {
  '10013': 'moderated',
  '10014': 'moderated',
  '10019': 'moderated',
  '10021': 'moderated',
  '60001': 'bad-request',
  '60002': 'bad-request',
  '60003': 'bad-request',
  '60005': 'bad-request',
  '60011': 'bad-request',
  '60012': 'bad-request',
  '60014': 'bad-request',
  '62001': 'no-hit',
  '66001': 'quota-exhausted',
  '68003': 'rate-limited',
  '99999': 'server-error',
  '-1': 'not-ready',
  '10003': 'bad-request',
  '10004': 'bad-request',
  '10005': 'bad-request',
  '10163': 'bad-request',
  '10907': 'bad-request',
  '10006': 'concurrency-limited',
  '10007': 'concurrency-limited',
  '11203': 'concurrency-limited',
  '10008': 'overloaded',
  '10110': 'overloaded',
  '10222': 'overloaded',
  '10223': 'overloaded',
  '10009': 'server-error',
  '10010': 'server-error',
  '10011': 'server-error',
  '10012': 'server-error',
  '10015': 'auth-failed',
  '11200': 'quota-exhausted',
  '11201': 'quota-exhausted',
  '11202': 'rate-limited',
  '11210': 'rate-limited',
};

/** Handshake and header refusals, by the vendor's own sentences. */
const MESSAGES: readonly (readonly [RegExp, Outcome])[] = [
  [/invalid time|time required|valid date/i, 'clock-skew'],
  [/并发量不足|concurren/i, 'concurrency-limited'],
  [/licc limit|quota|balance|余量|余额/i, 'quota-exhausted'],
];

export function classifyIflytek(error: StreamError): Outcome | undefined {
  const message = error.message ?? '';
  const byMessage = MESSAGES.find(([pattern]) => pattern.test(message))?.[1];
  // 10016 bundles authorisation, volume and concurrency: only its message tells.
  if (error.code === '10016') return byMessage ?? 'auth-failed';
  return (error.code === undefined ? undefined : CODES[error.code]) ?? byMessage;
}
