/** The hash functions a signature needs, from k6/crypto in k6 and from crypto-js in Node. */
export interface Digest {
  /** 32 lower-case hex characters. */
  md5Hex(text: string): string;
  /** RFC 4648 base64 with padding. Key and message are taken as UTF-8. */
  hmacSha1Base64(key: string, message: string): string;
}
