import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import vectors from '../../test/vectors/samples.json' with { type: 'json' };
import { gapBucket, gapStatistics, timeline } from './gaps.ts';
import type { StreamRecord } from './record.ts';
import { samplesOf } from './samples.ts';
import { serverText } from './server-text.ts';

interface Vector {
  readonly name: string;
  readonly record: StreamRecord;
  readonly samples: Readonly<Record<string, number>>;
}

const rows: readonly Vector[] = JSON.parse(JSON.stringify(vectors));

describe('the samples of a record, as the extension pushes them', () => {
  test.each(rows)('$name', ({ record, samples }) => {
    const seen = Object.entries(samplesOf(record));
    expect(Object.fromEntries(seen.map(([name]) => [name, 0]))).toEqual(
      Object.fromEntries(Object.keys(samples).map((name) => [name, 0])),
    );
    for (const [name, value] of seen) expect(value, name).toBeCloseTo(samples[name] ?? 0, 6);
  });
});

describe('gaps', () => {
  test('fewer than two arrivals have none', () => {
    expect(gapStatistics([], 2000)).toBeUndefined();
    expect(gapStatistics([5], 2000)).toBeUndefined();
  });

  test('exact statistics, with stalls above the limit only', () => {
    expect(gapStatistics([0, 10, 20, 20, 2020, 4021], 2000)).toMatchObject({
      count: 5,
      sum: 4021,
      min: 0,
      max: 2001,
      p50: 10,
      stalls: 1,
    });
  });

  test('a bucket’s bounds are within 2 % of all it holds, its middle within 1 %', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.0011, max: 3_600_000, noNaN: true }), (gapMs) => {
        const bucket = gapBucket(gapMs);
        const middle = 1.02 ** (bucket - 0.5) / 1000;
        expect(Math.abs(middle / gapMs - 1)).toBeLessThan(0.0101);
      }),
    );
    expect(gapBucket(0)).toBe(0);
    expect(gapBucket(0.001)).toBe(0);
  });

  test('the histogram holds every gap, in ascending order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 2 }), (steps) => {
        let at = 0;
        const arrivals = steps.map((step) => {
          at += step;
          return at;
        });
        const { histogram = [], count } = gapStatistics(arrivals, 2000) ?? {};
        expect(histogram.reduce((sum, [, held]) => sum + held, 0)).toBe(count);
        const buckets = histogram.map(([bucket]) => bucket);
        expect(buckets).toEqual([...buckets].sort((a, b) => a - b));
      }),
    );
  });

  test('a timeline has at most 512 points, the first and the last among them', () => {
    const arrivals = Array.from({ length: 5000 }, (_, i) => i);
    const points = timeline(arrivals);
    expect(points).toHaveLength(512);
    expect([points[0], points[511]]).toEqual([0, 4999]);
    expect(timeline([1, 2, 3])).toEqual([1, 2, 3]);
  });
});

describe('text that a server chose', () => {
  test.each([
    ['plain 并发量不足', 'plain 并发量不足'],
    ['\u001b[31mred\u001b[0m', '[31mred [0m'],
    ['a\r\n\tb', 'a b'],
    ['\u202egnirts', 'gnirts'],
    ['x'.repeat(500), 'x'.repeat(200)],
    ['😀'.repeat(300), '😀'.repeat(200)],
  ])('%j', (text, clean) => {
    expect(serverText(text)).toBe(clean);
  });
});
