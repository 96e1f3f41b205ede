import { afterEach, expect, test } from 'vitest';
import { type MockServer, startMockServer } from '../server.ts';
import { ask, eventsOf, type Seen } from '../testing/http-client.ts';
import {
  openRaw,
  type RawConnection,
  sendClose,
  sendPost,
  sendWsQuestion,
} from '../testing/raw-client.ts';
import { until } from '../testing/until.ts';
import { type Heard, QUESTION, talk } from '../testing/ws-client.ts';

const PLAN = { ttftMs: 5, chunks: 6, gapMs: 3, chunkText: 'x' } as const;
const OPENAI = { stream: true, messages: [{ role: 'user', content: 'hello' }] };

let server: MockServer;
afterEach(() => server.close());

async function start(closeAfterMs = 1000): Promise<void> {
  server = await startMockServer({ plan: PLAN, closeAfterMs });
}

const askOpenAi = (fault: string): Promise<Seen> =>
  ask(`${server.url}/v1/chat/completions`, { body: OPENAI, headers: { 'x-mock-fault': fault } });

const askChatdoc = (fault: string): Promise<Seen> =>
  ask(`${server.url}/openapi/v2/chat?fault=${fault}`, { body: QUESTION });

const talkChatdoc = (fault: string): Promise<Heard> =>
  talk(`${server.wsUrl}/openapi/chat`, { message: QUESTION, headers: { 'x-mock-fault': fault } });

const contentsOf = (texts: readonly string[]): number =>
  texts.filter((text) => text.includes('"content":"x"')).length;

function heardContents({ frames }: Heard): number {
  return frames.filter((frame) => frame['content'] === 'x').length;
}

test('no-terminal: all content, a clean end, no marker', async () => {
  await start(10_000);
  const seen = await askOpenAi('no-terminal');
  expect(seen.ended).toBe('end');
  expect(contentsOf(eventsOf(seen.body))).toBe(6);
  expect(seen.body).not.toContain('[DONE]');
  const heard = await talkChatdoc('no-terminal');
  expect(heardContents(heard)).toBe(6);
  expect(heard.frames.some((frame) => frame['status'] === 2)).toBe(false);
  expect(heard.closeCode).toBe(1000);
});

test('empty: the marker and no content', async () => {
  await start();
  const seen = await askOpenAi('empty');
  expect(contentsOf(eventsOf(seen.body))).toBe(0);
  expect(eventsOf(seen.body).at(-1)).toBe('[DONE]');
  const heard = await talkChatdoc('empty');
  expect(heard.frames.map((frame) => frame['status'])).toEqual([0, 99, 2]);
  expect(heardContents(heard)).toBe(0);
});

test.each([
  ['in-band-error', 3],
  ['in-band-error=0', 0],
  ['in-band-error=5', 5],
  ['in-band-error=99', 6],
])('%s: %i chunks, then the protocol’s own error, then a clean end', async (fault, chunks) => {
  await start();
  const openAi = await askOpenAi(fault);
  expect(contentsOf(eventsOf(openAi.body))).toBe(chunks);
  expect(JSON.parse(eventsOf(openAi.body).at(-1) ?? '')).toMatchObject({
    error: { type: 'server_error' },
  });
  expect(openAi.ended).toBe('end');
  const chatdoc = await askChatdoc(fault);
  expect(contentsOf(eventsOf(chatdoc.body))).toBe(chunks);
  expect(JSON.parse(eventsOf(chatdoc.body).at(-1) ?? '')).toMatchObject({ code: 99999, status: 2 });
  const heard = await talkChatdoc(fault);
  expect(heardContents(heard)).toBe(chunks);
  expect(heard.frames.at(-1)).toMatchObject({ code: 99999, status: 2 });
});

/** Sends the question in a way that shows how the TCP connection ends. */
const RAW = [
  ['HTTP', (raw, fault) => sendPost(raw, '/plain/stream', '{}', fault)],
  ['WebSocket', (raw, fault) => sendWsQuestion(raw, `/openapi/chat?fault=${fault}`, QUESTION)],
] satisfies [string, (raw: RawConnection, fault: string) => void][];

test.each(RAW)('fin=2 over %s: two chunks, then a FIN in the middle', async (_name, send) => {
  await start();
  const raw = openRaw(server.url);
  send(raw, 'fin=2');
  expect(await raw.ended).toBe('fin');
  expect(raw.text().split('"x"')).toHaveLength(3);
  // Neither the last chunk of HTTP nor a Close frame, whose payload would begin with its code.
  expect(raw.text()).not.toMatch(/\r\n0\r\n\r\n$/);
  expect(raw.text()).not.toContain('\u0002\u0003');
});

test.each(RAW)('rst=2 over %s: two chunks, then an RST', async (_name, send) => {
  await start();
  // libuv calls an RST an end of file when it comes in the same poll as the last data, so a busy
  // client may have to look again. A server that sends a FIN shows a reset never.
  await until('an RST is seen', async () => {
    const raw = openRaw(server.url);
    send(raw, 'rst=2');
    const ended = await raw.ended;
    expect(raw.text().split('"x"')).toHaveLength(3);
    return ended === 'reset';
  });
});

test('stall: half of the chunks, then nothing, until the client leaves', async () => {
  await start(10);
  const http = openRaw(server.url);
  sendPost(http, '/plain/stream', '{}', 'stall');
  const ws = openRaw(server.url);
  sendWsQuestion(ws, '/openapi/chat?fault=stall', QUESTION);
  const chunks = (raw: RawConnection) => raw.text().split('"x"').length - 1;
  await until('both have their three chunks', () => chunks(http) === 3 && chunks(ws) === 3);
  // Long after the plan, and after the time a WebSocket is given to close: a stream beside them is over.
  await askOpenAi('slow-headers=100');
  expect([chunks(http), chunks(ws)]).toEqual([3, 3]);
  expect(server.stats().totals.open).toBe(2);
  http.socket.destroy();
  ws.socket.destroy();
  await until('the server noticed', () => server.stats().totals.open === 0);
  const stalled = server.journal().filter((entry) => entry.fault === 'stall');
  expect(stalled.map(({ endedBy, marker, chunks }) => [endedBy, marker, chunks])).toEqual([
    ['client', false, 3],
    ['client', false, 3],
  ]);
});

test('slow-headers: status and upgrade come late, and the plan starts then', async () => {
  await start();
  const startedAt = performance.now();
  const seen = await askOpenAi('slow-headers=150');
  const middleAt = performance.now();
  expect(contentsOf(eventsOf(seen.body))).toBe(6);
  expect(eventsOf(seen.body).at(-1)).toBe('[DONE]');
  expect(middleAt - startedAt).toBeGreaterThanOrEqual(150);
  const heard = await talkChatdoc('slow-headers=150');
  expect(heardContents(heard)).toBe(6);
  expect(performance.now() - middleAt).toBeGreaterThanOrEqual(150);
  const [overHttp, overWs] = server.journal();
  expect(overHttp?.plan?.ttftMs).toBe(155);
  expect(overWs?.plan?.ttftMs).toBe(5);
});

test('never-close: a WebSocket answers no Close, an HTTP body does not end', async () => {
  await start(10);
  const ws = openRaw(server.url);
  sendWsQuestion(ws, '/openapi/chat?fault=never-close', QUESTION);
  await until('the last frame', () => ws.text().includes('"status":2'));
  const seen = ws.text().length;
  sendClose(ws);
  const http = openRaw(server.url);
  sendPost(http, '/plain/stream', '{}', 'never-close');
  await until('the marker', () => http.text().includes('[END]'));
  // A stream beside them goes through its whole life, Close included; these two stay as they are.
  await talkChatdoc('slow-headers=100');
  expect(ws.text().length).toBe(seen);
  expect(http.text()).not.toMatch(/\r\n0\r\n\r\n$/);
  expect(await Promise.race([ws.ended, http.ended, 'open'])).toBe('open');
  expect(server.journal().filter(({ fault }) => fault === 'never-close')).toMatchObject([
    { endedBy: 'server', marker: true },
    { endedBy: 'server', marker: true },
  ]);
  ws.socket.destroy();
  http.socket.destroy();
});

test.each([
  ['http-500', 500, 'application/json'],
  ['auth', 401, 'application/json'],
  ['html', 200, 'text/html; charset=utf-8'],
])('%s: status %i with %s instead of a stream', async (fault, status, type) => {
  await start();
  for (const seen of [await askOpenAi(fault), await askChatdoc(fault)]) {
    expect([seen.status, seen.headers['content-type']?.replace(/json; .*/, 'json')]).toEqual([
      status,
      type,
    ]);
  }
  expect(await talkChatdoc(fault)).toMatchObject({ status, contentType: type, frames: [] });
  expect(server.journal()).toMatchObject(
    Array(3).fill({ admitted: false, refused: 'fault', fault }),
  );
});

test('an unknown fault is a bad request that names the known ones', async () => {
  await start();
  for (const seen of [await askOpenAi('melt'), await talkChatdoc('melt')]) {
    expect(seen.status).toBe(400);
    expect(seen.body).toContain('no-terminal');
  }
});

test('the request header goes before the query, the query before the drawn share', async () => {
  server = await startMockServer({ plan: PLAN, faults: 'empty:100%' });
  const body = OPENAI;
  const url = `${server.url}/v1/chat/completions`;
  await ask(url, { body });
  await ask(`${url}?fault=no-terminal`, { body });
  await ask(`${url}?fault=no-terminal`, { body, headers: { 'x-mock-fault': 'html' } });
  expect(server.journal().map((entry) => entry.fault)).toEqual(['empty', 'no-terminal', 'html']);
  expect(server.stats().totals.faults).toBe(3);
});
