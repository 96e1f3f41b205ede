import { expect, test } from 'vitest';
import { createRandom, drawFrom, drawHex, drawWhole } from './random.ts';

const draw = (count: number, ...labels: (string | number)[]): number[] => {
  const random = createRandom(...labels);
  return Array.from({ length: count }, () => random.next());
};

test('the same labels give the same numbers: on every machine and in every version', () => {
  expect(draw(3, 1, 'plan', 1)).toEqual(draw(3, 1, 'plan', 1));
  expect(drawHex(createRandom(1, 'ids', 1), 8)).toBe('051c3399');
});

test.each([[[2, 'plan', 1]], [[1, 'fault', 1]], [[1, 'plan', 2]]])(
  'other labels give others: %j',
  (labels) => {
    expect(draw(3, ...labels)).not.toEqual(draw(3, 1, 'plan', 1));
  },
);

test('first numbers of neighbouring streams are spread evenly', () => {
  const firsts = Array.from({ length: 10_000 }, (_, n) => draw(1, 1, 'x', n)[0] ?? 0);
  const tenths = Array.from({ length: 10 }, () => 0);
  for (const first of firsts)
    tenths[Math.floor(first * 10)] = (tenths[Math.floor(first * 10)] ?? 0) + 1;
  for (const count of tenths) {
    expect(count).toBeGreaterThan(850);
    expect(count).toBeLessThan(1150);
  }
});

test('draws stay in their span', () => {
  const random = createRandom(1);
  const wholes = Array.from({ length: 1000 }, () => drawWhole(random, [3, 5]));
  expect(new Set(wholes)).toEqual(new Set([3, 4, 5]));
  const fractions = Array.from({ length: 1000 }, () => drawFrom(random, [1, 2]));
  expect(Math.min(...fractions)).toBeGreaterThanOrEqual(1);
  expect(Math.max(...fractions)).toBeLessThan(2);
  expect(drawFrom(random, [7, 7])).toBe(7);
});
