import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type JournalEntry, openJournal } from './journal.ts';

const ENTRY: JournalEntry = {
  n: 1,
  protocol: 'plain-sse',
  path: '/plain/stream',
  openedAt: 1_700_000_000_000.125,
  requestAt: 1_700_000_000_001,
  admitted: true,
  chunks: 2,
  chunkDueMs: [5, 7.123456],
  chunkWrittenAt: [1_700_000_000_006, 1_700_000_000_008.5],
  endedAt: 1_700_000_000_009,
  endedBy: 'server',
  marker: true,
  bytes: 10,
  latenessMsMax: 0.376544,
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const linesOf = (file: string): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

test('the file has every stream, rounded to microseconds, for its owner only', async () => {
  const file = join(folder, 'journal.ndjson');
  const journal = await openJournal(file);
  for (let n = 1; n <= 500; n += 1) journal.add({ ...ENTRY, n });
  await journal.close();
  const lines = linesOf(file);
  expect(lines.map((line) => line['n'])).toEqual(
    Array.from({ length: 500 }, (_, index) => index + 1),
  );
  expect(lines[0]).toEqual({
    ...ENTRY,
    chunkDueMs: [5, 7.123],
    latenessMsMax: 0.377,
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a file of an earlier run is replaced', async () => {
  const file = join(folder, 'journal.ndjson');
  for (const n of [1, 2]) {
    const journal = await openJournal(file);
    journal.add({ ...ENTRY, n });
    await journal.close();
  }
  expect(linesOf(file).map((line) => line['n'])).toEqual([2]);
});

test('memory keeps the last 100,000 streams', async () => {
  const journal = await openJournal(undefined);
  for (let n = 1; n <= 250_001; n += 1) journal.add({ ...ENTRY, n });
  const entries = journal.entries();
  expect([entries.length, entries[0]?.n, entries.at(-1)?.n]).toEqual([100_000, 150_002, 250_001]);
});

test('memory keeps no more than four million chunk times', async () => {
  const journal = await openJournal(undefined);
  for (let n = 1; n <= 50; n += 1) journal.add({ ...ENTRY, n, chunks: 100_000 });
  expect(journal.entries().map((entry) => entry.n)).toEqual(
    Array.from({ length: 40 }, (_, index) => index + 11),
  );
});

test('a reset empties memory; a stream from before it goes to the file only', async () => {
  const file = join(folder, 'journal.ndjson');
  const journal = await openJournal(file);
  journal.add({ ...ENTRY, n: 1 });
  journal.reset();
  journal.add({ ...ENTRY, n: 2 }, { fileOnly: true });
  journal.add({ ...ENTRY, n: 3 });
  expect(journal.entries().map((entry) => entry.n)).toEqual([3]);
  await journal.close();
  expect(linesOf(file)).toHaveLength(3);
});

test('a file that cannot be opened is told at the start', async () => {
  await expect(openJournal(join(folder, 'none', 'journal.ndjson'))).rejects.toThrow('ENOENT');
});

test('lines that could not be written are told at the end', async () => {
  const journal = await openJournal('/dev/full');
  journal.add(ENTRY);
  await expect(journal.close()).rejects.toThrow('journal /dev/full is incomplete');
});
