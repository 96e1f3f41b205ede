import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../../lib/stream/outcome.ts';
import { type MockServer, startMockServer } from '../../mock-server/server.ts';
import { readStreams, readVerdict, weir, writeJson } from './weir-cli.ts';

/** Every fault is an account of its own: `smoke` asks one question with each, in one run of k6. */
type Faults = Readonly<Record<string, Outcome>>;

/** The same over HTTP and WebSocket: the transport does not change what a failure is. */
const EXTENSION_FAULTS: Faults = {
  none: 'completed',
  'no-terminal': 'no-terminal',
  rst: 'connection-cut',
  fin: 'connection-cut',
  stall: 'timeout-idle',
  'in-band-error': 'server-error',
  empty: 'empty',
  'never-close': 'completed',
  'http-500': 'server-error',
  'slow-headers': 'timeout-headers',
  auth: 'auth-failed',
  html: 'malformed',
};

/** Stock k6/websockets hides why an upgrade was refused, and hangs on a peer that never closes. */
const STOCK_WS_FAULTS: Faults = {
  none: 'completed',
  'no-terminal': 'no-terminal',
  rst: 'connection-cut',
  fin: 'connection-cut',
  stall: 'timeout-idle',
  'in-band-error': 'server-error',
  empty: 'empty',
  'http-500': 'connect-failed',
  'slow-headers': 'timeout-connect',
  auth: 'connect-failed',
};

/** k6 knows one timeout here; what arrived before it struck is read all the same. */
const BUFFERED_FAULTS: Faults = {
  ...EXTENSION_FAULTS,
  stall: 'timeout-total',
  'slow-headers': 'completed',
};

const TIMEOUTS = {
  connectMs: 1000,
  headersMs: 1000,
  firstEventMs: 2000,
  idleMs: 700,
  totalMs: 5000,
  requestMs: 2000,
};

interface Case {
  readonly dialect: string;
  readonly driver: string;
  readonly faults: Faults;
  target(mock: MockServer): Record<string, unknown>;
}

const CASES: readonly Case[] = [
  {
    dialect: 'chatdoc-ws',
    driver: 'extension',
    faults: EXTENSION_FAULTS,
    target: chatdocWs,
  },
  {
    dialect: 'chatdoc-ws',
    driver: 'websockets',
    faults: STOCK_WS_FAULTS,
    target: chatdocWs,
  },
  {
    dialect: 'chatdoc-sse',
    driver: 'extension',
    faults: EXTENSION_FAULTS,
    target: chatdocSse,
  },
  {
    dialect: 'chatdoc-sse',
    driver: 'buffered',
    faults: BUFFERED_FAULTS,
    target: chatdocSse,
  },
  {
    dialect: 'openai-chat',
    driver: 'extension',
    faults: EXTENSION_FAULTS,
    target: ({ url }) => ({ url: `${url}/v1/chat/completions`, request: { model: 'made-up' } }),
  },
  {
    dialect: 'plain-sse',
    driver: 'extension',
    faults: EXTENSION_FAULTS,
    target: ({ url }) => ({
      base: url,
      url: '{base}/conversations/{chain.conversation}/stream',
      request: { question: '{prompt}' },
      rules: { answer: 'text', end: '[DONE]', sequence: 'seq' },
      login: [
        {
          url: '{base}/login',
          body: { user: '{credentials.username}', password: '{credentials.password}' },
          save: { token: 'data.token', expiresInSeconds: 'data.expires_in' },
        },
      ],
      chain: [
        {
          url: '{base}/conversations',
          headers: { Authorization: 'Bearer {login.token}' },
          save: { conversation: 'data.id' },
        },
      ],
      headers: {
        Authorization: 'Bearer {login.token}',
        'X-Mock-Fault': '{vars.fault}',
        'X-Request-Id': '{stream.id}',
      },
    }),
  },
];

let mock: MockServer;
let cwd: string;

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'weir-k6-'));
  mock = await startMockServer({
    plan: { ttftMs: 20, chunks: 6, gapMs: 5 },
    accounts: accountsOf(EXTENSION_FAULTS).map(({ id, credentials }) => ({
      id,
      concurrency: 10,
      ...credentials,
    })),
  });
});

afterAll(async () => {
  await mock.close();
  rmSync(cwd, { recursive: true, force: true });
});

describe.each(CASES)('smoke, $dialect, $driver', ({ dialect, driver, faults, target }) => {
  const run = `smoke-${dialect}-${driver}`;

  test('a run with broken streams fails, and says so by its exit code', async () => {
    const accounts = writeJson(join(cwd, dialect, 'accounts.json'), accountsOf(faults));
    const file = writeJson(join(cwd, dialect, 'target.json'), {
      dialect,
      headers: {
        'X-Mock-Fault': '{vars.fault}',
        'X-Request-Id': '{stream.id}',
        ...(dialect === 'openai-chat' && { Authorization: 'Bearer {credentials.apiKey}' }),
      },
      timeouts: TIMEOUTS,
      accounts,
      ...target(mock),
    });
    const { code, stderr } = await weir(
      ['run', 'smoke', '--target', file, '--name', run, '--driver', driver],
      { cwd },
    );
    expect(stderr).toContain('verdict: FAIL');
    expect(code).toBe(99);
  });

  test('every fault has its outcome, and none passes as completed', () => {
    const seen = Object.fromEntries(
      readStreams(cwd, run).map(({ account = '', outcome }) => [account, outcome]),
    );
    expect(seen).toEqual(faults);
  });

  test('the verdict counts the same, a renewed login included', () => {
    const { outcomes, streams } = readVerdict(cwd, run);
    const expected: Record<string, number> = {};
    for (const outcome of Object.values(faults)) expected[outcome] = (expected[outcome] ?? 0) + 1;
    // A 401 behind a login is asked once more, and both attempts are on record.
    const renewed = dialect === 'plain-sse' ? 1 : 0;
    expected['auth-failed'] = (expected['auth-failed'] ?? 0) + renewed;
    expect({ 'auth-failed': 0, ...outcomes }).toEqual(expected);
    expect(streams).toBe(Object.keys(faults).length + renewed);
    const attempts = readStreams(cwd, run).map(({ attempt }) => attempt);
    expect(attempts.filter((attempt) => attempt === 2)).toHaveLength(renewed);
  });

  test('whole streams have every number, and the server agrees on the chunks', () => {
    const record = readStreams(cwd, run).find(({ account }) => account === 'none');
    const entry = mock
      .journal()
      .find(
        ({ streamId, protocol, account }) =>
          account === 'none' &&
          streamId === record?.id &&
          protocolOf(protocol) === protocolOf(dialect),
      );
    expect(record?.counts.answer).toBe(6);
    expect(entry?.chunks).toBe(6);
    expect(record?.driver).toBe(driver);
    if (driver === 'buffered') return;
    expect(record?.gaps?.count).toBe(5);
    const {
      sent = 0,
      firstContent = 0,
      lastContent = 0,
      complete = 0,
      end = 0,
    } = record?.marks ?? {};
    expect(sent).toBeGreaterThan(0);
    expect(firstContent - sent).toBeGreaterThanOrEqual(20);
    expect(lastContent).toBeGreaterThan(firstContent);
    expect(complete).toBeGreaterThanOrEqual(lastContent);
    expect(end).toBeGreaterThanOrEqual(complete);
  });
});

function chatdocWs({ wsUrl }: MockServer) {
  return { url: `${wsUrl}/openapi/chat`, request: { fileIds: ['f1'] } };
}

function chatdocSse({ url }: MockServer) {
  return { url: `${url}/openapi/v2/chat`, request: { fileIds: ['f1'] } };
}

/** The chain is the mock's own name for what plain-sse asks here. */
function protocolOf(name: string): string {
  return name === 'plain-sse' ? 'chain' : name;
}

function accountsOf(faults: Faults) {
  return Object.keys(faults).map((fault) => ({
    id: fault,
    concurrency: 10,
    credentials: {
      appId: `app-${fault}`,
      apiSecret: `made-up-secret-${fault}`,
      apiKey: `made-up-key-${fault}`,
      username: `user-${fault}`,
      password: `made-up-password-${fault}`,
    },
    vars: { fault: fault === 'none' ? '' : fault },
  }));
}
