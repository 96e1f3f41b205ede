/**
 * `k6/x/weir`: what JavaScript in k6 cannot do. Streams over HTTP and WebSocket are read, framed,
 * stamped and measured in Go; only the finished observation comes back.
 *
 * Misuse (an unknown option, a wrong type, a value out of range) throws at the call, naming field,
 * rule and value. A measurement never throws: whatever happens to a stream is in its observation.
 */
import type { StreamRules } from '../lib/dialects/rules.ts';
import type { Family, Outcome } from '../lib/stream/outcome.ts';
import type { StreamError, StreamIdentity, StreamObservation } from '../lib/stream/record.ts';

/** Wall clock, epoch milliseconds with microsecond resolution (`Date.now()` has 1 ms). */
export function now(): number;

/**
 * Sends one HTTP request and reads the answer as a stream, until the rules say it is over, it
 * ends in another way, or a timeout strikes. Redirects are not followed. Must be called in an
 * iteration, not while initialising. The connection is given back on a natural end and closed on
 * every other.
 *
 * An iteration that k6 interrupts (gracefulStop, abort, SIGINT) still counts: the extension then
 * emits the samples and the record line itself, with outcome `interrupted`. So it does for streams
 * that had ended but were not emitted yet, as long as another stream of the iteration was open or
 * the cut came in the turn that got the handle: emit a handle as soon as it is there.
 */
export function httpStream(request: HttpStreamRequest): Promise<StreamHandle>;

/**
 * Opens a WebSocket. Resolves also when the upgrade was refused or no connection came about: then
 * `handshake` says why, and `exchange` resolves at once with that observation. What an interrupted
 * iteration cuts, while connecting too, is emitted as `interrupted`.
 */
export function connect(request: ConnectRequest): Promise<Connection>;

/**
 * The only place that pushes samples: every metric of the catalogue that this record has a value
 * for, with the iteration's tags plus dialect, driver, outcome, family, account and step; and one
 * line in `streams.ndjson` when WEIR_RUN_DIR is set. Takes the handle of a stream of this module,
 * or a finished observation of another driver. A second call for one handle throws.
 */
export function emit(stream: StreamHandle | StreamObservation, options: EmitOptions): void;

/**
 * Every gap between content frames of all emitted streams of this process, warm-up excluded: what a
 * k6 Trend could not hold. For handleSummary; undefined before the first gap.
 */
export function gapHistogram(): GapHistogram | undefined;

export interface GapHistogram {
  count: number;
  /** Milliseconds; quantiles within 1 %. */
  min: number;
  max: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  p999: number;
  /** `[bucket, count]` in ascending order; buckets as in Gaps.histogram of the record. */
  histogram: [number, number][];
}

/** What a stream needs to know, whatever carries it. */
export interface StreamOptions {
  rules: StreamRules;
  /** A gap between content frames longer than this is a stall. 1 to 3600000, default 2000. */
  stallMs?: number;
  /** `driver` must be `extension`. */
  identity: StreamIdentity;
  /** Epoch milliseconds, from `now()`: zero of all marks. */
  startedAt: number;
  /** Marks already known, milliseconds after startedAt. */
  marks?: { leased?: number };
  /** Keep the timeline also when the stream completes. Default false. */
  timeline?: boolean;
  /**
   * Which frames the handle keeps: `control` (default) those that are neither answer, reasoning nor
   * tool, `all`, or `none`. At most 64 frames of 16 KiB each; `framesDropped` counts the rest.
   */
  keep?: 'control' | 'all' | 'none';
  /** Keep the answer's text, at most so many bytes; `true` is 1 MiB. Off by default. */
  collectText?: boolean | number;
  /** Stop the stream on purpose, after so many content frames or so many ms after `sent`. */
  cancelAfter?: { events?: number; ms?: number };
  /** For scenarios that react while the stream runs: one call per read burst. */
  onEvents?: (frames: StreamFrame[]) => void;
}

export interface StreamFrame {
  /** SSE event name; `message` elsewhere. */
  event: string;
  data: string;
  /** Milliseconds after startedAt. */
  at: number;
  kind: 'answer' | 'reasoning' | 'tool' | 'end' | 'error' | 'other' | 'malformed';
}

export interface HttpStreamRequest extends StreamOptions {
  /** Default `POST`. */
  method?: 'GET' | 'POST' | 'PUT';
  url: string;
  headers?: Record<string, string>;
  /** Sent as UTF-8. At most 16 MiB. */
  body?: string;
  timeouts: Timeouts;
  /**
   * How long to read on after the end, so that the connection can be reused: 0 to 60000, default
   * 250. A peer that has not ended its answer by then loses the connection.
   */
  drainMs?: number;
  /** The `name` and `url` tag of k6's own metrics: never a query. */
  name: string;
  /** Further tags of k6's own metrics. */
  tags?: Record<string, string>;
  /** Connections to this host, over all VUs of the process; waiting for one is a mark. Default: no limit. */
  maxConnections?: number;
  tls?: TlsOptions;
}

/** Replaces what k6's own options say. PEM texts, not file names. */
export interface TlsOptions {
  ca?: string;
  cert?: string;
  key?: string;
  insecure?: boolean;
}

/** Milliseconds, each from 1 to 3600000. */
export interface Timeouts {
  /** DNS, TCP and TLS together. */
  connectMs: number;
  /**
   * From the connection to the response headers, and anew from the end of sending on; for a
   * WebSocket to the answer to the upgrade.
   */
  headersMs: number;
  /** Headers → first event; for a WebSocket message sent → first event. */
  firstEventMs: number;
  /** Between two reads, from the first on; any byte feeds it, a keep-alive comment or a ping too. */
  idleMs: number;
  /** From the call on. */
  totalMs: number;
}

export interface ConnectRequest {
  url: string;
  headers?: Record<string, string>;
  subprotocols?: string[];
  timeouts: Timeouts;
  /** The `name` and `url` tag of k6's own metrics: never a query. */
  name: string;
  tags?: Record<string, string>;
  /** Of the first exchange: a connection that fails is its failure. */
  identity: StreamIdentity;
  startedAt: number;
  marks?: { leased?: number };
  /** A longer message is `malformed` and ends the connection. Default 4 MiB. */
  maxMessageBytes?: number;
  /** As for httpStream. */
  maxConnections?: number;
  tls?: TlsOptions;
}

export interface Connection {
  readonly handshake: {
    readonly open: boolean;
    readonly status?: number;
    /** Lower-case names. */
    readonly headers: Readonly<Record<string, string>>;
    /** Of a refused upgrade, at most 64 KiB. */
    readonly body?: string;
    readonly subprotocol?: string;
  };
  /**
   * Sends one text message and reads the answer until the rules say it is over. One at a time: a
   * second call while one runs throws. Later exchanges need an identity and startedAt of their own.
   */
  exchange(message: string, options: ExchangeOptions): Promise<StreamHandle>;
  /**
   * Sends a Close frame and waits at most `waitMs` (default 1000) for the peer's, then drops the
   * connection: a silent peer cannot hold the iteration.
   */
  close(
    code?: number,
    reason?: string,
    waitMs?: number,
  ): Promise<{ code?: number; clean: boolean }>;
}

export interface ExchangeOptions
  extends Omit<StreamOptions, 'identity' | 'startedAt'>,
    Partial<Pick<StreamOptions, 'identity' | 'startedAt'>> {
  /**
   * Close with 1000 as soon as the stream is over, as the vendors' own clients do, and wait at most
   * 1000 ms for the peer's Close. What comes meanwhile is `afterEnd`. Default false.
   */
  close?: boolean;
}

/** One finished stream, read lazily: a property costs something only when it is looked at. */
export interface StreamHandle extends Readonly<StreamObservation> {
  /** Lower-case names, values joined by ", "; empty without a response. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body of an answer that was not a stream (another status or content type), at most 64 KiB. */
  readonly body?: string;
  readonly frames: readonly StreamFrame[];
  readonly framesDropped: number;
  /** With `collectText`. */
  readonly text?: string;
}

export interface EmitOptions {
  outcome: Outcome;
  /** That of the outcome (FAMILY_OF); another throws. */
  family: Family;
  /** Replaces the observation's error, for example with what `classify` read from the body. */
  error?: StreamError;
}
