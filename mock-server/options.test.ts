import { expect, test } from 'vitest';
import { MockConfigError } from './option-rules.ts';
import { parseMockOptions, resolveMockOptions } from './options.ts';

const ACCOUNT = { id: 'a1', concurrency: 3 };

test('nothing given: an open server on a free loopback port', () => {
  expect(resolveMockOptions({})).toEqual({
    host: '127.0.0.1',
    port: 0,
    seed: 1,
    plan: {
      ttftMs: [200, 200],
      chunks: [40, 40],
      gapMs: [20, 20],
      chunkChars: [1, 4],
      reasoningChunks: [0, 0],
    },
    faults: '',
    plain: { textPath: 'text', marker: '[END]' },
    references: true,
    tokenTtlMs: 3_600_000,
    bodyLimitBytes: 1_048_576,
    idleLimitMs: 60_000,
    closeAfterMs: 1000,
  });
});

test('what is given is kept; resolving again changes nothing; the input is not changed', () => {
  const given = Object.freeze({
    journalFile: '/tmp/journal.ndjson',
    accounts: Object.freeze([
      { ...ACCOUNT, appId: 'app', apiSecret: 'x', refuse: 'http' as const },
    ]),
    plan: Object.freeze({ ttftMs: [10, 20], chunkText: '好' } as const),
    capacity: Object.freeze({ slots: 5, chunksPerSecond: 10 }),
    faults: 'rst:1%',
  });
  const resolved = resolveMockOptions(given);
  expect(resolved.accounts).toEqual([
    { ...given.accounts[0], releaseLagMs: 0, spuriousRefusal: 0 },
  ]);
  expect(resolved.plan).toMatchObject({ ttftMs: [10, 20], chunkText: '好' });
  expect(resolved.capacity).toEqual({
    slots: 5,
    chunksPerSecond: 10,
    queue: 5,
    breakSlipMs: 1000,
    breakShare: 0,
  });
  expect(resolveMockOptions(resolved)).toEqual(resolved);
  expect(parseMockOptions(JSON.parse(JSON.stringify(given)))).toEqual(resolved);
});

test.each([
  [[], 'options must be an object, got an array'],
  [{ prot: 1 }, 'prot must be one of the keys host, port, '],
  [{ port: '80' }, 'port must be a whole number from 0 to 65535, got "80"'],
  [{ port: 65_536 }, 'port must be a whole number from 0 to 65535, got 65536'],
  [{ host: 'a b' }, 'host must be a host name or address, got "a b"'],
  [{ seed: 1.5 }, 'seed must be a whole number from 0 to 9007199254740991, got 1.5'],
  [{ journalFile: '' }, 'journalFile must be a file path, got ""'],
  [{ plan: 5 }, 'plan must be an object, got a number'],
  [{ plan: { ttft: 5 } }, 'plan.ttft must be one of the keys ttftMs, chunks, '],
  [{ plan: { ttftMs: -1 } }, 'plan.ttftMs must be a number from 0 to 3600000, or a pair'],
  [{ plan: { ttftMs: [5, 1] } }, 'pair [least, most] of such numbers, got [5,1]'],
  [{ plan: { ttftMs: [1, 2, 3] } }, 'got [1,2,3]'],
  [{ plan: { chunks: 1.5 } }, 'plan.chunks must be a whole number from 0 to 10000, or'],
  [{ plan: { chunks: NaN } }, 'got NaN'],
  [{ plan: { chunkChars: 0 } }, 'plan.chunkChars must be a whole number from 1 to 100000, or'],
  [{ plan: { chunkText: '' } }, 'plan.chunkText must be a non-empty string, got ""'],
  [{ capacity: {} }, 'capacity.slots must be a whole number from 1 to 1000000, got nothing'],
  [{ capacity: { slots: 1 } }, 'capacity.chunksPerSecond must be a number from 0.001'],
  [{ capacity: { slots: 1, chunksPerSecond: 1, breakShare: 2 } }, 'capacity.breakShare must be'],
  [{ faults: 5 }, 'faults must be text like "no-terminal:1%,rst=3:0.5%"'],
  [{ faults: 'melt:1%' }, 'faults must be made of the faults'],
  [{ plain: { textPath: 'a..b' } }, 'plain.textPath must be keys joined by dots, got "a..b"'],
  [{ plain: { marker: 'a\nb' } }, 'plain.marker must be one line of text, got "a\\nb"'],
  [{ references: 1 }, 'references must be true or false, got 1'],
  [{ tokenTtlMs: 0 }, 'tokenTtlMs must be a number from 1 to 3600000, got 0'],
  [{ bodyLimitBytes: 0 }, 'bodyLimitBytes must be a whole number from 1 to 67108864, got 0'],
  [{ idleLimitMs: null }, 'idleLimitMs must be a number from 1 to 3600000, got null'],
  [{ accounts: [] }, 'accounts must be an array of 1 to 100000 entries, got 0 entries'],
  [{ accounts: [5] }, 'accounts[0] must be an object, got a number'],
  [{ accounts: [{}] }, 'accounts[0].id must be 1 to 64 of the characters'],
  [{ accounts: [{ id: 'a' }] }, 'accounts[0].concurrency must be a whole number from 0'],
  [
    { accounts: [{ ...ACCOUNT, spuriousRefusal: 2 }] },
    'accounts[0].spuriousRefusal must be a number',
  ],
  [{ accounts: [{ ...ACCOUNT, refuse: 'no' }] }, 'must be one of in-stream, http, got "no"'],
  [{ accounts: [ACCOUNT, ACCOUNT] }, 'accounts[1].id must be unique among the accounts, got "a1"'],
])('%j is refused: %s', (options, message) => {
  expect(() => parseMockOptions(options)).toThrow(MockConfigError);
  expect(() => parseMockOptions(options)).toThrow(message);
});

test.each([
  [[{ ...ACCOUNT, appId: 'app' }], 'accounts[0].apiSecret must be given together with appId'],
  [
    [{ ...ACCOUNT, apiSecret: 'canary' }],
    'accounts[0].appId must be given together with apiSecret',
  ],
  [[{ ...ACCOUNT, password: 'canary' }], 'accounts[0].username must be given together with'],
  [
    [{ ...ACCOUNT, appId: 'app', apiSecret: ['canary'] }],
    'accounts[0].apiSecret must be a non-empty string, got ***',
  ],
  [
    [{ ...ACCOUNT, apiKey: { key: 'canary' } }],
    'accounts[0].apiKey must be a non-empty string, got ***',
  ],
  [
    [{ ...ACCOUNT, username: 'u', password: 5 }],
    'accounts[0].password must be a non-empty string, got ***',
  ],
  [
    [
      { ...ACCOUNT, apiKey: 'canary' },
      { id: 'a2', concurrency: 1, apiKey: 'canary' },
    ],
    'accounts[1].apiKey must be unique among the accounts, got ***',
  ],
  [[{ ...ACCOUNT, apikey: 'canary' }], 'accounts[0].apikey must be one of the keys'],
  [['canary'], 'accounts[0] must be an object, got a string'],
])('a secret is never shown: %j', (accounts, message) => {
  let shown = '';
  try {
    parseMockOptions({ accounts });
  } catch (error) {
    shown = String(error);
  }
  expect(shown).toContain(message);
  expect(shown).not.toContain('canary');
});

test('an error knows its field', () => {
  let field: string | undefined;
  try {
    resolveMockOptions({ port: -1 });
  } catch (error) {
    if (error instanceof MockConfigError) field = error.field;
  }
  expect(field).toBe('port');
});
