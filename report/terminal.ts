import type { Distribution, Numbers } from './numbers.ts';
import type { Verdict } from './verdict.ts';

/** A verdict as text for a terminal: first the word, then what it rests on. */
export function renderVerdict(verdict: Verdict): string {
  return [
    ...headline(verdict),
    '',
    ...outcomeLines(verdict),
    ...timingLines(verdict),
    ...stepTable(verdict),
    ...accountTable(verdict),
    ...thresholdLines(verdict),
    '',
  ].join('\n');
}

/** Columns padded to the widest cell; the first row is the head. Wide characters count double. */
export function renderTable(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => width(row[column] ?? ''))),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
      .join('  ')
      .trimEnd(),
  );
}

function width(text: string): number {
  let cells = 0;
  for (const char of text)
    cells +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
        char,
      )
        ? 2
        : 1;
  return cells;
}

function headline({ verdict, reasons }: Verdict): readonly string[] {
  return [`verdict: ${verdict.toUpperCase()}`, ...reasons.map((reason) => `  ${reason}`)];
}

function outcomeLines({ streams, outcomes }: Verdict): readonly string[] {
  return [`${streams} streams: ${outcomeText(outcomes) || 'none'}`];
}

/** `completed 30, concurrency-limited 10`, the most frequent first. */
export function outcomeText(outcomes: Numbers['outcomes']): string {
  return Object.entries(outcomes)
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, count]) => `${outcome} ${count}`)
    .join(', ');
}

const TIMINGS = [
  ['stream_ttft', 'time to first content'],
  ['stream_max_gap', 'longest gap'],
  ['stream_duration', 'whole answer'],
] as const;

function timingLines({ metrics, gaps }: Verdict): readonly string[] {
  const rows = TIMINGS.flatMap(([name, label]) => {
    const found = metrics[name];
    return found === undefined ? [] : [[label, ...quantiles(found)]];
  });
  if (rows.length === 0) return [];
  if (gaps) rows.push([`all ${gaps.count} gaps`, ...quantiles(gaps)]);
  return ['', ...renderTable([['completed streams', 'p50', 'p95', 'p99', 'max'], ...rows])];
}

function quantiles({
  p50,
  p95,
  p99,
  max,
}: Omit<Distribution, 'count' | 'mean'>): readonly string[] {
  return [p50, p95, p99, max].map(milliseconds);
}

export function milliseconds(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  return `${value >= 100 ? value.toFixed(0) : value.toFixed(1)} ms`;
}

function stepTable({ steps }: Verdict): readonly string[] {
  if (steps.length === 0) return [];
  const rows = steps.map(({ step, streams, outcomes, metrics, invalid }) => [
    step,
    String(streams),
    share(streams, outcomes.completed ?? 0),
    metrics.stream_ttft ? milliseconds(metrics.stream_ttft.p95) : '–',
    metrics.stream_duration ? milliseconds(metrics.stream_duration.mean) : '–',
    metrics.stream_duration ? milliseconds(metrics.stream_duration.max) : '–',
    invalid ?? outcomeText(withoutCompleted(outcomes)),
  ]);
  const head = ['step', 'streams', 'completed', 'TTFT p95', 'answer mean', 'worst', 'other'];
  return ['', ...renderTable([head, ...rows])];
}

function withoutCompleted({ completed: _, ...others }: Numbers['outcomes']): Numbers['outcomes'] {
  return others;
}

export function share(of: number, part: number): string {
  return of === 0 ? '–' : `${((100 * part) / of).toFixed(1)} %`;
}

function accountTable({ accounts }: Verdict): readonly string[] {
  const entries = Object.entries(accounts);
  if (entries.length < 2) return [];
  const rows = entries.map(([id, { streams, outcomes }]) => [
    id,
    String(streams),
    outcomeText(outcomes),
  ]);
  return ['', ...renderTable([['account', 'streams', 'outcomes'], ...rows])];
}

function thresholdLines({ thresholds }: Verdict): readonly string[] {
  if (thresholds.length === 0) return [];
  const rows = thresholds.map(({ metric, tags, expression, value, ok }) => [
    ok === true ? 'ok' : ok === false ? 'BROKEN' : 'no sample',
    metric,
    Object.values(tags).join(', '),
    expression,
    value === null ? '–' : String(Number(value.toFixed(3))),
  ]);
  return ['', ...renderTable([['', 'threshold', 'of', 'must be', 'was'], ...rows])];
}
