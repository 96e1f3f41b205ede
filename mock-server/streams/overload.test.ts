import { afterEach, expect, test } from 'vitest';
import { type JournalEntry, type MockServer, startMockServer } from '../server.ts';
import { ask } from '../testing/http-client.ts';
import { until } from '../testing/until.ts';

let server: MockServer;
afterEach(() => server.close());

/** Sends at even distances, whatever comes back; clients leave streams that stall. */
async function offer(ratePerSecond: number, streams: number): Promise<readonly JournalEntry[]> {
  server.reset();
  const startedAt = performance.now();
  const asked: Promise<unknown>[] = [];
  await until('all are sent', () => {
    const due = Math.floor(((performance.now() - startedAt) * ratePerSecond) / 1000) + 1;
    while (asked.length < Math.min(due, streams)) {
      asked.push(ask(`${server.url}/plain/stream`, { idleMs: 3000 }).catch(() => undefined));
    }
    return asked.length === streams;
  });
  await Promise.all(asked);
  await until('all are over', () => server.journal().length === streams);
  return server.journal();
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function seenIn(journal: readonly JournalEntry[]) {
  const admitted = journal.filter((entry) => entry.admitted);
  const whole = admitted.filter((entry) => entry.marker);
  return {
    ttftMs: median(whole.map(({ requestAt, chunkWrittenAt: [first = 0] }) => first - requestAt)),
    gapMs: median(
      whole.map(({ chunkWrittenAt: at }) => ((at.at(-1) ?? 0) - (at[0] ?? 0)) / (at.length - 1)),
    ),
    incompleteShare: 1 - whole.length / admitted.length,
    overloaded: journal.filter((entry) => entry.refused === 'overloaded').length,
  };
}

// 50 streams a second by the chunk budget; one alone takes 250 ms.
test('real streams: flat below capacity; above it TTFT and gaps stretch and streams break', async () => {
  server = await startMockServer({
    plan: { ttftMs: 50, chunks: 20, gapMs: 10 },
    capacity: { slots: 25, chunksPerSecond: 1000, queue: 60, breakSlipMs: 500, breakShare: 0.5 },
  });
  const below = seenIn(await offer(15, 20));
  const above = seenIn(await offer(90, 110));
  const farAbove = seenIn(await offer(200, 200));
  expect(below).toMatchObject({ incompleteShare: 0, overloaded: 0 });
  expect(above.gapMs).toBeGreaterThan(below.gapMs * 1.5);
  expect(farAbove.ttftMs).toBeGreaterThan(below.ttftMs * 2);
  expect(farAbove.incompleteShare).toBeGreaterThan(0.1);
  expect(farAbove.incompleteShare).toBeGreaterThan(above.incompleteShare);
  expect(farAbove.overloaded).toBeGreaterThan(0);
}, 60_000);
