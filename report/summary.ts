import { isObject } from '../lib/config/fields.ts';
import type { Threshold } from '../lib/metrics/profile.ts';
import { selector } from '../lib/metrics/profile.ts';

/** The part of summary.json (k6's handleSummary data) that a verdict needs. */
export interface Summary {
  readonly metrics: Readonly<Record<string, SummaryMetric>>;
  readonly gaps?: GapDistribution;
}

/** Every gap between content frames of the run, from the extension's histogram: within 1 %. */
export interface GapDistribution {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

interface SummaryMetric {
  readonly type: string;
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds: Readonly<Record<string, boolean>>;
}

/** @returns undefined for text that is no summary, as a killed k6 may leave it */
export function parseSummary(text: string): Summary | undefined {
  const value = parse(text);
  if (!isObject(value) || !isObject(value['metrics'])) return undefined;
  const metrics = Object.entries(value['metrics']).map(([name, metric]) => [
    name,
    readMetric(metric),
  ]);
  const gaps = readGaps(value['weir']);
  return { metrics: Object.fromEntries(metrics), ...(gaps && { gaps }) };
}

/** Absent on stock k6, and where no stream had two content frames. */
function readGaps(weir: unknown): GapDistribution | undefined {
  const gaps = isObject(weir) ? weir['gaps'] : undefined;
  if (!isObject(gaps)) return undefined;
  const number = (key: keyof GapDistribution): number => Number(gaps[key]);
  return {
    count: number('count'),
    p50: number('p50'),
    p90: number('p90'),
    p95: number('p95'),
    p99: number('p99'),
    p999: number('p999'),
    max: number('max'),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readMetric(metric: unknown): SummaryMetric {
  const { type, values, thresholds } = isObject(metric) ? metric : {};
  return {
    type: String(type),
    values: Object.fromEntries(
      Object.entries(isObject(values) ? values : {}).map(([key, value]) => [key, Number(value)]),
    ),
    thresholds: Object.fromEntries(
      Object.entries(isObject(thresholds) ? thresholds : {}).map(([expression, result]) => [
        expression,
        isObject(result) && result['ok'] === true,
      ]),
    ),
  };
}

/** A threshold as k6 judged it. */
export interface JudgedThreshold extends Threshold {
  /** The aggregate that the expression looks at; null where there is no sample. */
  readonly value: number | null;
  /** null: no sample, so that k6's own "passed" means nothing. */
  readonly ok: boolean | null;
}

/** Thresholds pass in k6 when there is no sample; here they have no result then. */
export function judgeThreshold(summary: Summary, threshold: Threshold): JudgedThreshold {
  const metric = summary.metrics[selector(threshold)];
  const { aggregate, operator, limit } = readExpression(threshold.expression);
  const isCounter = aggregate === 'count' || metric?.type === 'counter';
  if (isCounter) {
    const value = metric?.values[aggregate] ?? 0;
    const ok = metric?.thresholds[threshold.expression] ?? compare(value, operator, limit);
    return { ...threshold, value, ok };
  }
  const ok = metric?.thresholds[threshold.expression];
  if (metric === undefined || ok === undefined || sampleCount(metric) === 0) {
    return { ...threshold, value: null, ok: null };
  }
  return { ...threshold, value: metric.values[aggregate] ?? null, ok };
}

function sampleCount({ type, values }: SummaryMetric): number {
  return type === 'rate'
    ? (values['passes'] ?? 0) + (values['fails'] ?? 0)
    : (values['count'] ?? 0);
}

function readExpression(expression: string) {
  const [, aggregate = '', operator = '', limit = ''] =
    /^\s*([^<>=!\s]+)\s*([<>=!]+)\s*(\S+)\s*$/.exec(expression) ?? [];
  return { aggregate, operator, limit: Number(limit) };
}

function compare(value: number, operator: string, limit: number): boolean {
  switch (operator) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
    case '!=':
      return value !== limit;
    default:
      return value === limit;
  }
}
