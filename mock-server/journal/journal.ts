import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import type { AccountRefusal } from '../accounts/account.ts';
import type { Break } from '../streams/capacity.ts';
import type { EndedBy } from '../streams/player.ts';

/**
 * What the server did with one stream: the ground truth. Moments (`…At`) are epoch milliseconds with
 * microseconds behind the point. Holds no key, no prompt and no answer.
 */
export interface JournalEntry {
  /** Counts all streams in order of arrival, refused ones too, from 1. */
  readonly n: number;
  readonly protocol: string;
  /** Absent when nobody was recognised. */
  readonly account?: string;
  /** What the client sent as `x-request-id`, reduced to 64 of A-Z a-z 0-9 _ . - */
  readonly streamId?: string;
  readonly path: string;
  /** Head of the request, or of the WebSocket upgrade, was read. */
  readonly openedAt: number;
  /** The question was read to its end: zero of the plan. */
  readonly requestAt: number;
  readonly admitted: boolean;
  readonly refused?: Refusal;
  readonly plan?: { readonly chunks: number; readonly ttftMs: number };
  readonly fault?: string;
  /** How the capacity model broke it. */
  readonly broken?: Break;
  /** Content and reasoning chunks that were handed to the kernel. */
  readonly chunks: number;
  /** After `requestAt`, with what the capacity model added. */
  readonly chunkDueMs: readonly number[];
  readonly chunkWrittenAt: readonly number[];
  /** Last byte handed over, or client gone. */
  readonly endedAt: number;
  readonly endedBy: EndedBy;
  /** The protocol's end marker was written. */
  readonly marker: boolean;
  /** Payload: without HTTP headers, chunk sizes and WebSocket frame heads. */
  readonly bytes: number;
  readonly latenessMsMax: number;
  /** Time the server had to wait for the client to read; absent if none. */
  readonly blockedMs?: number;
  /** When the account's slot came free, release lag included. */
  readonly slotFreeAt?: number;
}

export type Refusal =
  | AccountRefusal
  | 'auth'
  | 'overloaded'
  | 'bad-request'
  /** A fault took the place of the answer. */
  | 'fault';

export interface Journal {
  /** `fileOnly` for a stream that began before a reset. */
  add(entry: JournalEntry, options?: { readonly fileOnly: boolean }): void;
  /** The last ones; the file has all. */
  entries(): readonly JournalEntry[];
  /** Forgets what is in memory. */
  reset(): void;
  /** Writes what is left. Rejects when any line could not be written. */
  close(): Promise<void>;
}

const MAX_ENTRIES = 100_000;
/** Of all entries together: 16 bytes each in memory, so 64 MB. */
const MAX_CHUNKS = 4_000_000;

export async function openJournal(file: string | undefined): Promise<Journal> {
  const memory = createMemory();
  const lines = file === undefined ? undefined : await openLines(file);
  return {
    add: (entry, { fileOnly } = { fileOnly: false }) => {
      if (!fileOnly) memory.add(entry);
      lines?.add(entry);
    },
    entries: memory.entries,
    reset: memory.reset,
    close: async () => lines?.close(),
  };
}

function createMemory(): Pick<Journal, 'add' | 'entries' | 'reset'> {
  let kept: JournalEntry[] = [];
  let first = 0;
  let chunks = 0;
  const add = (entry: JournalEntry): void => {
    kept.push(entry);
    chunks += entry.chunks;
    while (kept.length - first > MAX_ENTRIES || chunks > MAX_CHUNKS) {
      chunks -= kept[first]?.chunks ?? 0;
      first += 1;
    }
    // Cut off half at a time, so that dropping an entry costs no shift of all the others.
    if (first > kept.length / 2) {
      kept = kept.slice(first);
      first = 0;
    }
  };
  const reset = (): void => {
    kept = [];
    first = 0;
    chunks = 0;
  };
  return { add, reset, entries: () => kept.slice(first) };
}

/** Entries a turn of the event loop: some 50 µs each, and streams wait meanwhile. */
const LINES_PER_TURN = 20;

async function openLines(file: string): Promise<Pick<Journal, 'add' | 'close'>> {
  const stream = createWriteStream(file, { flags: 'w', mode: 0o600 });
  await once(stream, 'open');
  let failure: Error | undefined;
  stream.on('error', (error) => {
    failure = error;
  });
  const waiting: JournalEntry[] = [];
  let scheduled = false;

  const writeSome = (): void => {
    scheduled = false;
    for (const entry of waiting.splice(0, LINES_PER_TURN)) stream.write(lineOf(entry));
    schedule();
  };
  const schedule = (): void => {
    if (scheduled || waiting.length === 0) return;
    scheduled = true;
    setImmediate(writeSome);
  };
  const add = (entry: JournalEntry): void => {
    waiting.push(entry);
    schedule();
  };
  const close = async (): Promise<void> => {
    for (const entry of waiting.splice(0)) stream.write(lineOf(entry));
    await endStream(stream);
    if (failure !== undefined) throw new Error(`journal ${file} is incomplete`, { cause: failure });
  };
  return { add, close };
}

function endStream(stream: WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve();
    stream.once('close', () => resolve());
    stream.end();
  });
}

function lineOf(entry: JournalEntry): string {
  const rounded = (_key: string, value: unknown): unknown =>
    typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
  return `${JSON.stringify(entry, rounded)}\n`;
}
