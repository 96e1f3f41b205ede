/** Durations in logarithmic buckets: bounded memory, quantiles within 5 %. */
export interface Lateness {
  add(latenessMs: number): void;
  summary(): LatenessSummary;
}

/** Milliseconds; 0 when nothing has been added. */
export interface LatenessSummary {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** The first bucket ends here: a hundredth of the 1 ms that timers are good for. */
const SMALLEST_MS = 0.01;
const GROWTH = 1.05;
/** 0.01 ms × 1.05^400 is 49 minutes. */
const BUCKETS = 400;

export function createLateness(): Lateness {
  const counts = new Uint32Array(BUCKETS);
  let count = 0;
  let maxMs = 0;

  /** Upper end of the bucket that holds the quantile, but never more than the largest seen. */
  const quantileMs = (share: number): number => {
    let left = Math.ceil(share * count);
    for (const [bucket, held] of counts.entries()) {
      left -= held;
      if (held > 0 && left <= 0) return Math.min(SMALLEST_MS * GROWTH ** bucket, maxMs);
    }
    return maxMs;
  };
  return {
    add: (latenessMs) => {
      const bucket = Math.ceil(Math.log(latenessMs / SMALLEST_MS) / Math.log(GROWTH));
      const index = latenessMs > SMALLEST_MS ? Math.min(bucket, BUCKETS - 1) : 0;
      counts[index] = (counts[index] ?? 0) + 1;
      count += 1;
      maxMs = Math.max(maxMs, latenessMs);
    },
    summary: () => ({ count, p50Ms: quantileMs(0.5), p99Ms: quantileMs(0.99), maxMs }),
  };
}
