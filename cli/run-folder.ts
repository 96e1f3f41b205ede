import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError } from '../lib/config/config-error.ts';

/** Every file that a run may leave; `--force` removes these and nothing else. */
export const ARTEFACTS = [
  'summary.json',
  'streams.ndjson',
  'live.ndjson',
  'verdict.json',
  'report.html',
  'report.md',
  'junit.xml',
  'k6.log',
] as const;

const PART = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;

/** `smoke-20261122-081530`: sorts by time, unique to the second. */
export function defaultRunName(scenario: string, now: Date): string {
  const digits = now.toISOString().replace(/\D/g, '');
  return `${scenario}-${digits.slice(0, 8)}-${digits.slice(8, 14)}`;
}

/**
 * Makes `runs/<name>/`, readable for its owner only.
 * @throws ConfigError for a name that leaves runs/, and for a folder that exists without `force`
 */
export function createRunFolder(name: string, force: boolean): string {
  const parts = name.split('/');
  if (!parts.every((part) => PART.test(part))) {
    throw new ConfigError(
      '--name',
      'must be parts of letters, digits, . _ - joined by /, such as demo/one-account',
      JSON.stringify(name.slice(0, 60)),
    );
  }
  const folder = resolve('runs', ...parts);
  if (existsSync(folder)) {
    if (!force) {
      throw new ConfigError(
        '--name',
        `must be new: ${join('runs', name)} exists; --force replaces it`,
      );
    }
    for (const artefact of ARTEFACTS) rmSync(join(folder, artefact), { force: true });
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
