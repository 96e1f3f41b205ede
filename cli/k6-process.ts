import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { K6Exit } from '../report/verdict.ts';

/** Always: no report home, and no attempt to download another k6. */
const K6_ENVIRONMENT = { K6_NO_USAGE_REPORT: 'true', K6_AUTO_EXTENSION_RESOLUTION: 'false' };

export interface K6Run {
  readonly binary: string;
  readonly bundle: string;
  readonly environment: Readonly<Record<string, string>>;
  /** An unmodified k6: it prints the records, and they go into streams.ndjson. */
  readonly stock: boolean;
  /** Of the run: k6.log goes there. */
  readonly folder: string;
  /** After so long k6 hangs: SIGTERM, and 15 s later SIGKILL. */
  readonly watchdogMs: number;
}

const KILL_AFTER_MS = 15_000;

/**
 * Runs k6 in its own process group, so that a Ctrl-C of the terminal reaches it once and through us:
 * the first ends the run in order, the second at once.
 */
export function runK6(run: K6Run): Promise<K6Exit> {
  const { binary, bundle, environment, stock, folder, watchdogMs } = run;
  const log = openSync(join(folder, 'k6.log'), 'a', 0o600);
  const format = stock
    ? ['--log-format', 'raw', '--console-output', join(folder, 'streams.ndjson')]
    : ['--log-format', 'json', '--out', `weir=${join(folder, 'live.ndjson')}`];
  const args = ['run', '--quiet', '--no-usage-report', ...format, bundle];
  const child = spawn(binary, args, {
    detached: true,
    stdio: ['ignore', 'ignore', log],
    env: { ...process.env, ...K6_ENVIRONMENT, ...environment },
  });
  let cut = false;
  const kill = (signal: NodeJS.Signals): void => {
    cut = true;
    child.kill(signal);
  };
  const interrupt = (): void => kill('SIGINT');
  const terminate = (): void => kill('SIGTERM');
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', terminate);
  const timers = [
    setTimeout(terminate, watchdogMs),
    setTimeout(() => kill('SIGKILL'), watchdogMs + KILL_AFTER_MS),
  ];
  return new Promise((resolve, reject) => {
    const done = (): void => {
      for (const timer of timers) clearTimeout(timer);
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', terminate);
      closeSync(log);
    };
    child.on('error', (error) => {
      done();
      reject(error);
    });
    child.on('exit', (code, signal) => {
      done();
      resolve({ code: code ?? 128 + constants.signals[signal ?? 'SIGKILL'], cut });
    });
  });
}

/** A k6 that was built without weir's extension runs the bundles of dist/stock. */
export async function isStockK6(binary: string): Promise<boolean> {
  const { stdout } = await capture(binary, ['version'], {});
  return !stdout.includes('k6/x/weir');
}

/** What `k6 inspect` printed; stderr holds its JSON log. */
export interface Inspection {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Initialises the bundle with the run's own variables and prints its options; sends nothing. */
export function inspectBundle(
  binary: string,
  bundle: string,
  environment: Readonly<Record<string, string>>,
): Promise<Inspection> {
  const flags = ['--execution-requirements', '--include-system-env-vars', '--log-format', 'json'];
  const args = ['inspect', ...flags, bundle];
  return capture(binary, args, environment);
}

function capture(
  binary: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Inspection> {
  const child = spawn(binary, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    env: { ...process.env, ...K6_ENVIRONMENT, ...environment },
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({
        code: code ?? 1,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      }),
    );
  });
}
