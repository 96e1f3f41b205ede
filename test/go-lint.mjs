/** gofmt and go vet for the extension; prints what to fix. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../extension');

const unformatted = run('gofmt', ['-l', '.']).trim();
if (unformatted !== '') fail(`not formatted, run npm run fix:\n${unformatted}`);
run('go', ['vet', './...']);

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0) fail(error?.message ?? `${stdout}${stderr}`);
  return stdout;
}

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
