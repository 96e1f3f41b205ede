import { quantile } from '../statistics/quantiles.ts';
import type { Gaps } from './record.ts';

/** Growth of the histogram's buckets: a bucket's geometric middle is within 1 % of all it holds. */
const GAMMA = 1.02;

/** 1-based bucket of a gap; bucket 0 holds gaps of at most 1 µs, as frames of one read have. */
export function gapBucket(gapMs: number): number {
  const gapUs = gapMs * 1000;
  return gapUs <= 1 ? 0 : Math.ceil(Math.log(gapUs) / Math.log(GAMMA));
}

/**
 * Exact statistics of the gaps between content frames.
 * @param contentAt arrivals in ms, ascending
 * @returns undefined with fewer than two arrivals
 */
export function gapStatistics(contentAt: readonly number[], stallMs: number): Gaps | undefined {
  if (contentAt.length < 2) return undefined;
  const gaps = new Float64Array(contentAt.length - 1);
  for (let i = 0; i < gaps.length; i += 1) {
    gaps[i] = (contentAt[i + 1] ?? 0) - (contentAt[i] ?? 0);
  }
  const sum = gaps.reduce((total, gap) => total + gap, 0);
  const stalls = gaps.reduce((count, gap) => count + (gap > stallMs ? 1 : 0), 0);
  gaps.sort();
  const at = (fraction: number): number => quantile(gaps, fraction) ?? 0;
  return {
    count: gaps.length,
    sum,
    min: at(0),
    max: at(1),
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    stalls,
    histogram: histogram(gaps),
  };
}

function histogram(sorted: Float64Array): readonly (readonly [number, number])[] {
  const counts = new Map<number, number>();
  for (const gap of sorted) {
    const bucket = gapBucket(gap);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  return [...counts];
}

const MAX_TIMELINE = 512;

/** At most 512 arrivals, evenly chosen, the first and the last among them. */
export function timeline(contentAt: readonly number[]): readonly number[] {
  if (contentAt.length <= MAX_TIMELINE) return contentAt;
  const last = contentAt.length - 1;
  return Array.from(
    { length: MAX_TIMELINE },
    (_, i) => contentAt[Math.round((i * last) / (MAX_TIMELINE - 1))] ?? 0,
  );
}
