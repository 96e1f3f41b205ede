import Base64 from 'crypto-js/enc-base64.js';
import hmacSha1 from 'crypto-js/hmac-sha1.js';
import md5 from 'crypto-js/md5.js';
import type { Digest } from '../lib/signing/digest.ts';

/** crypto-js in Node; in k6 lib/k6/digest.ts does the same some hundred times faster. */
export const nodeDigest: Digest = {
  md5Hex: (text) => md5(text).toString(),
  hmacSha1Base64: (key, message) => Base64.stringify(hmacSha1(message, key)),
};
