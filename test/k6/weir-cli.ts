import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { StreamRecord } from '../../lib/stream/record.ts';
import type { Verdict } from '../../report/verdict.ts';

const CLI = join(import.meta.dirname, '../../dist/cli.mjs');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the process once it runs. */
  readonly whileRunning?: (pid: number) => void | Promise<void>;
}

/** Runs the built command line as a user would; killed after two minutes. */
export function weir(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: options.cwd,
    env: { ...withoutWeir(process.env), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
    killSignal: 'SIGTERM',
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    output.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  if (child.pid !== undefined) void options.whileRunning?.(child.pid);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...output }));
  });
}

/** Settings of the developer's own shell must not decide a test. */
function withoutWeir(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('WEIR_') || name === 'WEIR_K6'),
  );
}

export function writeJson(file: string, value: unknown): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
}

export function readVerdict(cwd: string, run: string): Verdict {
  return JSON.parse(readFileSync(join(cwd, 'runs', run, 'verdict.json'), 'utf8'));
}

export function readStreams(cwd: string, run: string): readonly StreamRecord[] {
  const file = join(cwd, 'runs', run, 'streams.ndjson');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
