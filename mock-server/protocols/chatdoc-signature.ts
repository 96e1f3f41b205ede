import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Account } from '../accounts/account.ts';
import type { AccountRegistry } from '../accounts/registry.ts';
import type { HttpAnswer } from '../streams/answer-form.ts';
import type { Checked } from '../transport/protocol.ts';

/**
 * iFlytek ChatDoc signs appId and time, the same way for WebSocket and HTTP:
 * base64(HMAC-SHA1(apiSecret, lower-case hex of MD5(appId + timestamp))).
 *
 * @see https://www.xfyun.cn/doc/spark/ChatDoc-API.html
 */
export function chatdocSignature(apiSecret: string, appId: string, timestamp: string): string {
  return createHmac('sha1', apiSecret).update(chatdocAuth(appId, timestamp)).digest('base64');
}

export function chatdocAuth(appId: string, timestamp: string): string {
  return createHash('md5').update(`${appId}${timestamp}`).digest('hex');
}

export interface ChatdocCredentials {
  readonly appId: string | undefined;
  /** Unix seconds, as decimal text. */
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
}

/** The documented statuses and texts. The form of the body is not documented: JSON is our guess. */
export const CHATDOC_AUTH_ERRORS = {
  missing: { status: 401, text: 'Invalid Param, Please check header' },
  unparsable: { status: 401, text: 'Signature cannot be verified' },
  mismatch: { status: 401, text: 'Signature required' },
  skew: { status: 403, text: 'Invalid time or time required' },
  unknown: { status: 405, text: 'Invalid Signature' },
} as const;

const MAX_SKEW_MS = 5 * 60_000;
const BASE64_SHA1 = /^[A-Za-z0-9+/]{27}=$/;

/** Missing, unreadable, stale, unknown, wrong: in this order, which is not documented either. */
export function identifyBySignature(
  accounts: AccountRegistry,
  { appId, timestamp, signature }: ChatdocCredentials,
  now: number,
): Checked<Account> {
  if (accounts.open !== undefined) return { ok: true, value: accounts.open };
  if (!appId || !timestamp || !signature) return refused('missing');
  if (!/^[0-9]{1,12}$/.test(timestamp) || !BASE64_SHA1.test(signature))
    return refused('unparsable');
  if (Math.abs(Number(timestamp) * 1000 - now) > MAX_SKEW_MS) return refused('skew');
  const found = accounts.byAppId(appId);
  if (found === undefined) return refused('unknown');
  const expected = Buffer.from(chatdocSignature(found.apiSecret, appId, timestamp));
  if (!timingSafeEqual(expected, Buffer.from(signature))) return refused('mismatch');
  return { ok: true, value: found.account };
}

function refused(reason: keyof typeof CHATDOC_AUTH_ERRORS): Checked<Account> {
  const { status, text } = CHATDOC_AUTH_ERRORS[reason];
  return { ok: false, answer: chatdocAnswer(status, { message: text }) };
}

export function chatdocAnswer(status: number, body: object): HttpAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(body) };
}
