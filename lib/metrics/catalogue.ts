/**
 * The one table of metrics: name, k6 type, unit, and what exactly the number is. lib/k6 registers
 * all of them, so that a threshold on any never meets an unknown metric (k6 exit 104).
 */
export interface Metric {
  readonly type: 'trend' | 'counter' | 'rate' | 'gauge';
  /** `ms` becomes a k6 time metric. */
  readonly unit: 'ms' | 'count' | 'bytes' | 'tokens' | 'share';
  readonly means: string;
}

const ms = (means: string) => ({ type: 'trend', unit: 'ms', means }) as const;
const trend = (unit: Metric['unit'], means: string) => ({ type: 'trend', unit, means }) as const;
const counter = (means: string) => ({ type: 'counter', unit: 'count', means }) as const;
const rate = (means: string) => ({ type: 'rate', unit: 'share', means }) as const;

/** Trends of a stream have a sample when it completed. Warm-up streams have none at all. */
export const CATALOGUE = {
  stream_connect: ms('account leased → connection usable (TCP, TLS); new connections only'),
  stream_headers: ms('request sent → response headers'),
  stream_first_event: ms('request sent → first event of any kind'),
  stream_ttft: ms('request sent → first non-empty answer, reasoning or tool delta'),
  stream_ttfa: ms('request sent → first non-empty answer text'),
  stream_gap_p50: ms('median gap between content frames of one stream'),
  stream_gap_p99: ms('99th percentile of the gaps of one stream'),
  stream_max_gap: ms('longest gap of one stream'),
  stream_stalls: trend('count', 'gaps of one stream longer than stallMs'),
  stream_tpot: ms('first → last content, per output token after the first; needs server usage'),
  stream_duration: ms('request sent → last content frame'),
  stream_close_lag: ms('last content frame → end of the stream'),
  stream_chunks: trend('count', 'content frames of one stream'),
  stream_bytes: trend('bytes', 'payload bytes of one stream'),
  stream_tokens: trend('tokens', 'answer tokens as the server counted them'),
  stream_chunk_gap: ms('every gap between content frames; only with WEIR_GAPS=all'),
  streams: counter('all streams'),
  stream_outcomes: counter('all streams, by tags outcome and family'),
  stream_completed: rate('completed / admitted'),
  stream_incomplete: rate('(incomplete + timeout) / admitted'),
  quota_refused: rate('refused for quota / (all − ours)'),
  streams_open: { type: 'gauge', unit: 'count', means: 'streams open in this k6 process' },
  generator_lag: ms('worst delay of a 10 ms ticker in k6 since the last stream ended'),
  generator_cpu: trend('share', 'share of all cores that this k6 process used, a sample a second'),
  waves: counter('waves of streams opened together'),
  waves_unexpected: counter('waves whose outcomes were not the expected ones'),
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof CATALOGUE;
