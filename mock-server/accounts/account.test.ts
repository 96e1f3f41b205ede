import { expect, test } from 'vitest';
import type { ResolvedAccount } from '../mock-options.ts';
import { createAccount } from './account.ts';

const OPTIONS: ResolvedAccount = { id: 'a1', concurrency: 2, releaseLagMs: 0, spuriousRefusal: 0 };

test('as many streams as the quota, then a refusal, then one more for each that ends', () => {
  const account = createAccount(OPTIONS, 1);
  const ask = (now: number) => account.refusalAt(now) ?? account.take();
  const first = ask(0);
  ask(0);
  expect(ask(0)).toBe('concurrency');
  if (typeof first === 'string') throw new Error('the first must get in');
  expect(first.release(10, true)).toBe(10);
  expect(first.release(99, true)).toBe(10);
  expect(ask(10)).not.toBe('concurrency');
  expect(ask(10)).toBe('concurrency');
  expect(account.stats()).toEqual({
    id: 'a1',
    concurrency: 2,
    open: 2,
    peakOpen: 2,
    requests: 5,
    admitted: 3,
    completed: 1,
    refusedConcurrency: 2,
    refusedSpurious: 0,
    refusedOverloaded: 0,
  });
});

test('a slot stays taken for the release lag, to the microsecond', () => {
  const account = createAccount({ ...OPTIONS, concurrency: 1, releaseLagMs: 250 }, 1);
  expect(account.refusalAt(0)).toBeUndefined();
  expect(account.take().release(1000, true)).toBe(1250);
  expect(account.refusalAt(1249.999)).toBe('concurrency');
  expect(account.refusalAt(1250)).toBeUndefined();
});

test('spurious refusals are drawn by seed, account and request, and counted apart', () => {
  const refusals = (id: string, seed: number): string => {
    const account = createAccount({ ...OPTIONS, id, concurrency: 10, spuriousRefusal: 0.3 }, seed);
    const letters = Array.from({ length: 1000 }, () => account.refusalAt(0)?.charAt(0) ?? '-');
    expect(account.stats().refusedSpurious).toBe(letters.filter((letter) => letter === 's').length);
    expect(account.stats().refusedConcurrency).toBe(0);
    return letters.join('');
  };
  expect(refusals('a1', 1)).toBe(refusals('a1', 1));
  expect(refusals('a1', 1)).not.toBe(refusals('a1', 2));
  expect(refusals('a1', 1)).not.toBe(refusals('a2', 1));
  expect(refusals('a1', 1).split('s').length / 1000).toBeCloseTo(0.3, 1);
});

test('an account of none refuses all, one without a limit nobody', () => {
  expect(createAccount({ ...OPTIONS, concurrency: 0 }, 1).refusalAt(0)).toBe('concurrency');
  const open = createAccount({ ...OPTIONS, concurrency: Number.POSITIVE_INFINITY }, 1);
  for (let n = 0; n < 1000; n += 1) {
    expect(open.refusalAt(0)).toBeUndefined();
    open.take();
  }
  expect(open.stats().concurrency).toBeNull();
});

test('after a reset what was open is open, and its end is not counted', () => {
  const account = createAccount(OPTIONS, 1);
  const lease = account.take();
  account.reset();
  expect(account.stats()).toMatchObject({ open: 1, peakOpen: 1, admitted: 0 });
  lease.release(0, true);
  expect(account.stats()).toMatchObject({ open: 0, completed: 0 });
});
