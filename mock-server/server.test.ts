import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { isLocal } from './control.ts';
import { type MockOptions, type MockServer, startMockServer } from './server.ts';
import { chatdocHeaders, chatdocQuery } from './testing/chatdoc-client.ts';
import { ask } from './testing/http-client.ts';
import { openRaw, sendPost, sendWsQuestion } from './testing/raw-client.ts';
import { until } from './testing/until.ts';
import { QUESTION, talk } from './testing/ws-client.ts';

const FAST = { ttftMs: 5, chunks: 4, gapMs: 2 } as const;

let server: MockServer | undefined;
afterEach(() => server?.close());

async function start(options: MockOptions = {}): Promise<MockServer> {
  server = await startMockServer({ plan: FAST, ...options });
  return server;
}

const askPlain = ({ url }: MockServer, headers = {}) => ask(`${url}/plain/stream`, { headers });

test('the same seed and number give the same bytes, another number or seed others', async () => {
  const bodiesOf = async (seed: number): Promise<string[]> => {
    const { url } = await start({ seed, plan: { ...FAST, chunks: 20 } });
    const bodies: string[] = [];
    for (const path of ['/openapi/v2/chat', '/openapi/v2/chat', '/plain/text']) {
      bodies.push((await ask(url + path, { body: QUESTION })).body);
    }
    await server?.close();
    return bodies;
  };
  const first = await bodiesOf(1);
  expect(await bodiesOf(1)).toEqual(first);
  expect(await bodiesOf(2)).not.toEqual(first);
  expect(new Set(first).size).toBe(3);
});

test('no chunk is written before it is due, and due times do not drift', async () => {
  const mock = await start({ plan: { ttftMs: 20, chunks: 60, gapMs: 7.3 } });
  await Promise.all(Array.from({ length: 20 }, () => askPlain(mock)));
  const planned = Array.from({ length: 60 }, (_, index) => 20 + index * 7.3);
  for (const { requestAt, chunkDueMs, chunkWrittenAt, latenessMsMax } of mock.journal()) {
    expect(
      chunkDueMs.map((due, index) => Math.abs(due - (planned[index] ?? 0)) < 0.001),
    ).not.toContain(false);
    // Epoch milliseconds as doubles are 0.0003 ms apart.
    const early = chunkWrittenAt.map((at, index) => requestAt + (planned[index] ?? 0) - at);
    expect(Math.max(...early)).toBeLessThan(0.001);
    expect(Math.max(...early.map((ms) => -ms))).toBeCloseTo(latenessMsMax, 2);
  }
  const { lateness, totals } = mock.stats();
  expect(totals).toMatchObject({ streams: 20, completed: 20, chunks: 1200, open: 0 });
  expect(lateness.count).toBe(1200);
  expect(lateness.p50Ms).toBeLessThanOrEqual(lateness.p99Ms);
  expect(lateness.p99Ms).toBeLessThanOrEqual(lateness.maxMs);
});

test('a client that does not read holds up its stream, not the memory of the server', async () => {
  const plan = { ttftMs: 1, chunks: 800, gapMs: 0, chunkText: 'x'.repeat(65_536) };
  const mock = await start({ plan });
  const raw = openRaw(mock.url);
  sendPost(raw, '/plain/stream', '{}', 'slow-headers=1');
  await once(raw.socket, 'data');
  raw.socket.pause();
  let before = -1;
  await until('the server writes no more', async () => {
    const same = mock.stats().totals.chunks === before;
    before = mock.stats().totals.chunks;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return same;
  });
  expect(before).toBeLessThan(600);
  raw.socket.resume();
  await until('all of it has arrived', () => mock.stats().totals.completed === 1);
  const [entry] = mock.journal();
  expect(entry).toMatchObject({ chunks: 800, marker: true });
  expect(entry?.blockedMs).toBeGreaterThan(50);
  raw.socket.destroy();
});

test('a client that never reads is dropped after the idle limit', async () => {
  const plan = { ttftMs: 1, chunks: 800, gapMs: 0, chunkText: 'x'.repeat(65_536) };
  const mock = await start({ plan, idleLimitMs: 100 });
  const http = openRaw(mock.url);
  const ws = openRaw(mock.url);
  http.socket.pause();
  ws.socket.pause();
  sendPost(http, '/plain/stream', '{}', 'slow-headers=1');
  sendWsQuestion(ws, '/openapi/chat', QUESTION);
  await until('both are dropped', () => mock.journal().length === 2);
  for (const entry of mock.journal()) {
    expect(entry).toMatchObject({ endedBy: 'idle-limit', marker: false });
    expect(entry.blockedMs).toBeGreaterThanOrEqual(100);
    expect(entry.chunks).toBeLessThan(800);
  }
  http.socket.destroy();
  ws.socket.destroy();
});

test('close ends open streams of all kinds within two seconds, and the journal says so', async () => {
  const mock = await start({ plan: { ttftMs: 1, chunks: 2, gapMs: 600_000 } });
  const streams = Promise.allSettled([
    ...Array.from({ length: 50 }, () => askPlain(mock)),
    ...Array.from({ length: 50 }, () => talk(`${mock.wsUrl}/openapi/chat`, { message: QUESTION })),
    ask(`${mock.url}/plain/stream?fault=stall`),
    ask(`${mock.url}/plain/stream?fault=slow-headers=600000`),
    talk(`${mock.wsUrl}/openapi/chat`, {}),
  ]);
  await until('all are open', () => mock.stats().totals.open === 102);
  const startedAt = performance.now();
  await mock.close();
  expect(performance.now() - startedAt).toBeLessThan(2000);
  await streams;
  expect(mock.journal()).toHaveLength(102);
  expect(new Set(mock.journal().map((entry) => entry.endedBy))).toEqual(new Set(['shutdown']));
  expect(mock.stats().totals.open).toBe(0);
  await mock.close();
});

test('a reset starts numbers, counters and journal again; what is open goes on uncounted', async () => {
  const mock = await start();
  const before = await askPlain(mock);
  const open = ask(`${mock.url}/plain/stream?fault=slow-headers=100`);
  await until('it is open', () => mock.stats().totals.open === 1);
  expect(await ask(`${mock.url}/__mock/reset`)).toMatchObject({ status: 200 });
  expect(mock.journal()).toEqual([]);
  expect((await askPlain(mock)).body).toBe(before.body);
  await open;
  expect(mock.journal().map((entry) => entry.n)).toEqual([1]);
  const { totals, accounts } = mock.stats();
  expect(totals).toMatchObject({ streams: 1, completed: 1, open: 0, faults: 0 });
  expect(accounts[0]).toMatchObject({ open: 0, admitted: 1, completed: 1 });
});

test('stats over HTTP are those of the handle', async () => {
  const mock = await start();
  await askPlain(mock);
  const seen = await ask(`${mock.url}/__mock/stats`, { method: 'GET', body: '' });
  const { connections, ...totals } = mock.stats().totals;
  expect(JSON.parse(seen.body)).toMatchObject({ totals, lateness: mock.stats().lateness });
  expect(connections).toBe(2);
});

test.each(['example.com', 'localhost.example.com', '127.0.0.1.example.com', '192.168.0.1'])(
  'the control paths are closed to the host %j',
  async (host) => {
    const mock = await start();
    const headers = { host };
    const options = { method: 'GET', body: '', headers };
    expect((await ask(`${mock.url}/__mock/stats`, options)).status).toBe(403);
    expect((await ask(`${mock.url}/__mock/reset`, { headers })).status).toBe(403);
  },
);

test.each([
  ['127.0.0.1', '127.0.0.1:80', true],
  ['::1', '[::1]:80', true],
  ['::ffff:127.0.0.1', 'localhost:80', true],
  ['127.8.8.8', 'LOCALHOST', true],
  ['192.168.0.7', 'localhost:80', false],
  ['::ffff:10.0.0.1', '127.0.0.1', false],
  ['127.0.0.1', 'weir.example:80', false],
  ['127.0.0.1', '', false],
  [undefined, 'localhost', false],
])('peer %s asking for host %s: %s', (remoteAddress, host, local) => {
  expect(isLocal({ headers: { host }, socket: { remoteAddress } })).toBe(local);
});

test('what is not there is a JSON error, over WebSocket too', async () => {
  const mock = await start();
  const seen = await ask(`${mock.url}/nowhere`);
  expect([seen.status, JSON.parse(seen.body).error.code]).toEqual([404, 'not_found']);
  expect((await talk(`${mock.wsUrl}/nowhere`, {})).status).toBe(404);
  const plain = await ask(`${mock.url}/openapi/chat`, { method: 'GET', body: '' });
  expect(plain.status).toBe(400);
});

test('request ids are kept, but only safe characters of them', async () => {
  const mock = await start();
  const ids = ['run-1_a.b', '<b>x</b> 1', '/'.repeat(9), 'y'.repeat(99)];
  for (const id of ids) await askPlain(mock, { 'x-request-id': id });
  const headers = { 'x-request-id': 'over-ws' };
  await talk(`${mock.wsUrl}/openapi/chat`, { headers, message: QUESTION });
  await until('all are written down', () => mock.journal().length === 5);
  expect(mock.journal().map((entry) => entry.streamId)).toEqual([
    'run-1_a.b',
    'bxb1',
    undefined,
    'y'.repeat(64),
    'over-ws',
  ]);
});

test('neither journal nor counters hold a key, a prompt, an answer or a query', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-canary-'));
  const journalFile = join(folder, 'journal.ndjson');
  const secret = 'canary-5d1f';
  const account = {
    ...{ id: 'a1', concurrency: 1, appId: `app-${secret}`, apiSecret: secret, apiKey: secret },
    ...{ username: secret, password: secret },
  };
  const mock = await start({
    journalFile,
    accounts: [account],
    plan: { ...FAST, chunkText: secret },
  });
  const body = {
    fileIds: [secret],
    messages: [{ role: secret, content: secret }],
    question: secret,
  };
  const headers = { ...chatdocHeaders(account), authorization: `Bearer ${secret}` };
  const paths = ['/openapi/v2/chat', '/v1/chat/completions', '/plain/stream', '/plain/text'];
  for (const path of paths) {
    for (const fault of ['', 'rst', 'in-band-error', 'auth', secret]) {
      const url = `${mock.url}${path}?key=${secret}${fault && `&fault=${fault}`}`;
      await ask(url, { body: { ...body, stream: true }, headers }).catch(() => undefined);
    }
    await ask(mock.url + path, { body: secret, headers: { authorization: secret } });
  }
  const query = chatdocQuery(account);
  const message = JSON.stringify(body);
  await talk(`${mock.wsUrl}/openapi/chat${query}`, { message });
  await talk(`${mock.wsUrl}/openapi/chat?appId=${secret}`, {});
  const login = await ask(`${mock.url}/login`, { body: { user: secret, password: secret } });
  const { token } = JSON.parse(login.body).data;
  await ask(`${mock.url}/conversations/${'x'.repeat(300)}/stream`, {
    headers: { authorization: `Bearer ${token}` },
    body,
  });
  const shown = JSON.stringify([mock.stats(), mock.journal()]);
  await mock.close();
  const written = readFileSync(journalFile, 'utf8');
  rmSync(folder, { recursive: true });
  expect(written.split('\n').length).toBe(mock.journal().length + 1);
  expect(mock.journal().length).toBeGreaterThan(25);
  for (const text of [shown, written]) {
    for (const hidden of [secret, token, query.slice(-12)]) expect(text).not.toContain(hidden);
  }
});
