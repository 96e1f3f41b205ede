import { expect, test } from 'vitest';
import type { Account } from '../target/accounts.ts';
import { accountChooser, pinnedSlots, type StreamPlace } from './strategies.ts';

const account = (id: string, concurrency?: number): Account => ({
  id,
  ...(concurrency !== undefined && { concurrency }),
  credentials: {},
  vars: {},
});
const place = (vu: number, index: number, turn = 0): StreamPlace => ({
  vu,
  index,
  turn,
  iteration: `w/${turn}`,
});

test('slots are numbered round robin over the accounts', () => {
  const ids = pinnedSlots([account('a', 3), account('b', 1), account('c', 2)]).map(({ id }) => id);
  expect(ids).toEqual(['a', 'b', 'c', 'a', 'c', 'a']);
});

test('pinned gives every parallel stream a slot of its own', () => {
  const accounts = [1, 2, 3, 4, 5].map((n) => account(`a${n}`, 3));
  const choose = accountChooser(accounts, 'pinned', 1, { vus: 3, streamsPerIteration: 5 });
  const used = new Map<string, number>();
  for (const vu of [1, 2, 3]) {
    for (const index of [0, 1, 2, 3, 4]) {
      const id = choose(place(vu, index))?.id ?? '';
      used.set(id, (used.get(id) ?? 0) + 1);
    }
  }
  expect([...used.values()]).toEqual([3, 3, 3, 3, 3]);
});

test('pinned, with a single stream at a time, gives every account its turn', () => {
  const accounts = ['a', 'b', 'c'].map((id) => account(id, 2));
  const choose = accountChooser(accounts, 'pinned', 1, { vus: 1, streamsPerIteration: 1 });
  const turns = [0, 1, 2, 3].map((turn) => choose(place(1, 0, turn))?.id);
  expect(turns).toEqual(['a', 'b', 'c', 'a']);
});

test('pinned with more streams than slots is refused with the arithmetic', () => {
  expect(() =>
    accountChooser([account('a1', 3), account('a2', 2)], 'pinned', 1, {
      vus: 2,
      streamsPerIteration: 3,
    }),
  ).toThrow(/2 VUs × 3 streams an iteration = 6, but the accounts hold a1: 3, a2: 2 = 5/);
});

test('pinned wants a concurrency for every account or for none', () => {
  const parallel = { vus: 1, streamsPerIteration: 1 };
  expect(() => accountChooser([account('a', 3), account('b')], 'pinned', 1, parallel)).toThrow(
    /account b has none/,
  );
  const open = accountChooser([account('a'), account('b')], 'pinned', 1, {
    vus: 9,
    streamsPerIteration: 9,
  });
  expect(open(place(2, 0))?.id).toBe('b');
});

test('random-unsafe depends on seed and place only, and uses every account', () => {
  const accounts = [1, 2, 3, 4, 5].map((n) => account(`a${n}`, 3));
  const parallel = { vus: 1, streamsPerIteration: 8 };
  const draw = (seed: number) => {
    const choose = accountChooser(accounts, 'random-unsafe', seed, parallel);
    return Array.from({ length: 2000 }, (_, i) => choose(place(1, i % 8, i >> 3))?.id ?? '');
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  for (const { id } of accounts) {
    const share = draw(1).filter((drawn) => drawn === id).length / 2000;
    // 4.9 standard deviations of a fair draw: a failure is a bug.
    expect(Math.abs(share - 0.2)).toBeLessThan(0.044);
  }
});

test('a target without accounts chooses none', () => {
  const choose = accountChooser([], 'pinned', 1, { vus: 99, streamsPerIteration: 1 });
  expect(choose(place(1, 0))).toBeUndefined();
});
