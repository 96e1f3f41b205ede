import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeDigest } from '../../cli/digest.ts';
import vectors from '../../test/vectors/chatdoc-signature.json' with { type: 'json' };
import { chatdocAuth, chatdocHeaders, chatdocUrl, signChatdoc } from './chatdoc.ts';
import type { Digest } from './digest.ts';

/** A second opinion on crypto-js. */
const nodeCrypto: Digest = {
  md5Hex: (text) => createHash('md5').update(text).digest('hex'),
  hmacSha1Base64: (key, message) => createHmac('sha1', key).update(message).digest('base64'),
};

describe.each([
  ['crypto-js', nodeDigest],
  ['node:crypto', nodeCrypto],
])('with %s', (_, digest) => {
  test.each(vectors)('$name', (vector) => {
    const epochMs = Number(vector.timestamp) * 1000 + 999;
    expect(chatdocAuth(digest, vector.appId, vector.timestamp)).toBe(vector.auth);
    const signed = signChatdoc(digest, vector, epochMs);
    const { appId, timestamp, auth, signature } = vector;
    expect(signed).toEqual({ appId, timestamp, auth, signature });
    expect(chatdocUrl('wss://chat.example/openapi/chat', signed)).toBe(vector.encodedUrl);
    expect(chatdocUrl('wss://chat.example/openapi/chat', signed, 'raw')).toBe(vector.rawUrl);
    expect(chatdocHeaders(signed)).toEqual({ appId, timestamp, signature });
  });
});

test('crypto-js and node:crypto agree on any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (key, text) => {
      expect(nodeDigest.md5Hex(text)).toBe(nodeCrypto.md5Hex(text));
      expect(nodeDigest.hmacSha1Base64(key, text)).toBe(nodeCrypto.hmacSha1Base64(key, text));
    }),
  );
});

test('a URL that has a query already is continued', () => {
  const signed = { appId: 'a b', timestamp: '1', auth: '', signature: 'x' };
  expect(chatdocUrl('ws://h/p?q=1', signed)).toBe(
    'ws://h/p?q=1&appId=a%20b&timestamp=1&signature=x',
  );
});
