import { afterEach, expect, test } from 'vitest';
import type { AccountOptions, MockOptions } from '../mock-options.ts';
import { type JournalEntry, type MockServer, startMockServer } from '../server.ts';
import { chatdocHeaders, chatdocQuery } from '../testing/chatdoc-client.ts';
import { ask } from '../testing/http-client.ts';
import { until } from '../testing/until.ts';
import { QUESTION, talk } from '../testing/ws-client.ts';

const ACCOUNT = { id: 'a1', concurrency: 3, appId: 'app', apiSecret: 's3cret', apiKey: 'key' };
const PLAN = { ttftMs: [5, 15], chunks: [2, 6], gapMs: [1, 4] } as const;

let server: MockServer;
afterEach(() => server.close());

async function start(change: Partial<AccountOptions>, options: MockOptions = {}) {
  server = await startMockServer({ plan: PLAN, accounts: [{ ...ACCOUNT, ...change }], ...options });
}

const talkChatdoc = () =>
  talk(`${server.wsUrl}/openapi/chat${chatdocQuery(ACCOUNT)}`, { message: QUESTION });

const askChatdoc = () =>
  ask(`${server.url}/openapi/v2/chat`, { body: QUESTION, headers: chatdocHeaders(ACCOUNT) });

const askOpenAi = () =>
  ask(`${server.url}/v1/chat/completions`, {
    headers: { authorization: 'Bearer key' },
    body: { stream: true, messages: [{ role: 'user', content: 'hello' }] },
  });

/** How many slots were taken at the moment each stream got in, itself included. */
function takenAtEachStart(journal: readonly JournalEntry[]): readonly number[] {
  const admitted = journal.filter((entry) => entry.admitted);
  return admitted.map(({ requestAt }) => {
    const others = admitted.filter(
      (other) => other.requestAt <= requestAt && requestAt < (other.slotFreeAt ?? Infinity),
    );
    return others.length;
  });
}

test.each([0, 20])(
  'of 200 parallel clients never more than 3 are in; release lag %i ms',
  async (lag) => {
    await start({ releaseLagMs: lag });
    // Each asks again until it got an answer, so that slots are fought for all the time.
    const insist = async (once: () => Promise<boolean>): Promise<number> => {
      for (let tries = 1; tries <= 3; tries += 1) if (await once()) return tries;
      return 3;
    };
    const overWs = async () => (await talkChatdoc()).frames.length > 1;
    const overHttp = async () => (await askOpenAi()).status === 200;
    const tries = await Promise.all(
      Array.from({ length: 200 }, (_, n) => insist(n % 2 === 0 ? overWs : overHttp)),
    );
    const total = tries.reduce((sum, count) => sum + count, 0);
    await until('all streams are over', () => server.stats().totals.open === 0);
    const journal = server.journal();
    const [stats] = server.stats().accounts;
    expect(Math.max(...takenAtEachStart(journal))).toBe(3);
    expect(stats?.peakOpen).toBe(3);
    expect(stats?.admitted).toBe(journal.filter((entry) => entry.admitted).length);
    expect((stats?.admitted ?? 0) + (stats?.refusedConcurrency ?? 0)).toBe(total);
    expect(journal).toHaveLength(total);
  },
);

test('nobody is refused while a slot is free: three at a time, wave after wave', async () => {
  await start({});
  for (let wave = 0; wave < 10; wave += 1) {
    await Promise.all([talkChatdoc(), askChatdoc(), askOpenAi()]);
  }
  expect(server.stats().accounts[0]).toMatchObject({ admitted: 30, refusedConcurrency: 0 });
});

test('the slot comes free releaseLagMs after the stream has ended', async () => {
  await start({ concurrency: 1, releaseLagMs: 120 });
  await askOpenAi();
  await until('the slot is free', async () => (await askOpenAi()).status === 200);
  const [first, ...later] = server.journal();
  const slotFreeAt = first?.slotFreeAt ?? 0;
  expect(slotFreeAt - (first?.endedAt ?? 0)).toBeCloseTo(120, 3);
  expect(later.length).toBeGreaterThan(1);
  for (const { requestAt, admitted } of later) expect(admitted).toBe(requestAt >= slotFreeAt);
});

test('a client that leaves gives its slot back', async () => {
  await start({ concurrency: 1 }, { plan: { ttftMs: 1, chunks: 5000, gapMs: 10 } });
  await ask(`${server.url}/v1/chat/completions`, {
    headers: { authorization: 'Bearer key' },
    body: { stream: true, messages: [{ role: 'user', content: 'hello' }] },
    onData: (response) => response.destroy(),
  });
  await until('it is noticed', () => server.journal()[0]?.endedBy === 'client');
  await talk(`${server.wsUrl}/openapi/chat${chatdocQuery(ACCOUNT)}`, {
    message: QUESTION,
    onFrame: (_frame, socket) => socket.close(1000),
  });
  await until('that too', () => server.journal()[1]?.endedBy === 'client');
  expect(server.stats().accounts[0]).toMatchObject({ open: 0, admitted: 2, completed: 0 });
});

test('each protocol refuses in its own way', async () => {
  await start({ concurrency: 0 });
  const heard = await talkChatdoc();
  expect(heard).toMatchObject({
    status: 101,
    frames: [{ code: 11203, message: '并发量不足', status: 2 }],
  });
  expect(heard.frames[0]?.['sid']).toMatch(/^[0-9a-f]{32}$/);
  const sse = await askChatdoc();
  expect(sse.status).toBe(200);
  expect(JSON.parse(sse.body.replace('data: ', ''))).toMatchObject({ code: 11203, status: 2 });
  const openAi = await askOpenAi();
  expect(openAi).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
  expect(JSON.parse(openAi.body)).toMatchObject({
    error: {
      message: expect.stringContaining('concurrent'),
      type: 'rate_limit_error',
      code: 'concurrency_limit_exceeded',
    },
  });
});

test('an account can have it the other way round', async () => {
  await start({ concurrency: 0, refuse: 'http' });
  const heard = await talkChatdoc();
  expect(heard).toMatchObject({ status: 429, frames: [] });
  expect(JSON.parse(heard.body)).toMatchObject({ code: 11203, message: '并发量不足' });
  expect((await askChatdoc()).status).toBe(429);
  await server.close();
  await start({ concurrency: 0, refuse: 'in-stream' });
  const openAi = await askOpenAi();
  expect(openAi.status).toBe(200);
  expect(JSON.parse(openAi.body.replace('data: ', ''))).toMatchObject({
    error: { code: 'concurrency_limit_exceeded' },
  });
});

test('with refusal at the handshake an open WebSocket holds its slot before it asks', async () => {
  await start({ concurrency: 1, refuse: 'http' });
  const url = `${server.wsUrl}/openapi/chat${chatdocQuery(ACCOUNT)}`;
  const leave = new AbortController();
  const silent = talk(url, { leave: leave.signal });
  await until('it is in', () => server.stats().accounts[0]?.open === 1);
  expect((await talk(url, { message: QUESTION })).status).toBe(429);
  leave.abort();
  await silent;
  await until('it is out', () => server.stats().accounts[0]?.open === 0);
  expect((await talk(url, { message: QUESTION })).frames.at(-1)).toMatchObject({
    code: 0,
    status: 2,
  });
  expect(server.stats().accounts[0]).toMatchObject({ open: 0, completed: 1 });
});

test('a WebSocket that was refused is closed by the server when the client waits', async () => {
  await start({ concurrency: 0 }, { closeAfterMs: 30 });
  const url = `${server.wsUrl}/openapi/chat${chatdocQuery(ACCOUNT)}`;
  const heard = await talk(url, { message: QUESTION, onFrame: () => undefined });
  expect(heard).toMatchObject({ closeCode: 1000, frames: [{ code: 11203 }] });
});

test('spurious refusals look the same and are told apart in the journal', async () => {
  await start({ concurrency: 100, spuriousRefusal: 0.5 });
  const codes: unknown[] = [];
  for (let n = 0; n < 30; n += 1) codes.push((await talkChatdoc()).frames.at(-1)?.['code']);
  expect(new Set(codes)).toEqual(new Set([0, 11203]));
  const refused = codes.filter((code) => code === 11203).length;
  expect(server.stats().accounts[0]).toMatchObject({
    refusedSpurious: refused,
    refusedConcurrency: 0,
    admitted: 30 - refused,
  });
  const reasons = server.journal().map((entry) => entry.refused);
  expect(reasons).toEqual(codes.map((code) => (code === 0 ? undefined : 'spurious')));
});
