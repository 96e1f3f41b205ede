import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { resolveMockOptions, startMockServer } from './server.ts';
import { FAULTS } from './streams/faults.ts';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
const README = read('README.md');

function rowsUnder(heading: string): readonly (readonly string[])[] {
  const section = README.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const firstCells = (heading: string): readonly string[] =>
  rowsUnder(heading).map(([cell = '']) => cell.replaceAll('`', ''));

test('what it does not imitate comes first', () => {
  expect(README.match(/^## .*$/m)?.[0]).toBe('## What it does not imitate');
});

test('the table of faults is that of the code', () => {
  expect(rowsUnder('Faults')).toEqual(
    FAULTS.map(({ name, does, value = '' }) => [`\`${name}\``, does, value]),
  );
});

test('every option has its row', () => {
  const accounts = [{ id: 'a', concurrency: 1 }];
  const capacity = { slots: 1, chunksPerSecond: 1 };
  const resolved = resolveMockOptions({ journalFile: 'x', accounts, capacity });
  expect([...firstCells('Configuration')].sort()).toEqual(Object.keys(resolved).sort());
});

test('every journal field has its row, in the order of the interface', () => {
  const source = read('journal/journal.ts').split('export interface JournalEntry {')[1] ?? '';
  const fields = [...(source.split('\n}')[0] ?? '').matchAll(/^ {2}readonly (\w+)/gm)];
  expect(firstCells('Journal')).toEqual(fields.map(([, name]) => name));
});

test('every endpoint is there', async () => {
  const server = await startMockServer();
  try {
    for (const cell of firstCells('Endpoints')) {
      const [method = '', path = ''] = cell.split(' ');
      const seen = await fetch(server.url + path, { method });
      const { error } = Object(await seen.json().catch(() => ({})));
      // A wrong path would be 404, a wrong method 405.
      expect([cell, seen.status === 404 && error?.code === 'not_found']).toEqual([cell, false]);
      expect([cell, seen.status]).not.toEqual([cell, 405]);
    }
  } finally {
    await server.close();
  }
});

test('the example is valid', () => {
  const options = README.match(/startMockServer\((\{[\s\S]*?\n\})\)/)?.[1] ?? '';
  const json = options
    .replace(/'/g, '"')
    .replace(/(\w+): /g, '"$1": ')
    .replace(/,(\s*[}\]])/g, '$1');
  expect(
    resolveMockOptions(JSON.parse(json.replace(/"(no-terminal|rst)": /g, '$1: '))).faults,
  ).toBe('no-terminal:1%,rst=3:0.5%');
});
