import { afterEach, expect, test } from 'vitest';
import { type MockServer, startMockServer } from '../server.ts';
import { ask, eventsOf } from '../testing/http-client.ts';

const PLAN = { ttftMs: 5, chunks: 2, gapMs: 2, chunkText: '一\n 二' } as const;

let server: MockServer;
afterEach(() => server.close());

test('text under a key, then the marker', async () => {
  server = await startMockServer({ plan: PLAN });
  const seen = await ask(`${server.url}/plain/stream`);
  expect(eventsOf(seen.body)).toEqual(['{"text":"一\\n 二"}', '{"text":"一\\n 二"}', '[END]']);
});

test('key path and marker can be chosen', async () => {
  const plain = { textPath: 'data.delta.text', marker: 'bye' };
  server = await startMockServer({ plan: PLAN, plain });
  const seen = await ask(`${server.url}/plain/stream`);
  expect(eventsOf(seen.body)[0]).toBe('{"data":{"delta":{"text":"一\\n 二"}}}');
  expect(eventsOf(seen.body).at(-1)).toBe('bye');
});

test('plain text: a line break is a second data line, a leading space is kept', async () => {
  server = await startMockServer({ plan: PLAN });
  const seen = await ask(`${server.url}/plain/text`);
  expect(seen.body).toBe(`${'data: 一\ndata:  二\n\n'.repeat(2)}data: [END]\n\n`);
});

test('with accounts a key is needed', async () => {
  server = await startMockServer({
    accounts: [{ id: 'a', concurrency: 1, apiKey: 'k' }],
    plan: PLAN,
  });
  expect((await ask(`${server.url}/plain/stream`)).status).toBe(401);
  const headers = { authorization: 'Bearer k' };
  expect((await ask(`${server.url}/plain/stream`, { headers })).status).toBe(200);
});
