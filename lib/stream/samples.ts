import type { MetricName } from '../metrics/catalogue.ts';
import { contentCount, type Family, type Outcome } from './outcome.ts';
import type { StreamRecord } from './record.ts';

/** Families that never reached the point where a service could complete the answer. */
const NOT_ADMITTED: readonly Family[] = ['network', 'auth', 'quota', 'request', 'ours'];

/**
 * The numbers of one stream, by metric name (docs/metrics.md). A metric whose marks are absent has
 * no entry. Warm-up streams have none at all. The extension computes the same in Go; shared vectors
 * (test/vectors/samples.json) hold both equal.
 */
export function samplesOf(record: StreamRecord): Readonly<Partial<Record<MetricName, number>>> {
  if (record.warmup) return {};
  return { ...ratesOf(record), ...(record.outcome === 'completed' && timingsOf(record)) };
}

function ratesOf({ outcome, family }: { outcome: Outcome; family: Family }) {
  const admitted = !NOT_ADMITTED.includes(family);
  return {
    streams: 1,
    stream_outcomes: 1,
    ...(admitted && {
      stream_completed: outcome === 'completed' ? 1 : 0,
      stream_incomplete: family === 'incomplete' || family === 'timeout' ? 1 : 0,
    }),
    ...(family !== 'ours' && { quota_refused: family === 'quota' ? 1 : 0 }),
  };
}

function timingsOf(record: StreamRecord) {
  const { marks, connection, counts, gaps, usage } = record;
  const { sent, lastContent } = marks;
  const ready = marks.tls ?? marks.connected;
  const tokens = usage?.answerTokens;
  const headers = difference(marks.headers, sent);
  return {
    ...entry(
      'stream_connect',
      connection?.reused ? undefined : difference(ready, marks.slotFree ?? marks.leased ?? 0),
    ),
    // On a WebSocket the upgrade comes before the question: there is no such interval.
    ...entry('stream_headers', headers !== undefined && headers >= 0 ? headers : undefined),
    ...entry('stream_first_event', difference(marks.firstEvent, sent)),
    ...entry('stream_ttft', difference(marks.firstContent, sent)),
    ...entry('stream_ttfa', difference(marks.firstAnswer, sent)),
    ...entry('stream_gap_p50', gaps?.p50),
    ...entry('stream_gap_p99', gaps?.p99),
    ...entry('stream_max_gap', gaps?.max),
    // Where no arrival was seen, nobody knows of stalls.
    ...entry('stream_stalls', marks.firstContent === undefined ? undefined : (gaps?.stalls ?? 0)),
    ...entry('stream_duration', difference(lastContent, sent)),
    ...entry('stream_close_lag', difference(marks.end, lastContent)),
    stream_chunks: contentCount(record),
    stream_bytes: counts.bytes,
    ...entry('stream_tokens', tokens),
    ...entry(
      'stream_tpot',
      tokens !== undefined && tokens > 1
        ? divide(difference(lastContent, marks.firstContent), tokens - 1)
        : undefined,
    ),
  };
}

function difference(later: number | undefined, earlier: number | undefined): number | undefined {
  return later === undefined || earlier === undefined ? undefined : later - earlier;
}

function divide(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value / by;
}

function entry(name: MetricName, value: number | undefined): Partial<Record<MetricName, number>> {
  return value === undefined ? {} : { [name]: value };
}
