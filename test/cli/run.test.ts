import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type MockServer, startMockServer } from '../../mock-server/server.ts';
import { readStreams, readVerdict, weir, writeJson } from '../k6/weir-cli.ts';

const SECRET = 'made-up-canary-5d1c';

let mock: MockServer;
let cwd: string;

beforeAll(async () => {
  mock = await startMockServer({
    plan: { ttftMs: 50, chunks: 5, gapMs: 10 },
    accounts: [{ id: 'a1', concurrency: 3, appId: 'app1', apiSecret: SECRET }],
  });
});
afterAll(() => mock.close());

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'weir-cli-'));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
afterEach(() => mock.reset());

function files(
  target: Record<string, unknown> = {},
  account: Record<string, unknown> = {},
): string {
  writeJson(join(cwd, 'accounts.json'), [
    { id: 'a1', concurrency: 3, credentials: { appId: 'app1', apiSecret: SECRET }, ...account },
  ]);
  return writeJson(join(cwd, 'target.json'), {
    dialect: 'chatdoc-sse',
    url: `${mock.url}/openapi/v2/chat`,
    request: { fileIds: ['f1'] },
    accounts: 'accounts.json',
    timeouts: { connectMs: 2000, idleMs: 2000, totalMs: 5000 },
    ...target,
  });
}

test('a good run: exit 0, every artefact, readable for its owner only', async () => {
  const target = files();
  const { code, stderr } = await weir(['run', 'smoke', '--target', target, '--name', 'part/good'], {
    cwd,
  });
  expect(stderr).toContain('plan: smoke, 3 streams');
  expect(stderr).toContain('verdict: PASS');
  expect(code).toBe(0);
  const folder = join(cwd, 'runs/part/good');
  expect(readdirSync(folder).sort()).toEqual([
    'k6.log',
    'live.ndjson',
    'streams.ndjson',
    'summary.json',
    'verdict.json',
  ]);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(readVerdict(cwd, 'part/good')).toMatchObject({
    verdict: 'pass',
    exitCode: 0,
    streams: 3,
    outcomes: { completed: 3 },
  });
  expect(mock.journal()).toHaveLength(3);
  for (const name of readdirSync(folder)) {
    expect(readFileSync(join(folder, name), 'utf8')).not.toContain(SECRET);
  }
});

test('a folder that exists is refused, --force replaces its artefacts', async () => {
  const args = ['run', 'smoke', '--target', files(), '--name', 'again', '--iterations', '1'];
  expect((await weir(args, { cwd })).code).toBe(0);
  const keep = writeJson(join(cwd, 'runs/again/notes.txt'), 'mine');
  const refused = await weir(args, { cwd });
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/--name must be new: runs\/again exists; --force replaces it/);
  expect((await weir([...args, '--force'], { cwd })).code).toBe(0);
  expect(readStreams(cwd, 'again')).toHaveLength(1);
  expect(existsSync(keep)).toBe(true);
});

describe('bad input: one sentence, exit code 2, nothing sent', () => {
  const base = () => ['run', 'smoke', '--target', files()];
  const rows: [string, () => string[], RegExp][] = [
    ['no target', () => ['run', 'smoke'], /required option '--target <file>' not specified/],
    ['unknown command', () => ['rum'], /unknown command 'rum'\s+\(Did you mean run\?\)/],
    [
      'unknown flag',
      () => [...base(), '--wave', '3'],
      /unknown option '--wave'\s+\(Did you mean --waves/,
    ],
    [
      'unknown scenario',
      () => ['run', 'smokey', '--target', files()],
      /scenario must be one of chain, concurrency, smoke, stairs, got "smokey"/,
    ],
    [
      'missing target',
      () => ['run', 'smoke', '--target', 'nowhere.json'],
      /nowhere\.json must be a readable file/,
    ],
    [
      'malformed target',
      () => ['run', 'smoke', '--target', writeJson(join(cwd, 'bad.json'), '{"url": }')],
      /bad\.json must be JSON/,
    ],
    [
      'wrong scheme',
      () => ['run', 'smoke', '--target', files({ url: 'ws://127.0.0.1/' })],
      /url must begin with http:\/\/ or https:\/\/ for chatdoc-sse, got "ws:\/\/127\.0\.0\.1\/"/,
    ],
    [
      'an account without a secret',
      () => ['run', 'smoke', '--target', files({}, { credentials: { appId: 'x' } })],
      /\[0\]\.credentials\.apiSecret is needed by this dialect, got nothing/,
    ],
    [
      'an unset variable',
      () => {
        const credentials = { appId: 'x', apiSecret: '${WEIR_TEST_UNSET}' };
        return ['run', 'smoke', '--target', files({}, { credentials })];
      },
      /environment variable WEIR_TEST_UNSET must be set/,
    ],
    ['a setting out of range', () => [...base(), '--iterations', '0'], /--iterations \(WEIR_ITER/],
    ['a foreign setting', () => [...base(), '--waves', '3'], /waves is not a setting of smoke/],
    [
      'an unknown profile',
      () => [...base(), '--profile', 'x'],
      /--profile \(WEIR_PROFILE\) must be/,
    ],
    ['a name that leaves runs/', () => [...base(), '--name', '../x'], /--name must be parts of/],
    [
      'more parallel streams than slots',
      () => ['run', 'concurrency', '--target', files(), '--users', '4', '--waves', '1'],
      /strategy pinned needs a slot for every parallel stream: 1 VUs × 4 .* = 4.*a1: 3 = 3/,
    ],
    [
      'an expectation that does not add up',
      () => [
        ...['run', 'concurrency', '--target', files(), '--users', '3', '--waves', '1'],
        ...['--expect', 'completed:2'],
      ],
      /--expect \(WEIR_EXPECT\) must add up to the 3 streams of a wave, got 2/,
    ],
  ];
  test.each(rows)('%s', async (_, args, message) => {
    const before = existsSync(join(cwd, 'runs')) ? readdirSync(join(cwd, 'runs')) : [];
    const { code, stderr, stdout } = await weir(args(), { cwd });
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stderr).not.toContain(SECRET);
    expect(mock.journal()).toHaveLength(0);
    expect(existsSync(join(cwd, 'runs')) ? readdirSync(join(cwd, 'runs')) : []).toEqual(before);
  });
});

test('a refused port is a run of connect-failed streams', async () => {
  const closed = await startMockServer({});
  await closed.close();
  const target = files({ url: `${closed.url}/openapi/v2/chat` });
  const { code } = await weir(['run', 'smoke', '--target', target, '--name', 'refused'], { cwd });
  expect(code).toBe(99);
  expect(readVerdict(cwd, 'refused')).toMatchObject({
    verdict: 'fail',
    outcomes: { 'connect-failed': 3 },
  });
  expect(readStreams(cwd, 'refused')[0]?.error).toMatchObject({ source: 'network' });
});

test('a secret from the environment', async () => {
  const credentials = { appId: 'app1', apiSecret: '${WEIR_TEST_SECRET}' };
  const target = files({}, { credentials });
  const args = ['run', 'smoke', '--target', target, '--name', 'env'];
  const { code } = await weir(args, { cwd, env: { WEIR_TEST_SECRET: SECRET } });
  expect(code).toBe(0);
});

test('the same seed makes the same choices', async () => {
  const accounts = ['a1', 'a2', 'a3'].map((id) => ({
    id,
    credentials: { appId: 'app1', apiSecret: SECRET },
  }));
  const target = files();
  writeJson(join(cwd, 'accounts.json'), accounts);
  const chosen = async (name: string, seed: string) => {
    const args = ['run', 'smoke', '--target', target, '--name', name, '--iterations', '12'];
    await weir([...args, '--strategy', 'random-unsafe', '--seed', seed], { cwd });
    return readStreams(cwd, name).map(({ account }) => account);
  };
  const first = await chosen('seed-1', '11');
  expect(first).toHaveLength(12);
  expect(await chosen('seed-2', '11')).toEqual(first);
  expect(await chosen('seed-3', '12')).not.toEqual(first);
});

describe('ended half-way: the records so far stay, the verdict is invalid, cut', () => {
  const args = (name: string) => [
    ...['run', 'smoke', '--target', files(), '--iterations', '2000', '--name', name],
  ];

  test.each([
    ['k6 killed', 'SIGKILL', 137],
    ['Ctrl-C', 'SIGINT', 105],
  ] as const)('%s', async (_, signal, exitCode) => {
    const name = `cut-${signal}`;
    const { code } = await weir(args(name), {
      cwd,
      whileRunning: async (cli) => {
        await until(() => readStreams(cwd, name).length >= 5);
        process.kill(signal === 'SIGKILL' ? k6Below(cli) : cli, signal);
      },
    });
    expect(code).toBe(exitCode);
    const verdict = readVerdict(cwd, name);
    expect(verdict).toMatchObject({ verdict: 'invalid', exitCode, reasons: ['cut'] });
    expect(verdict.streams).toBeGreaterThanOrEqual(5);
    expect(readStreams(cwd, name).length).toBe(verdict.streams);
  });
});

/** Without pgrep, which a bare machine may lack. */
function k6Below(cli: number): number {
  return Number(readFileSync(`/proc/${cli}/task/${cli}/children`, 'utf8').trim());
}

/** Polls: the condition is a file's content, written by another process. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50));
}
