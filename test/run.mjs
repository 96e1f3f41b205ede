/**
 * Runs every test, TypeScript and Go, and ends with one line that adds them up:
 * `N passed, N failed`. Exit code 1 when any failed or a runner did not get to its end.
 *
 *   node test/run.mjs [vitest arguments]
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'weir-test-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const results = [await vitest(process.argv.slice(2))];
if (process.argv.length === 2) results.push(await goTest());

const sum = (key) => results.reduce((total, result) => total + result[key], 0);
const broken = results.flatMap(({ broken }) => broken ?? []);
for (const text of broken) process.stdout.write(`${text}\n`);
const failed = sum('failed') + broken.length;
const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : '';
process.stdout.write(`${sum('passed')} passed, ${failed} failed${skipped}\n`);
process.exitCode = failed === 0 && sum('passed') > 0 ? 0 : 1;

async function vitest(args) {
  const file = join(folder, 'vitest.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const code = await run(process.execPath, [
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    ...reporters,
    ...args,
  ]);
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = readJson(file);
  return {
    passed: numPassedTests ?? 0,
    failed: numFailedTests ?? 0,
    skipped: (numPendingTests ?? 0) + (numTodoTests ?? 0),
    // A file that cannot be loaded, or an error outside a test, fails no test but the run.
    broken: code !== 0 && !numFailedTests ? [`vitest ended with exit code ${code}`] : [],
  };
}

/** With the race detector where there is a C compiler for it. */
async function goTest() {
  const race = spawnSync('cc', ['--version']).status === 0;
  if (!race) process.stdout.write('NO RACE DETECTOR: no C compiler (cc) on this machine\n');
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const output = new Map();
  const args = ['test', '-json', ...(race ? ['-race'] : []), '-timeout', '20m', './...'];
  const code = await run('go', args, join(ROOT, 'extension'), (line) => {
    const event = parse(line);
    const key = `${event?.Package} ${event?.Test ?? ''}`;
    if (event?.Action === 'output') {
      output.set(key, `${output.get(key) ?? ''}${event.Output}`);
    } else if (event?.Test && ['pass', 'fail', 'skip'].includes(event.Action)) {
      counts[{ pass: 'passed', fail: 'failed', skip: 'skipped' }[event.Action]] += 1;
      if (event.Action === 'fail') process.stdout.write(output.get(key) ?? '');
      output.delete(key);
    } else if (event?.Action === 'pass' || event?.Action === 'fail') {
      process.stdout.write(`${event.Action} ${event.Package} ${event.Elapsed} s\n`);
      if (event.Action === 'fail') process.stdout.write(output.get(key) ?? '');
    } else if (event?.Action === 'build-output') process.stdout.write(event.Output);
  });
  const broken = code !== 0 && counts.failed === 0 ? [`go test ended with exit code ${code}`] : [];
  return { ...counts, broken };
}

function run(command, args, cwd = ROOT, onLine) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', onLine ? 'pipe' : 1, 2] });
    let rest = '';
    child.stdout?.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
    child.on('error', (error) => {
      process.stdout.write(`${command}: ${error.message}\n`);
      resolve(1);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}

function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
