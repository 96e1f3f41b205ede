import { expect, test } from 'vitest';
import { createLateness } from './lateness.ts';

test('quantiles are right within 5 %, the maximum exactly', () => {
  const lateness = createLateness();
  for (let n = 1; n <= 1000; n += 1) lateness.add(n / 100);
  const { count, p50Ms, p99Ms, maxMs } = lateness.summary();
  expect([count, maxMs]).toEqual([1000, 10]);
  expect(p50Ms).toBeGreaterThanOrEqual(5);
  expect(p50Ms).toBeLessThan(5 * 1.05);
  expect(p99Ms).toBeGreaterThanOrEqual(9.9);
  expect(p99Ms).toBeLessThanOrEqual(10);
});

test.each([0, 0.001, 0.01, 1e9])('%d alone is bounded by itself', (value) => {
  const lateness = createLateness();
  lateness.add(value);
  expect(lateness.summary().maxMs).toBe(value);
  expect(lateness.summary().p50Ms).toBeLessThanOrEqual(value);
});

test('without values all is 0', () => {
  expect(createLateness().summary()).toEqual({ count: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 });
});
