/**
 * Installs the locked npm packages, builds the bundles and the k6 binary, each only when it is missing
 * or its inputs changed. Runs before the npm scripts that need it; no dependencies, and nothing on
 * stdout: that belongs to the script.
 *
 *   node setup.mjs                   all of it
 *   node setup.mjs --no-k6           packages and bundles
 *   node setup.mjs --packages-only   packages
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';

const ROOT = import.meta.dirname;
const K6_VERSION = 'v2.2.0';
const MODULE = 'github.com/k6-weir/xk6-weir';

const flags = new Set(process.argv.slice(2));
requireNode();
await installPackages();
if (!flags.has('--packages-only')) {
  await buildBundles();
  if (!flags.has('--no-k6')) await buildK6();
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    stop(
      `weir needs Node 20.19 or newer, this is ${process.versions.node}: install it from nodejs.org.`,
    );
  }
}

function requireGo() {
  const { stdout, error } = spawnSync('go', ['version'], { encoding: 'utf8' });
  const found = /go(\d+)\.(\d+)/.exec(stdout ?? '');
  if (error || !found) {
    stop('weir builds its own k6 and needs Go 1.25 or newer: install it from go.dev/dl.');
  }
  if (Number(found[1]) === 1 && Number(found[2]) < 25) {
    stop(
      `weir needs Go 1.25 or newer, this is ${found[1]}.${found[2]}: install it from go.dev/dl.`,
    );
  }
}

async function installPackages() {
  await whenChanged('node_modules/.weir-inputs', ['package-lock.json'], async () => {
    say('installing npm packages …');
    await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], ROOT);
  });
}

async function buildBundles() {
  const inputs = [
    'build.mjs',
    'package-lock.json',
    'scenarios',
    'thresholds',
    'lib',
    'cli',
    'report',
  ];
  await whenChanged('dist/.weir-inputs', [...inputs, 'mock-server', 'demo'], async () => {
    say('building dist/ …');
    await run(process.execPath, ['build.mjs'], ROOT);
  });
}

async function buildK6() {
  const inputs = ['extension', 'setup.mjs'];
  const isSource = (file) =>
    /\.(go|mod|sum|mjs)$/.test(file) &&
    !file.endsWith('_test.go') &&
    !file.startsWith(join(ROOT, 'extension/bench/'));
  if (!existsSync(join(ROOT, 'bin/k6'))) discard('bin/.weir-inputs');
  await whenChanged('bin/.weir-inputs', inputs, compileK6, isSource);
}

async function compileK6() {
  requireGo();
  say(`building bin/k6 (k6 ${K6_VERSION} with k6/x/weir; the first time takes some minutes) …`);
  mkdirSync(join(ROOT, 'bin'), { recursive: true });
  const started = Date.now();
  const args = ['tool', 'xk6', 'build', K6_VERSION, '--with', `${MODULE}=.`, '-o', '../bin/k6.new'];
  await run('go', args, join(ROOT, 'extension'), { quiet: true });
  renameSync(join(ROOT, 'bin/k6.new'), join(ROOT, 'bin/k6'));
  say(`bin/k6 is ready after ${Math.round((Date.now() - started) / 1000)} s.`);
}

/** Does the work unless the stamp file holds the hash of all inputs. */
async function whenChanged(stamp, inputs, work, keep = () => true) {
  const path = join(ROOT, stamp);
  const hash = hashOf(inputs.flatMap((input) => filesIn(join(ROOT, input))).filter(keep));
  if (existsSync(path) && readFileSync(path, 'utf8') === hash) return;
  await work();
  writeFileSync(path, hash);
}

function hashOf(files) {
  const hash = createHash('sha256').update(process.versions.node.split('.')[0] ?? '');
  for (const file of files.sort()) hash.update(relative(ROOT, file)).update(readFileSync(file));
  return hash.digest('hex');
}

function filesIn(path) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  const entries = readdirSync(path, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Output goes to stderr; with `quiet` only when the command fails. */
function run(command, args, cwd, { quiet = false } = {}) {
  return new Promise((resolve) => {
    const output = [];
    const child = spawn(command, args, {
      cwd,
      stdio: ['ignore', quiet ? 'pipe' : 2, quiet ? 'pipe' : 2],
    });
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    const alive = setInterval(() => quiet && say('… still at it'), 30_000);
    child.on('error', (error) => stop(`could not start ${command}: ${error.message}`));
    child.on('close', (code) => {
      clearInterval(alive);
      if (code === 0) return resolve();
      process.stderr.write(Buffer.concat(output));
      stop(`${command} ${args.slice(0, 3).join(' ')} failed with exit code ${code}.`);
    });
  });
}

function discard(stamp) {
  if (existsSync(join(ROOT, stamp))) writeFileSync(join(ROOT, stamp), '');
}

function say(text) {
  process.stderr.write(`weir: ${text}\n`);
}

function stop(text) {
  say(text);
  process.exit(1);
}
