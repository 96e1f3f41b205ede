import { createHash, createHmac } from 'node:crypto';

interface Credentials {
  readonly appId: string;
  readonly apiSecret: string;
}

/** Signs on its own: the server's signer is checked by published vectors, and by this. */
export function signChatdoc({ appId, apiSecret }: Credentials, skewSeconds = 0) {
  const timestamp = String(Math.floor(Date.now() / 1000) + skewSeconds);
  const auth = createHash('md5')
    .update(appId + timestamp, 'utf8')
    .digest('hex');
  const signature = createHmac('sha1', Buffer.from(apiSecret, 'utf8'))
    .update(auth)
    .digest('base64');
  return { appId, timestamp, signature };
}

export function chatdocHeaders(credentials: Credentials): Record<string, string> {
  return signChatdoc(credentials);
}

export function chatdocQuery(credentials: Credentials): string {
  return `?${new URLSearchParams(signChatdoc(credentials))}`;
}
