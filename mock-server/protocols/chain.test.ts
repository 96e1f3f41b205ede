import { afterEach, expect, test } from 'vitest';
import type { MockOptions } from '../mock-options.ts';
import { type MockServer, startMockServer } from '../server.ts';
import { ask, eventsOf, jsonEventsOf } from '../testing/http-client.ts';
import { until } from '../testing/until.ts';

const ACCOUNTS = [
  { id: 'u1', concurrency: 1, username: 'ann', password: 'made-up-1' },
  { id: 'u2', concurrency: 1, username: 'bob', password: 'made-up-2' },
];
const PLAN = { ttftMs: 5, chunks: 3, gapMs: 2, chunkText: '好' } as const;

let server: MockServer;
afterEach(() => server.close());

async function start(options: MockOptions = {}): Promise<void> {
  server = await startMockServer({ plan: PLAN, accounts: ACCOUNTS, ...options });
}

const post = (path: string, body: unknown, token?: string) =>
  ask(server.url + path, {
    body,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });

async function logIn(user = 'ann', password = 'made-up-1'): Promise<string> {
  return JSON.parse((await post('/login', { user, password })).body).data.token;
}

async function open(token: string): Promise<string> {
  return JSON.parse((await post('/conversations', {}, token)).body).data.id;
}

const question = (id: string, token?: string) =>
  post(`/conversations/${id}/stream`, { question: 'hello' }, token);

test('log in, open a conversation, ask in it, ask again', async () => {
  await start();
  const token = await logIn();
  const id = await open(token);
  for (let turn = 0; turn < 2; turn += 1) {
    const seen = await question(id, token);
    expect(jsonEventsOf(seen.body)).toEqual([
      { type: 'delta', text: '好', seq: 1 },
      { type: 'delta', text: '好', seq: 2 },
      { type: 'delta', text: '好', seq: 3 },
    ]);
    expect(eventsOf(seen.body).at(-1)).toBe('[DONE]');
  }
  expect(server.journal()).toMatchObject([{ account: 'u1' }, { account: 'u1' }]);
});

test('the answer to a login says how long the token is good; `username` will do too', async () => {
  await start({ tokenTtlMs: 90_000 });
  const seen = await post('/login', { username: 'bob', password: 'made-up-2' });
  expect(JSON.parse(seen.body)).toEqual({
    data: { token: expect.stringMatching(/^[A-Za-z0-9_-]{32}$/), expires_in: 90 },
  });
});

test.each([
  ['a wrong password', { user: 'ann', password: 'no' }, 401],
  ['an unknown user', { user: 'eve', password: 'made-up-1' }, 401],
  ['no password', { user: 'ann' }, 400],
  ['no JSON', 'user=ann', 400],
])('a login with %s fails', async (_name, body, status) => {
  await start();
  const seen = await post('/login', body);
  expect(seen.status).toBe(status);
  expect(JSON.parse(seen.body)).toHaveProperty('error.message');
  expect(server.stats().totals.authFailures).toBe(status === 401 ? 1 : 0);
});

test('a stale token is refused with 401, not before its time; a new login goes on', async () => {
  await start({ tokenTtlMs: 300 });
  const loggedInAt = performance.now();
  const token = await logIn();
  const id = await open(token);
  await until('the token is stale', async () => (await question(id, token)).status === 401);
  expect(performance.now() - loggedInAt).toBeGreaterThanOrEqual(300);
  expect((await post('/conversations', {}, token)).status).toBe(401);
  expect((await question(id, await logIn())).status).toBe(200);
});

test('a token is needed everywhere, a conversation belongs to its account', async () => {
  await start();
  const ann = await logIn();
  const bob = await logIn('bob', 'made-up-2');
  const id = await open(ann);
  expect((await question(id)).status).toBe(401);
  expect((await question(id, 'made-up')).status).toBe(401);
  expect((await post('/conversations', {})).status).toBe(401);
  expect((await question(id, bob)).status).toBe(404);
  expect((await question('unknown', ann)).status).toBe(404);
  expect((await post(`/conversations/${id}/stream`, {}, ann)).status).toBe(400);
});

test('the account’s quota holds for its tokens together', async () => {
  await start({ plan: { ...PLAN, ttftMs: 200 } });
  const [one, two] = [await logIn(), await logIn()];
  const ids = [await open(one), await open(two)];
  const first = question(ids[0] ?? '', one);
  await until('the first is in', () => server.stats().accounts[0]?.open === 1);
  const second = await question(ids[1] ?? '', two);
  expect([second.status, JSON.parse(second.body).error.code]).toEqual([
    429,
    'concurrency_limit_exceeded',
  ]);
  expect((await first).status).toBe(200);
});

test('a reset forgets tokens; without accounts any login will do', async () => {
  server = await startMockServer({ plan: PLAN });
  const token = await logIn('anybody', 'anything');
  const id = await open(token);
  expect((await question(id, token)).status).toBe(200);
  server.reset();
  expect((await question(id, token)).status).toBe(401);
});
