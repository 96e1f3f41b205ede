import { ConfigError } from '../lib/config/config-error.ts';
import { chatdocUrl, signChatdoc } from '../lib/signing/chatdoc.ts';
import { nodeDigest } from './digest.ts';

export interface SignOptions {
  readonly appId: string;
  /** Unix seconds; now when absent. */
  readonly timestamp?: string;
  readonly url: string;
}

/**
 * Every stage of a ChatDoc signature, to hold against the vendor's page or a server's log. The secret
 * comes from WEIR_API_SECRET, never from an argument: those are visible to the whole machine.
 */
export function describeSignature(options: SignOptions, now: Date): string {
  const apiSecret = process.env['WEIR_API_SECRET'];
  if (!apiSecret) {
    throw new ConfigError(
      'WEIR_API_SECRET',
      'must hold the API secret; export it first',
      'nothing',
    );
  }
  const { timestamp = String(Math.floor(now.getTime() / 1000)) } = options;
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new ConfigError('--timestamp', 'must be Unix seconds', JSON.stringify(timestamp));
  }
  const credentials = { appId: options.appId, apiSecret };
  const signed = signChatdoc(nodeDigest, credentials, Number(timestamp) * 1000);
  return [
    `appId      ${signed.appId}`,
    `timestamp  ${signed.timestamp}`,
    `auth       ${signed.auth}   MD5(appId + timestamp)`,
    `signature  ${signed.signature}   base64(HMAC-SHA1(*** , auth))`,
    `url        ${chatdocUrl(options.url, signed)}`,
    '',
  ].join('\n');
}
