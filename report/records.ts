import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isObject } from '../lib/config/fields.ts';
import { FAMILY_OF } from '../lib/stream/outcome.ts';
import type { StreamRecord } from '../lib/stream/record.ts';

/** What a file of records held besides records. */
export interface RecordsRead {
  readonly records: number;
  /** Lines that are no record of version 1: a cut last line, or somebody else's output. */
  readonly foreignLines: number;
}

/** Reads `streams.ndjson` line by line, in bounded memory. A missing file holds no records. */
export async function readRecords(
  file: string,
  onRecord: (record: StreamRecord) => void,
): Promise<RecordsRead> {
  if (!existsSync(file)) return { records: 0, foreignLines: 0 };
  let records = 0;
  let foreignLines = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: 1e9 })) {
    const record = line === '' ? undefined : parseRecord(line);
    if (record !== undefined) {
      records += 1;
      onRecord(record);
    } else if (line !== '') foreignLines += 1;
  }
  return { records, foreignLines };
}

function parseRecord(line: string): StreamRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The parts that every reader relies on; the writer is ours. */
function isRecord(value: unknown): value is StreamRecord {
  return (
    isObject(value) &&
    value['v'] === 1 &&
    typeof value['id'] === 'string' &&
    typeof value['outcome'] === 'string' &&
    Object.hasOwn(FAMILY_OF, value['outcome']) &&
    isObject(value['marks']) &&
    isObject(value['counts'])
  );
}
