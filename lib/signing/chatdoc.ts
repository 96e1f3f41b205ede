import type { Digest } from './digest.ts';

/**
 * iFlytek ChatDoc's signature, each step by its own name. It ages out after 300 s: sign per
 * connection, at the moment of use.
 * @see https://www.xfyun.cn/doc/spark/ChatDoc-API.html
 */
export interface ChatdocSignature {
  readonly appId: string;
  /** Unix seconds, decimal. */
  readonly timestamp: string;
  /** Lower-case hex MD5 over appId and timestamp. */
  readonly auth: string;
  /** Base64 HMAC-SHA1 over the 32 characters of `auth`; may hold `+`, `/` and `=`. */
  readonly signature: string;
}

export interface ChatdocCredentials {
  readonly appId: string;
  readonly apiSecret: string;
}

export function chatdocTimestamp(epochMs: number): string {
  return String(Math.floor(epochMs / 1000));
}

export function chatdocAuth(digest: Digest, appId: string, timestamp: string): string {
  return digest.md5Hex(appId + timestamp);
}

export function signChatdoc(
  digest: Digest,
  { appId, apiSecret }: ChatdocCredentials,
  epochMs: number,
): ChatdocSignature {
  const timestamp = chatdocTimestamp(epochMs);
  const auth = chatdocAuth(digest, appId, timestamp);
  return { appId, timestamp, auth, signature: digest.hmacSha1Base64(apiSecret, auth) };
}

/**
 * `raw` leaves `+`, `/` and `=` as they are, as the vendor's own Python demo does; the Java SDK
 * encodes. RFC 3986 is on the side of `encoded`: a raw `+` may be read as a space.
 */
export type SignatureEncoding = 'encoded' | 'raw';

/** Appends `appId`, `timestamp` and `signature` to a WebSocket URL. */
export function chatdocUrl(
  url: string,
  { appId, timestamp, signature }: ChatdocSignature,
  encoding: SignatureEncoding = 'encoded',
): string {
  const value = encoding === 'encoded' ? encodeURIComponent(signature) : signature;
  const separator = url.includes('?') ? '&' : '?';
  return `${url}${separator}appId=${encodeURIComponent(appId)}&timestamp=${timestamp}&signature=${value}`;
}

export function chatdocHeaders(signed: ChatdocSignature): Readonly<Record<string, string>> {
  return { appId: signed.appId, timestamp: signed.timestamp, signature: signed.signature };
}
