import { CATALOGUE, type Metric, type MetricName } from '../lib/metrics/catalogue.ts';
import { quantile } from '../lib/statistics/quantiles.ts';
import type { Outcome } from '../lib/stream/outcome.ts';
import type { StreamRecord } from '../lib/stream/record.ts';
import { samplesOf } from '../lib/stream/samples.ts';

/** Exact distribution of one metric, from the records. Milliseconds where the metric is a time. */
export interface Distribution {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly mean: number;
}

/** What the records of a run, a step or an account say. Warm-up streams are left out. */
export interface Numbers {
  readonly streams: number;
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  /** Trends with at least one sample. */
  readonly metrics: Readonly<Partial<Record<MetricName, Distribution>>>;
}

export interface NumbersCollector {
  add(record: StreamRecord): void;
  numbers(): Numbers;
}

export function createNumbers(): NumbersCollector {
  const samples = new Map<MetricName, number[]>();
  const outcomes: Partial<Record<Outcome, number>> = {};
  let streams = 0;
  return {
    add(record) {
      if (record.warmup) return;
      streams += 1;
      outcomes[record.outcome] = (outcomes[record.outcome] ?? 0) + 1;
      for (const [name, value] of Object.entries(samplesOf(record))) {
        if (isTrend(name)) append(samples, name, value);
      }
    },
    numbers: () => ({
      streams,
      outcomes,
      metrics: Object.fromEntries(
        [...samples].map(([name, values]) => [name, distribution(values)]),
      ),
    }),
  };
}

const TRENDS: ReadonlySet<string> = new Set(
  Object.entries<Metric>(CATALOGUE).flatMap(([name, { type }]) => (type === 'trend' ? name : [])),
);

function isTrend(name: string): name is MetricName {
  return TRENDS.has(name);
}

function append(samples: Map<MetricName, number[]>, name: MetricName, value: number): void {
  const values = samples.get(name);
  if (values === undefined) samples.set(name, [value]);
  else values.push(value);
}

function distribution(values: readonly number[]): Distribution {
  const ascending = Float64Array.from(values).sort();
  const at = (fraction: number): number => quantile(ascending, fraction) ?? 0;
  return {
    count: ascending.length,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    max: at(1),
    mean: ascending.reduce((sum, value) => sum + value, 0) / ascending.length,
  };
}
