import { expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { createFakeClock, type FakeClock } from '../testing/fake-clock.ts';
import { createFakeSink } from '../testing/fake-sink.ts';
import { createCapacity, type Seat } from './capacity.ts';
import type { PlanEnd, Step, StreamPlan } from './plan.ts';
import { type Played, type PlayOptions, playStream } from './player.ts';

const START_AT = 1000;

function step(kind: Step['kind'], atMs: number): Step {
  return { kind, atMs, bytes: Buffer.from(`${kind} ${atMs}\n`) };
}

function planOf(contentAtMs: readonly number[], end: PlanEnd = 'clean'): StreamPlan {
  const endAtMs = (contentAtMs.at(-1) ?? 0) + 10;
  const content = contentAtMs.map((atMs) => step('content', atMs));
  const steps = [step('opening', 0), ...content, step('marker', endAtMs)];
  return { headAtMs: 0, steps, endAtMs, end, answersClose: true };
}

function play(plan: StreamPlan, clock: FakeClock, change: Partial<PlayOptions> = {}) {
  const sink = createFakeSink(clock.now);
  const lateness: (number | undefined)[] = [];
  const results: Played[] = [];
  const seat = createCapacity(undefined).enter(createRandom(1));
  if (seat === undefined) throw new Error('no seat without a limit');
  const stream = playStream({
    plan,
    startAt: START_AT,
    sink,
    seat,
    clock,
    idleLimitMs: 500,
    onContent: (ms) => lateness.push(ms),
    onEnd: (played) => results.push(played),
    ...change,
  });
  return { sink, stream, lateness, results };
}

test('late timers add up to nothing: every due time is the plan’s, and no write is early', () => {
  const clock = createFakeClock({ lateMs: 1.5 });
  const atMs = Array.from({ length: 200 }, (_, index) => 100 + index * 12.5);
  const { sink, results } = play(planOf(atMs), clock);
  clock.runUntil(START_AT + 10_000);
  const [played] = results;
  expect(played?.chunkDueMs).toEqual(atMs);
  const late = played?.chunkWrittenAt.map((at, index) => at - START_AT - (atMs[index] ?? 0));
  expect(Math.min(...(late ?? []))).toBeGreaterThanOrEqual(0);
  expect(Math.max(...(late ?? []))).toBeLessThanOrEqual(1.5);
  expect(played).toMatchObject({ marker: true, endedBy: 'server', latenessMsMax: 1.5 });
  expect(sink.ends).toEqual([{ how: 'clean', settled: true }]);
});

test('after a halt of the process everything that is due goes out at once', () => {
  const clock = createFakeClock({ lateMs: 100 });
  const { sink } = play(planOf([10, 20, 30, 400]), clock);
  clock.runUntil(START_AT + 111);
  expect(sink.written.map(({ at }) => at - START_AT)).toEqual([0, 110, 110, 110]);
});

test('a client that does not read holds up its stream; nothing is queued, and it counts apart', () => {
  const clock = createFakeClock();
  const { sink, results, lateness } = play(planOf([10, 20, 30, 300]), clock);
  sink.answer = 'full';
  clock.runUntil(START_AT + 200);
  expect(sink.written.map(({ text }) => text)).toEqual(['opening 0\n', 'content 10\n']);
  sink.answer = 'taken';
  sink.drain();
  expect(sink.written).toHaveLength(4);
  clock.runUntil(START_AT + 1000);
  expect(lateness).toEqual([0, undefined, undefined, 0]);
  expect(results[0]).toMatchObject({ blockedMs: 190, latenessMsMax: 0, marker: true });
});

test('a client that does not read for the idle limit is dropped', () => {
  const clock = createFakeClock();
  const { sink, results } = play(planOf([10, 20]), clock);
  sink.answer = 'full';
  clock.runUntil(START_AT + 509);
  expect(results).toEqual([]);
  clock.runUntil(START_AT + 510);
  expect(results[0]).toMatchObject({ endedBy: 'idle-limit', marker: false, blockedMs: 500 });
  expect(sink.destroyed).toBe(true);
});

test('a client that leaves ends its stream, once', () => {
  const clock = createFakeClock();
  const { sink, stream, results } = play(planOf([10, 20]), clock);
  clock.runUntil(START_AT + 15);
  sink.leave();
  sink.leave();
  stream.stop('shutdown');
  clock.runUntil(START_AT + 1000);
  expect(results).toHaveLength(1);
  expect(results[0]).toMatchObject({ endedBy: 'client', endedAt: START_AT + 15, marker: false });
  expect(results[0]?.chunkWrittenAt).toEqual([START_AT + 10]);
  expect(sink.ends).toEqual([]);
});

test('a write that nobody takes is not a written chunk', () => {
  const clock = createFakeClock();
  const { sink, results } = play(planOf([10, 20]), clock);
  clock.runUntil(START_AT + 15);
  sink.answer = 'gone';
  clock.runUntil(START_AT + 1000);
  expect(results[0]).toMatchObject({ endedBy: 'client', chunkWrittenAt: [START_AT + 10] });
});

test('a stall lasts until the client leaves', () => {
  const clock = createFakeClock();
  const plan = { ...planOf([10, 20], 'hang'), steps: [step('content', 10)] };
  const { sink, results } = play(plan, clock);
  clock.runUntil(START_AT + 100_000);
  expect(results).toEqual([]);
  sink.leave();
  expect(results[0]).toMatchObject({ endedBy: 'client', endedAt: START_AT + 100_000 });
});

test('a stalled stream gives its engine slot back, its connection stays', () => {
  const clock = createFakeClock();
  const left: number[] = [];
  const seat: Seat = {
    whenReady: (run) => run(),
    serve: (wantedAt) => wantedAt,
    breakAt: () => undefined,
    leave: () => left.push(clock.now()),
  };
  const plan = { ...planOf([10, 20], 'hang'), steps: [step('content', 10)] };
  const { results } = play(plan, clock, { seat });
  clock.runUntil(START_AT + 1000);
  expect(left).toEqual([START_AT + plan.endAtMs]);
  expect(results).toEqual([]);
});

test('a hang after the marker is over for the account', () => {
  const clock = createFakeClock();
  const { sink, results } = play(planOf([10, 20], 'hang'), clock);
  clock.runUntil(START_AT + 100);
  expect(results[0]).toMatchObject({ endedBy: 'server', marker: true, endedAt: START_AT + 30 });
  expect(sink.ends).toEqual([{ how: 'hang', settled: true }]);
});

test('the head waits for its time', () => {
  const clock = createFakeClock();
  const { sink } = play({ ...planOf([700]), headAtMs: 600 }, clock);
  clock.runUntil(START_AT + 599);
  expect(sink.startedAt).toBeUndefined();
  clock.runUntil(START_AT + 600);
  expect(sink.startedAt).toBe(START_AT + 600);
});

test('a reset comes when the next chunk would have come, not with the last one', () => {
  const clock = createFakeClock();
  const plan = { ...planOf([10, 20], 'reset'), steps: [step('content', 10)], endAtMs: 20 };
  const { sink, results } = play(plan, clock);
  clock.runUntil(START_AT + 19);
  expect(sink.ends).toEqual([]);
  clock.runUntil(START_AT + 20);
  expect(sink.ends).toEqual([{ how: 'reset', settled: false }]);
  expect(results[0]).toMatchObject({ endedBy: 'server', endedAt: START_AT + 20 });
});
