import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DIALECTS } from '../../lib/dialects/index.ts';
import { flagName, SETTINGS } from '../../lib/load/settings.ts';
import { CATALOGUE } from '../../lib/metrics/catalogue.ts';
import { FAMILY_OF } from '../../lib/stream/outcome.ts';
import { DEFAULT_TIMEOUTS, loadTarget } from '../../lib/target/target.ts';
import { startMockServer } from '../../mock-server/server.ts';
import { weir, writeJson } from '../k6/weir-cli.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const README = read('README.md');

test('metrics.md is the catalogue', () => {
  const rows = Object.entries(CATALOGUE).map(
    ([name, { type, unit, means }]) => `| \`${name}\` | ${type}, ${unit} | ${means} |`,
  );
  const shown = read('docs/metrics.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(shown).toEqual(rows);
});

test('outcomes.md has every outcome with its family', () => {
  const shown: Record<string, string> = {};
  for (const [, names = '', family = ''] of read('docs/outcomes.md').matchAll(
    /^\| (`[^|]+) \| (\w+) \|/gm,
  )) {
    for (const name of names.match(/[a-z-]+/g) ?? []) shown[name] = family;
  }
  expect(shown).toEqual(FAMILY_OF);
});

test('targets.md has every timeout with its default', () => {
  const shown = Object.fromEntries(
    [...read('docs/targets.md').matchAll(/^\| `(\w+Ms)` \| (\d+) \|/gm)].map(([, name, value]) => [
      name,
      Number(value),
    ]),
  );
  expect(shown).toEqual(DEFAULT_TIMEOUTS);
});

test('the README names every scenario, dialect and top folder', () => {
  const scenarios = readdirSync(join(ROOT, 'scenarios')).map((name) => name.replace('.ts', ''));
  for (const name of [...scenarios, ...Object.keys(DIALECTS)])
    expect(README).toContain(`\`${name}\``);
  const folders = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' })
    .split('\n')
    .flatMap((file) => /^([a-z-]+)\//.exec(file)?.[1] ?? []);
  for (const folder of new Set(folders)) expect(README).toContain(`| \`${folder}/\` |`);
  expect(README.split('\n').length).toBeLessThanOrEqual(250);
});

test('every scenario is at most 60 lines, and its header says what a reader asks', () => {
  for (const name of readdirSync(join(ROOT, 'scenarios'))) {
    const source = read(`scenarios/${name}`);
    expect(source.split('\n').length).toBeLessThanOrEqual(60);
    for (const word of ['Question', 'Load', 'Pass means', 'Settings', 'Command']) {
      expect(source, name).toContain(` * ${word} `);
    }
  }
});

test('flags in the documents exist', () => {
  const flags = [...Object.keys(SETTINGS).map(flagName), '--target', '--name', '--force'];
  const others = ['--help', '--port', '--config'];
  for (const [flag] of README.matchAll(/--[a-z][a-z-]+/g)) {
    expect([...flags, ...others]).toContain(flag);
  }
});

describe('the README’s commands', () => {
  test('the target file in it is one', () => {
    const json = /```json\n([\s\S]*?)```/.exec(README)?.[1] ?? '';
    expect(loadTarget('/t/target.json', () => json).dialect.name).toBe('openai-chat');
  });

  test('a scenario is a script of its own, and finds a relative target', async () => {
    const mock = await startMockServer({ plan: { ttftMs: 5, chunks: 3, gapMs: 1 } });
    const folder = mkdtempSync(join(tmpdir(), 'weir-docs-'));
    try {
      writeJson(join(folder, 'target.json'), {
        dialect: 'openai-chat',
        url: `${mock.url}/v1/chat/completions`,
        request: { model: 'some-model' },
      });
      expect(README).toContain('bin/k6 run dist/smoke.js -e WEIR_TARGET=target.json');
      const args = ['60', join(ROOT, 'bin/k6'), 'run', join(ROOT, 'dist/smoke.js')];
      const command = ['-k', '5', ...args, '-e', 'WEIR_TARGET=target.json', '--no-usage-report'];
      expect(await exitCode('timeout', command, folder)).toBe(0);
      expect(mock.journal()).toHaveLength(3);
    } finally {
      await mock.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('run --help lists every setting', async () => {
    const { stdout, code } = await weir(['run', '--help'], { cwd: ROOT });
    expect(code).toBe(0);
    for (const name of Object.keys(SETTINGS)) expect(stdout).toContain(flagName(name));
  });
});

function exitCode(command: string, args: string[], cwd: string): Promise<unknown> {
  const env = { ...process.env, PWD: cwd, K6_AUTO_EXTENSION_RESOLUTION: 'false' };
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env }, (error) => resolve(error === null ? 0 : error.code));
  });
}
