import { afterEach, expect, test } from 'vitest';
import type { MockOptions } from '../mock-options.ts';
import { type MockServer, startMockServer } from '../server.ts';
import { ask, eventsOf, jsonEventsOf } from '../testing/http-client.ts';

const ACCOUNT = { id: 'a1', concurrency: 9, apiKey: 'sk-made-up' };
const HEADERS = { authorization: 'Bearer sk-made-up', 'content-type': 'application/json' };
const PLAN = { ttftMs: 5, chunks: 2, gapMs: 2, chunkText: '好' } as const;
const MESSAGES = [{ role: 'user', content: 'hello' }];

let server: MockServer;
afterEach(() => server.close());

async function start(options: MockOptions = {}): Promise<string> {
  server = await startMockServer({ plan: PLAN, accounts: [ACCOUNT], ...options });
  return `${server.url}/v1/chat/completions`;
}

test('a role with empty content, content, a finish reason, [DONE]', async () => {
  const url = await start();
  const body = { model: 'm1', stream: true, messages: MESSAGES };
  const seen = await ask(url, { headers: HEADERS, body });
  expect(seen.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  expect(eventsOf(seen.body).at(-1)).toBe('[DONE]');
  const chunks = jsonEventsOf(seen.body);
  expect(chunks.map((chunk) => chunk['choices'])).toMatchObject([
    [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }],
    [{ index: 0, delta: { content: '好' }, finish_reason: null }],
    [{ index: 0, delta: { content: '好' }, finish_reason: null }],
    [{ index: 0, delta: {}, finish_reason: 'stop' }],
  ]);
  for (const chunk of chunks) {
    expect(chunk).toMatchObject({ object: 'chat.completion.chunk', model: 'm1' });
    expect(chunk).not.toHaveProperty('usage');
  }
});

test('usage comes in a chunk of its own before [DONE], when asked for', async () => {
  const url = await start({ plan: { ...PLAN, reasoningChunks: 3 } });
  const options = { stream: true, stream_options: { include_usage: true } };
  const seen = await ask(url, { headers: HEADERS, body: { ...options, messages: MESSAGES } });
  const chunks = jsonEventsOf(seen.body);
  expect(
    chunks.filter((chunk) => JSON.stringify(chunk).includes('reasoning_content')),
  ).toHaveLength(3);
  expect(chunks.at(-1)).toMatchObject({
    choices: [],
    usage: { completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 3 } },
  });
  expect(chunks.slice(0, -1).every((chunk) => chunk['usage'] === null)).toBe(true);
});

test('without stream one JSON comes when the stream would have ended', async () => {
  const url = await start();
  const seen = await ask(url, { headers: HEADERS, body: { messages: MESSAGES } });
  expect(seen.headers['content-type']).toBe('application/json');
  expect(JSON.parse(seen.body)).toMatchObject({
    object: 'chat.completion',
    choices: [{ message: { role: 'assistant', content: '好好' }, finish_reason: 'stop' }],
  });
  const [entry] = server.journal();
  expect((entry?.endedAt ?? 0) - (entry?.requestAt ?? 0)).toBeGreaterThanOrEqual(9);
});

test.each([
  ['no key', {}, { messages: MESSAGES }, 401, 'invalid_api_key'],
  ['a wrong key', { authorization: 'Bearer no' }, { messages: MESSAGES }, 401, 'invalid_api_key'],
  ['another scheme', { authorization: 'Basic sk-made-up' }, {}, 401, 'invalid_api_key'],
  ['no JSON', HEADERS, '{"messages":', 400, 'invalid_request'],
  ['no messages', HEADERS, { messages: [] }, 400, 'invalid_request'],
])('%s is refused with the error object', async (_name, headers, body, status, code) => {
  const url = await start();
  const seen = await ask(url, { headers: { ...headers }, body });
  expect(seen.status).toBe(status);
  expect(JSON.parse(seen.body)).toMatchObject({ error: { code, type: 'invalid_request_error' } });
});

test('a body over the limit, and another method', async () => {
  const url = await start({ bodyLimitBytes: 100 });
  const large = await ask(url, { headers: HEADERS, body: 'x'.repeat(101) });
  expect([large.status, JSON.parse(large.body).error.code]).toEqual([413, 'request_too_large']);
  const get = await ask(url, { method: 'GET', headers: HEADERS, body: '' });
  expect(get).toMatchObject({ status: 405, headers: { allow: 'POST' } });
});

test('models are listed for whom has a key', async () => {
  await start();
  const options = { method: 'GET', body: '' };
  const listed = await ask(`${server.url}/v1/models`, { ...options, headers: HEADERS });
  expect(JSON.parse(listed.body)).toMatchObject({ object: 'list', data: [{ id: 'mock' }] });
  expect((await ask(`${server.url}/v1/models`, options)).status).toBe(401);
});
