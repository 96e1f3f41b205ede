import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { k6Binary, PROJECT } from '../../cli/project.ts';
import { type MockServer, startMockServer } from '../../mock-server/server.ts';
import { readStreams, readVerdict, weir, writeJson } from './weir-cli.ts';

let mock: MockServer;
let folder: string;

beforeAll(async () => {
  mock = await startMockServer({ plan: { ttftMs: 1, chunks: 3, gapMs: 1 } });
  folder = mkdtempSync(join(tmpdir(), 'weir-extension-'));
});
afterAll(async () => {
  await mock.close();
  rmSync(folder, { recursive: true, force: true });
});

function k6(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      k6Binary(),
      args,
      {
        timeout: 60_000,
        cwd: folder,
        env: { ...process.env, K6_AUTO_EXTENSION_RESOLUTION: 'false', ...env },
      },
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

test('index.d.ts declares exactly what the module exports', async () => {
  const script = join(folder, 'exports.js');
  writeFileSync(
    script,
    `import * as weir from 'k6/x/weir';
     export default () => console.log(JSON.stringify(Object.entries(weir)
       .filter(([name]) => name !== 'default').map(([name, value]) => [name, typeof value])));`,
  );
  const { stdout, stderr, code } = await k6(['run', '--no-usage-report', '--quiet', script]);
  expect(code).toBe(0);
  const line = /msg="?(\[.*\])"? source=console/.exec(stdout + stderr)?.[1] ?? '[]';
  const exported: [string, string][] = JSON.parse(line.replaceAll('\\"', '"'));
  const contract = readFileSync(join(PROJECT, 'extension/index.d.ts'), 'utf8');
  const declared = [...contract.matchAll(/^export function (\w+)\(/gm)].map(([, name]) => name);
  expect(exported.map(([name]) => name).sort()).toEqual(declared.sort());
  expect(new Set(exported.map(([, type]) => type))).toEqual(new Set(['function']));
});

test('the example that needs no server runs', async () => {
  const example = join(PROJECT, 'extension/examples/smoke.js');
  const { code, stderr } = await k6(['run', '--no-usage-report', '--quiet', example]);
  expect(code).toBe(0);
  // An exception in an iteration leaves k6's exit code at 0.
  expect(stderr).not.toContain('level=error');
});

test('the example of one question works against a service', async () => {
  const { code, stderr } = await k6(
    ['run', '--no-usage-report', '--quiet', join(PROJECT, 'extension/examples/sse.js')],
    { URL: `${mock.url}/v1/chat/completions` },
  );
  expect(code).toBe(0);
  expect(stderr).not.toContain('level=error');
  expect(stderr).toMatch(/3 chunks, first after \d/);
});

describe.each([
  ['SSE', () => ({ dialect: 'chatdoc-sse', url: `${mock.url}/openapi/v2/chat` })],
  ['WebSocket', () => ({ dialect: 'chatdoc-ws', url: `${mock.wsUrl}/openapi/chat` })],
])('1,000 streams over %s', (name, target) => {
  test('leave no goroutine and no descriptor behind', async () => {
    writeJson(join(folder, 'accounts.json'), [
      { id: 'a1', credentials: { appId: 'app1', apiSecret: 'made-up-secret' } },
    ]);
    const file = writeJson(join(folder, `${name}.json`), {
      ...target(),
      request: { fileIds: ['f1'] },
      accounts: 'accounts.json',
      timeouts: { totalMs: 5000 },
    });
    const run = `leak-${name}`;
    const args = ['run', 'concurrency', '--target', file, '--users', '20', '--waves', '50'];
    const { code } = await weir([...args, '--name', run], { cwd: folder });
    expect(code).toBe(0);
    expect(readVerdict(folder, run)).toMatchObject({
      streams: 1000,
      outcomes: { completed: 1000 },
    });
    expect(readStreams(folder, run).every(({ clock }) => clock === 'kernel')).toBe(
      process.platform === 'linux',
    );
    const lines: { generator: { goroutines: number; openFds: number } }[] = readFileSync(
      join(folder, 'runs', run, 'live.ndjson'),
      'utf8',
    )
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const [first, last] = [lines[0]?.generator, lines[lines.length - 1]?.generator];
    // At most what 20 open streams need; a leak would show as hundreds.
    expect(last?.goroutines).toBeLessThan((first?.goroutines ?? 0) + 100);
    expect(last?.openFds).toBeLessThan((first?.openFds ?? 0) + 40);
  });
});

describe('k6 archive', () => {
  const target = (secret: string) => {
    writeJson(join(folder, 'archive.accounts.json'), [
      { id: 'a1', credentials: { appId: 'app1', apiSecret: secret } },
    ]);
    return writeJson(join(folder, 'archive.json'), {
      dialect: 'chatdoc-sse',
      url: `${mock.url}/openapi/v2/chat`,
      request: { fileIds: ['f1'] },
      accounts: 'archive.accounts.json',
    });
  };
  const archive = (file: string) =>
    k6([
      ...['archive', join(PROJECT, 'dist/smoke.js'), '-O', join(folder, 'a.tar')],
      ...['-e', `WEIR_TARGET=${file}`],
    ]);

  test('works with a secret by reference', async () => {
    expect((await archive(target('${A1_SECRET}'))).code).toBe(0);
  });

  test('refuses a literal secret, which it would store in clear', async () => {
    const { code, stdout, stderr } = await archive(target('made-up-literal-canary'));
    expect(code).toBe(107);
    expect(stdout + stderr).toMatch(/credentials\.\w+ must be written as \$\{NAME\}/);
    expect(stdout + stderr).not.toContain('made-up-literal-canary');
  });
});
