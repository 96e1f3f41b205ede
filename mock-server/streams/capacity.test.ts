import { expect, test } from 'vitest';
import type { CapacityOptions } from '../mock-options.ts';
import { createRandom } from '../random.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createFakeSink } from '../testing/fake-sink.ts';
import { type Break, createCapacity } from './capacity.ts';
import type { Step, StreamPlan } from './plan.ts';
import { type Played, playStream } from './player.ts';

/** 20 chunks, 250 ms alone: 100 streams a second by the chunk budget, 400 by the slots. */
const CAPACITY: Required<CapacityOptions> = {
  slots: 100,
  chunksPerSecond: 2000,
  queue: 50,
  breakSlipMs: 300,
  breakShare: 0.6,
};
const PLAN = planOf({ ttftMs: 50, chunks: 20, gapMs: 10 });

interface Shape {
  readonly ttftMs: number;
  readonly chunks: number;
  readonly gapMs: number;
}

function planOf({ ttftMs, chunks, gapMs }: Shape): StreamPlan {
  const bytes = Buffer.from('x');
  const steps: Step[] = Array.from({ length: chunks }, (_, index) => {
    return { kind: 'content', atMs: ttftMs + index * gapMs, bytes };
  });
  const endAtMs = ttftMs + chunks * gapMs;
  steps.push({ kind: 'marker', atMs: endAtMs, bytes });
  return { headAtMs: 0, steps, endAtMs, end: 'clean', answersClose: true };
}

interface Load {
  readonly refused: number;
  readonly played: readonly Played[];
  readonly ttftMs: number;
  readonly gapMs: number;
  readonly brokenShare: number;
}

/** Evenly spaced arrivals over so many seconds; then everybody who stalls leaves. */
function load(ratePerSecond: number, seconds: number, options = CAPACITY): Load {
  const clock = createFakeClock({ startAt: 0 });
  const capacity = createCapacity(options);
  const played: Played[] = [];
  let refused = 0;
  const arrive = (n: number): void => {
    const seat = capacity.enter(createRandom(1, 'break', n));
    if (seat === undefined) {
      refused += 1;
      return;
    }
    const sink = createFakeSink(clock.now);
    playStream({
      plan: PLAN,
      startAt: clock.now(),
      sink,
      seat,
      clock,
      idleLimitMs: 1000,
      onContent: () => undefined,
      onEnd: (result) => played.push(result),
    });
    clock.at(clock.now() + 60_000, sink.leave);
  };
  for (let n = 0; n < ratePerSecond * seconds; n += 1) {
    clock.at((n * 1000) / ratePerSecond, () => arrive(n));
  }
  clock.runUntil(120_000);
  return { refused, played, ...summary(played) };
}

function summary(played: readonly Played[]) {
  const firstDue = played
    .map((stream) => stream.chunkDueMs[0] ?? Number.NaN)
    .filter(Number.isFinite);
  const whole = played.filter((stream) => stream.marker);
  const gaps = whole.map(
    ({ chunkDueMs }) => ((chunkDueMs.at(-1) ?? 0) - (chunkDueMs[0] ?? 0)) / 19,
  );
  return {
    ttftMs: mean(firstDue),
    gapMs: mean(gaps),
    brokenShare: played.filter((stream) => stream.broken !== undefined).length / played.length,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test.each([10, 50, 90])(
  'at %i streams a second, below capacity, times are those of the plan',
  (rate) => {
    const { ttftMs, gapMs, refused, brokenShare } = load(rate, 5);
    expect(ttftMs).toBeCloseTo(50, 3);
    expect(gapMs).toBeCloseTo(10, 3);
    expect({ refused, brokenShare }).toEqual({ refused: 0, brokenShare: 0 });
  },
);

test('above capacity gaps stretch to slots / chunksPerSecond, streams wait, and some are refused', () => {
  const over = load(200, 5, { ...CAPACITY, breakShare: 0 });
  expect(over.gapMs).toBeGreaterThan(30);
  expect(over.gapMs).toBeLessThanOrEqual(50.001);
  expect(over.ttftMs).toBeGreaterThan(200);
  expect(over.refused).toBeGreaterThan(0);
  expect(over.brokenShare).toBe(0);
  expect(over.refused + over.played.length).toBe(1000);
});

test('what is completed stays at the capacity', () => {
  const { played } = load(200, 5, { ...CAPACITY, breakShare: 0 });
  const inTime = played.filter((stream) => stream.endedAt <= 5000 && stream.marker).length;
  expect(inTime / 5).toBeGreaterThan(80);
  expect(inTime / 5).toBeLessThan(105);
});

test('the share of broken streams grows with the overload, up to breakShare', () => {
  const shares = [90, 120, 160, 240].map((rate) => load(rate, 5).brokenShare);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares[0]).toBe(0);
  expect(shares[3]).toBeGreaterThan(0.2);
  expect(shares[3]).toBeLessThanOrEqual(0.65);
});

test('broken streams end in all three ways: clean without marker, reset, stall', () => {
  const { played } = load(240, 5);
  const ends = new Map<Break, Set<string>>();
  for (const { broken, endedBy, marker } of played) {
    if (broken === undefined) continue;
    expect(marker).toBe(false);
    ends.set(broken, (ends.get(broken) ?? new Set()).add(endedBy));
  }
  expect(Object.fromEntries([...ends].map(([how, by]) => [how, [...by]]))).toEqual({
    'no-terminal': ['server'],
    rst: ['server'],
    stall: ['client'],
  });
});

test('no stream breaks below breakSlipMs, all that ever do have at twice that', () => {
  const capacity = createCapacity({ ...CAPACITY, slots: 10_000 });
  const seats = Array.from({ length: 2000 }, (_, n) => capacity.enter(createRandom(1, n)));
  const shareAt = (slipMs: number): number =>
    seats.filter((seat) => seat?.breakAt(slipMs) !== undefined).length / seats.length;
  expect(shareAt(300)).toBe(0);
  expect(shareAt(450)).toBeCloseTo(0.3, 1);
  expect(shareAt(600)).toBeCloseTo(0.6, 1);
  expect(shareAt(1e9)).toBe(shareAt(600));
});

test('slots are taken, queued for in order, and the next is refused', () => {
  const capacity = createCapacity({ ...CAPACITY, slots: 1, queue: 2 });
  const seated: string[] = [];
  const enter = (name: string) => {
    const seat = capacity.enter(createRandom(name));
    seat?.whenReady(() => seated.push(name));
    return seat;
  };
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(enter);
  expect(d).toBeUndefined();
  expect(seated).toEqual(['a']);
  b?.leave();
  expect(seated).toEqual(['a']);
  a?.leave();
  a?.leave();
  expect(seated).toEqual(['a', 'c']);
  expect(enter('e')).toBeDefined();
  c?.leave();
  expect(seated).toEqual(['a', 'c', 'e']);
});

test('a queue of thousands of streams that end as they are seated does not recurse', () => {
  const capacity = createCapacity({ ...CAPACITY, slots: 1, queue: 50_000 });
  let seated = 0;
  const first = capacity.enter(createRandom(0));
  for (let n = 1; n <= 50_000; n += 1) {
    const seat = capacity.enter(createRandom(n));
    seat?.whenReady(() => {
      seated += 1;
      seat.leave();
    });
  }
  first?.leave();
  expect(seated).toBe(50_000);
});

test('without a capacity nothing waits and nothing breaks', () => {
  const seat = createCapacity(undefined).enter(createRandom(1));
  expect(seat?.serve(5)).toBe(5);
  expect(seat?.breakAt(1e9)).toBeUndefined();
});
