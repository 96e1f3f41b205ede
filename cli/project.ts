import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../lib/config/config-error.ts';

/** The folder that holds dist/ and bin/: this code runs as dist/cli.mjs. */
export const PROJECT = join(import.meta.dirname, '..');

export function scenarioNames(): readonly string[] {
  return readdirSync(join(PROJECT, 'dist'))
    .filter((name) => name.endsWith('.js'))
    .map((name) => name.slice(0, -3));
}

/**
 * @param stock for a k6 without weir's extension
 * @throws ConfigError for a scenario that does not exist, naming those that do
 */
export function scenarioBundle(scenario: string, stock: boolean): string {
  const names = scenarioNames();
  if (names.includes(scenario)) {
    return join(PROJECT, stock ? 'dist/stock' : 'dist', `${scenario}.js`);
  }
  throw new ConfigError('scenario', `must be one of ${names.join(', ')}`, JSON.stringify(scenario));
}

/** `WEIR_K6`, else `bin/k6`. */
export function k6Binary(): string {
  const given = process.env['WEIR_K6'];
  const binary = given || join(PROJECT, 'bin/k6');
  if (existsSync(binary)) return binary;
  throw given
    ? new ConfigError('WEIR_K6', 'must be the path of a k6 binary', JSON.stringify(given))
    : new ConfigError('bin/k6', 'is missing; run npm run build');
}
