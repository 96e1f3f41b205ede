import { contentCount } from '../lib/stream/outcome.ts';
import type { StreamRecord } from '../lib/stream/record.ts';
import type { JournalEntry } from '../mock-server/journal/journal.ts';

/**
 * Holds the records against what the server wrote down: every stream by its id, every refusal, and
 * every chunk of the streams that both call whole. Of a broken stream only the upper bound is known:
 * a reset throws away what the client had not read yet.
 * @returns what does not agree, in words; empty when all does
 */
export function compareWithJournal(
  records: readonly StreamRecord[],
  journal: readonly JournalEntry[],
): readonly string[] {
  const entries = new Map(journal.map((entry) => [entry.streamId, entry]));
  const problems: string[] = [];
  if (records.length !== journal.length) {
    problems.push(`${records.length} records, but the server saw ${journal.length} streams`);
  }
  for (const record of records) {
    const entry = entries.get(record.id);
    const problem = entry === undefined ? 'unknown to the server' : compare(record, entry);
    if (problem !== undefined) problems.push(`stream ${record.id} (${record.outcome}): ${problem}`);
  }
  return problems;
}

function compare(record: StreamRecord, entry: JournalEntry): string | undefined {
  const chunks = contentCount(record);
  if ((record.family === 'quota') !== (entry.refused === 'concurrency')) {
    return `the server ${entry.refused === undefined ? 'admitted' : 'refused'} it`;
  }
  if (record.outcome === 'completed' && (!entry.marker || chunks !== entry.chunks)) {
    return `${chunks} chunks seen, the server wrote ${entry.chunks}`;
  }
  return chunks > entry.chunks ? `${chunks} chunks seen of ${entry.chunks} written` : undefined;
}
