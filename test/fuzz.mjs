/**
 * Runs every Go fuzz target for a while: `node test/fuzz.mjs [seconds]`, 30 by default. A finding
 * fails, and lies in testdata/fuzz of its package: commit it with the fix.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const EXTENSION = join(import.meta.dirname, '../extension');
const seconds = Number(process.argv[2] ?? 30);

const targets = readdirSync(EXTENSION, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('_test.go'))
  .flatMap((file) =>
    [...readFileSync(join(EXTENSION, file), 'utf8').matchAll(/^func (Fuzz\w+)\(/gm)].map(
      ([, name]) => ({ folder: `./${dirname(file)}`, name }),
    ),
  );
if (targets.length === 0) throw new Error('no fuzz target found');
for (const { folder, name } of targets) {
  process.stdout.write(`fuzzing ${name} for ${seconds} s\n`);
  const args = ['test', folder, '-run', '^$', '-fuzz', `^${name}$`, '-fuzztime', `${seconds}s`];
  const { status } = spawnSync('go', args, { cwd: EXTENSION, stdio: ['ignore', 1, 2] });
  if (status !== 0) process.exit(1);
}
