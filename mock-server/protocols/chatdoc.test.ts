import { afterEach, expect, test } from 'vitest';
import type { MockOptions } from '../mock-options.ts';
import { type MockServer, startMockServer } from '../server.ts';
import { chatdocQuery, signChatdoc } from '../testing/chatdoc-client.ts';
import { ask, jsonEventsOf } from '../testing/http-client.ts';
import { QUESTION, talk } from '../testing/ws-client.ts';
import { chatdocAuth, chatdocSignature } from './chatdoc-signature.ts';

const ACCOUNT = { id: 'a1', concurrency: 9, appId: 'app1', apiSecret: 'made-up' };
const PLAN = { ttftMs: 5, chunks: 2, gapMs: 2, chunkText: '好' } as const;

let server: MockServer | undefined;
afterEach(() => server?.close());

async function start(options: MockOptions = {}): Promise<MockServer> {
  server = await startMockServer({ plan: PLAN, accounts: [ACCOUNT], ...options });
  return server;
}

test.each([
  {
    source: 'published by the vendor for RTASR, which signs the same way',
    appId: '595f23df',
    timestamp: '1512041814',
    apiSecret: 'd9f4aa7ea6d94faca62cd88a28fd5234',
    auth: '0829d4012497c14a30e7e72aeebe565e',
    signature: 'IrrzsJeOFk1NGfJHW6SkHUoN9CU=',
  },
  {
    source: 'made up: + / and = in the signature',
    appId: 'testapp0',
    timestamp: '1700000000',
    apiSecret: '0123456789abcdef0123456789abcdef',
    auth: 'aeb9af16fcba581c73af02f106f1e8b0',
    signature: 'EUD/4c3f+73MYfvoGZlbB9IuDKM=',
  },
])('signs the vector $source', ({ appId, timestamp, apiSecret, auth, signature }) => {
  expect(chatdocAuth(appId, timestamp)).toBe(auth);
  expect(chatdocSignature(apiSecret, appId, timestamp)).toBe(signature);
});

const FRAMES = [
  { code: 0, status: 0 },
  { code: 0, status: 1, content: '好' },
  { code: 0, status: 1, content: '好' },
  { code: 0, status: 99, fileRefer: expect.any(String) },
  { code: 0, status: 2, content: '' },
];

test('over WebSocket: status 0, content, references, status 2; one sid', async () => {
  const { wsUrl } = await start();
  const heard = await talk(`${wsUrl}/openapi/chat${chatdocQuery(ACCOUNT)}`, { message: QUESTION });
  expect(heard.frames).toMatchObject(FRAMES);
  expect(heard.frames[0]).not.toHaveProperty('content');
  expect(new Set(heard.frames.map((frame) => frame['sid'])).size).toBe(1);
  expect(heard.closeCode).toBe(1000);
});

test.each(['timestamp', 'timeStamp'])('over SSE, with the header %s', async (name) => {
  const { url } = await start();
  const { appId, timestamp, signature } = signChatdoc(ACCOUNT);
  const headers = { appId, signature, [name]: timestamp };
  const seen = await ask(`${url}/openapi/v2/chat`, { body: QUESTION, headers });
  expect(seen).toMatchObject({ status: 200, ended: 'end' });
  expect(seen.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  expect(jsonEventsOf(seen.body)).toMatchObject(FRAMES);
});

test('reasoning comes before content, in its own field; references can be left out', async () => {
  const { wsUrl } = await start({ references: false, plan: { ...PLAN, reasoningChunks: 1 } });
  const heard = await talk(`${wsUrl}/openapi/chat${chatdocQuery(ACCOUNT)}`, { message: QUESTION });
  expect(heard.frames.map(({ code, sid, ...rest }) => rest)).toEqual([
    { status: 0 },
    { reasoning_content: '好', status: 1 },
    { content: '好', status: 1 },
    { content: '好', status: 1 },
    { content: '', status: 2 },
  ]);
});

test.each([
  ['percent-encoded', encodeURIComponent],
  ['raw, plus and slash included', (text: string) => text],
])('the signature may be %s', async (_name, encode) => {
  const { wsUrl } = await start();
  const heard: number[] = [];
  // Enough times to meet both signs in a signature.
  for (let skew = 0; skew < 30; skew += 1) {
    const { appId, timestamp, signature } = signChatdoc(ACCOUNT, skew);
    const query = `?appId=${appId}&timestamp=${timestamp}&signature=${encode(signature)}`;
    heard.push((await talk(`${wsUrl}/openapi/chat${query}`, { message: QUESTION })).frames.length);
  }
  expect(new Set(heard)).toEqual(new Set([FRAMES.length]));
});

const SIGNED = signChatdoc(ACCOUNT);
const WRONG = signChatdoc({ ...ACCOUNT, apiSecret: 'other' });
const UNKNOWN = signChatdoc({ ...ACCOUNT, appId: 'nobody' });
const REFUSALS = [
  ['no parameters', {}, 401, 'Invalid Param, Please check header'],
  ['no signature', { ...SIGNED, signature: '' }, 401, 'Invalid Param, Please check header'],
  [
    'a time that is no number',
    { ...SIGNED, timestamp: 'now' },
    401,
    'Signature cannot be verified',
  ],
  [
    'a signature that is no base64',
    { ...SIGNED, signature: '!' },
    401,
    'Signature cannot be verified',
  ],
  ['a wrong signature', WRONG, 401, 'Signature required'],
  ['an unknown appId', UNKNOWN, 405, 'Invalid Signature'],
  ['a clock 301 s slow', signChatdoc(ACCOUNT, -302), 403, 'Invalid time or time required'],
  ['a clock 301 s fast', signChatdoc(ACCOUNT, 320), 403, 'Invalid time or time required'],
] as const;

test.each(REFUSALS)('%s is refused before any stream', async (_name, given, status, text) => {
  const { url, wsUrl } = await start();
  const heard = await talk(`${wsUrl}/openapi/chat?${new URLSearchParams(given)}`, {});
  expect(heard).toMatchObject({ status, frames: [] });
  expect(JSON.parse(heard.body)).toEqual({ message: text });
  const seen = await ask(`${url}/openapi/v2/chat`, { body: QUESTION, headers: { ...given } });
  expect([seen.status, seen.body]).toEqual([status, heard.body]);
  expect(server?.stats().totals).toMatchObject({ refused: 2, authFailures: 2 });
  expect(server?.journal()).toMatchObject([{ refused: 'auth' }, { refused: 'auth' }]);
});

test.each([-290, 290])('a clock %i s off is let in', async (skew) => {
  const { wsUrl } = await start();
  const query = new URLSearchParams(signChatdoc(ACCOUNT, skew));
  const heard = await talk(`${wsUrl}/openapi/chat?${query}`, { message: QUESTION });
  expect(heard.status).toBe(101);
});

const MESSAGES = [{ role: 'user', content: 'hello' }];
test.each([
  ['no JSON', '{"messages":', 10003],
  ['an array', '[]', 10003],
  ['no messages', JSON.stringify({ fileIds: ['f'] }), 10003],
  ['empty messages', JSON.stringify({ fileIds: ['f'], messages: [] }), 10003],
  ['a message without content', JSON.stringify({ fileIds: ['f'], messages: [{}] }), 10003],
  ['no files', JSON.stringify({ messages: MESSAGES }), 60014],
  ['an empty list of files', JSON.stringify({ messages: MESSAGES, fileIds: [] }), 60014],
])('%s: error %i in the stream', async (_name, message, code) => {
  const { url, wsUrl } = await start({ closeAfterMs: 20 });
  const target = `${wsUrl}/openapi/chat${chatdocQuery(ACCOUNT)}`;
  const heard = await talk(target, { message, onFrame: () => undefined });
  expect(heard).toMatchObject({ closeCode: 1000, frames: [{ code, status: 2 }] });
  const headers = signChatdoc(ACCOUNT);
  const seen = await ask(`${url}/openapi/v2/chat`, { body: message, headers });
  expect(seen.status).toBe(200);
  expect(jsonEventsOf(seen.body)).toMatchObject([{ code, status: 2 }]);
  expect(server?.journal()).toMatchObject([{ refused: 'bad-request' }, { refused: 'bad-request' }]);
});

test.each([{ repoIds: ['r'] }, { repoId: 'r' }])('%j will do in place of files', async (source) => {
  const { wsUrl } = await start();
  const message = JSON.stringify({ messages: MESSAGES, ...source });
  const heard = await talk(`${wsUrl}/openapi/chat${chatdocQuery(ACCOUNT)}`, { message });
  expect(heard.frames.at(-1)).toMatchObject({ code: 0, status: 2 });
});

test('after status 2 the server waits for the client, then closes by itself', async () => {
  const { wsUrl } = await start({ closeAfterMs: 50 });
  const heard = await talk(`${wsUrl}/openapi/chat${chatdocQuery(ACCOUNT)}`, {
    message: QUESTION,
    onFrame: () => undefined,
  });
  expect(heard.closeCode).toBe(1000);
  expect(heard.frames).toHaveLength(FRAMES.length);
});

test('a second question on one connection is against the rules', async () => {
  const { wsUrl } = await start();
  const heard = await talk(`${wsUrl}/openapi/chat${chatdocQuery(ACCOUNT)}`, {
    message: QUESTION,
    onFrame: (_frame, socket) => socket.send(QUESTION),
  });
  expect(heard.closeCode).toBe(1008);
});

test('a WebSocket that never asks is closed after the idle limit', async () => {
  const { wsUrl } = await start({ idleLimitMs: 50 });
  const heard = await talk(`${wsUrl}/openapi/chat${chatdocQuery(ACCOUNT)}`, {});
  expect(heard).toMatchObject({ status: 101, closeCode: 1000, frames: [] });
});

test('a message over the limit is answered with close code 1009', async () => {
  const { wsUrl } = await start({ bodyLimitBytes: 1000 });
  const message = 'x'.repeat(1001);
  const heard = await talk(`${wsUrl}/openapi/chat${chatdocQuery(ACCOUNT)}`, { message });
  expect(heard.closeCode).toBe(1009);
});

test('without accounts nothing is checked', async () => {
  server = await startMockServer({ plan: PLAN });
  const heard = await talk(`${server.wsUrl}/openapi/chat`, { message: QUESTION });
  expect(heard.frames.at(-1)).toMatchObject({ code: 0, status: 2 });
});
