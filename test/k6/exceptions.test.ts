import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleOptions } from '../../bundle-options.mjs';
import { k6Binary } from '../../cli/project.ts';
import { iterationsShape } from '../../lib/load/closed.ts';
import { DEFAULT_TIMEOUTS } from '../../lib/target/target.ts';
import { type MockServer, startMockServer } from '../../mock-server/server.ts';
import { judgeRun } from '../../report/judge-run.ts';
import { writeJson } from './weir-cli.ts';

const ROOT = join(import.meta.dirname, '../..');

let mock: MockServer;
let folder: string;

beforeAll(async () => {
  mock = await startMockServer({ plan: { ttftMs: 5, chunks: 3, gapMs: 1 } });
  folder = mkdtempSync(join(tmpdir(), 'weir-exceptions-'));
});
afterAll(async () => {
  await mock.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A scenario of weir's own making, whose iteration runs this code. */
async function runScript(name: string, iteration: string, env: Record<string, string> = {}) {
  const source = join(folder, `${name}.ts`);
  writeFileSync(
    source,
    `import { defineLoad } from ${JSON.stringify(join(ROOT, 'lib/k6/load.ts'))};
     import { iterationsShape } from ${JSON.stringify(join(ROOT, 'lib/load/closed.ts'))};
     import { profiles } from ${JSON.stringify(join(ROOT, 'thresholds/index.ts'))};
     const load = defineLoad({ scenario: 'smoke', profiles, profile: 'smoke', settings: [],
       shape: (_, target) => iterationsShape({ ...target, scenario: 'smoke', vus: 1,
         iterations: 2, streamsPerIteration: 1 }) });
     export const options = load.options;
     export const handleSummary = load.handleSummary;
     export default load.iteration(async (user) => { ${iteration} });`,
  );
  const bundle = join(folder, `${name}.js`);
  await build({
    ...bundleOptions(false),
    entryPoints: [source],
    outfile: bundle,
    logLevel: 'silent',
  });
  const target = writeJson(join(folder, `${name}.json`), {
    dialect: 'plain-sse',
    url: `${mock.url}/plain/stream`,
    request: { question: '{prompt}' },
    rules: { answer: 'text', end: '[END]' },
    timeouts: { totalMs: 5000 },
    ...(name === 'unset' && { headers: { Authorization: 'Bearer ${WEIR_TEST_UNSET}' } }),
  });
  const run = join(folder, 'run', name);
  mkdirSync(run, { recursive: true });
  const code = await k6(bundle, { ...env, WEIR_TARGET: target, WEIR_RUN_DIR: run });
  return { code, run };
}

function k6(bundle: string, env: Record<string, string>): Promise<number> {
  const args = ['run', '--quiet', '--no-usage-report', '--log-format', 'json'];
  const logFile = ['--log-output', `file=${env['WEIR_RUN_DIR']}/k6.log`];
  return new Promise((resolve) => {
    execFile(
      k6Binary(),
      [...args, ...logFile, bundle],
      {
        timeout: 60_000,
        env: { ...process.env, K6_AUTO_EXTENSION_RESOLUTION: 'false', ...env },
      },
      (error) => resolve(typeof error?.code === 'number' ? error.code : 0),
    );
  });
}

const { plan } = iterationsShape({
  timeouts: DEFAULT_TIMEOUTS,
  login: [],
  chain: [],
  scenario: 'smoke',
  vus: 1,
  iterations: 2,
  streamsPerIteration: 1,
});

test('no exception: exit 0', async () => {
  const { code, run } = await runScript('fine', 'await user.ask();');
  expect(code).toBe(0);
  expect(await judgeRun(run, plan, [], { code, cut: false })).toMatchObject({
    verdict: 'pass',
    outcomes: { completed: 2 },
  });
});

test('an exception in an iteration: k6 exit 110, verdict invalid, streams kept', async () => {
  const { code, run } = await runScript('throws', 'await user.ask(); undefined.nothing;');
  expect(code).toBe(110);
  const verdict = await judgeRun(run, plan, [], { code, cut: false });
  expect(verdict).toMatchObject({
    verdict: 'invalid',
    exitCode: 110,
    outcomes: { completed: 2 },
  });
  expect(verdict.reasons[0]).toMatch(/^script-error: TypeError: Cannot read property 'nothing'/);
});

test('a variable that is unset while the script runs: k6 exit 108, with the reason', async () => {
  const { code, run } = await runScript('unset', 'await user.ask();');
  expect(code).toBe(108);
  const verdict = await judgeRun(run, plan, [], { code, cut: false });
  expect(verdict).toMatchObject({ verdict: 'invalid', exitCode: 108 });
  expect(verdict.reasons[0]).toMatch(/headers\.Authorization needs the environment variable/);
});
