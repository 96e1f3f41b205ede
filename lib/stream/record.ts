import type { Family, Outcome } from './outcome.ts';

/**
 * What was seen of one stream: one line of `streams.ndjson`, schema version 1. Absent means not
 * measurable with this driver: never 0, never an estimate under the same name. No prompt, answer
 * text, key or signature is in it. All times are milliseconds, fractional.
 */
export interface StreamRecord extends StreamIdentity {
  readonly v: 1;
  /** `kernel`: stamped by the socket; `user`: by the process right after the read. */
  readonly clock: 'kernel' | 'user';
  /** The wall clock jumped while the stream was open: durations are right, `startedAt` may not be. */
  readonly clockStepped?: boolean;
  /** Epoch ms, just before the account is asked for. */
  readonly startedAt: number;
  readonly intendedAt?: number;
  readonly marks: Marks;
  readonly connection?: Connection;
  /** HTTP status, or the status of the WebSocket upgrade. */
  readonly status?: number;
  readonly counts: Counts;
  readonly gaps?: Gaps;
  readonly sequence?: { missing: number; repeated: number; reordered: number };
  readonly usage?: Usage;
  readonly finish?: string;
  readonly error?: StreamError;
  readonly end: StreamEnd;
  /** What came after all end rules were met, or after an in-band error; it changes nothing. */
  readonly afterEnd?: AfterEnd;
  /** Unicode code points of answer text. */
  readonly answerLength: number;
  readonly traceId?: string;
  /** Arrival of content frames, ms after `startedAt`, at most 512 points. */
  readonly timeline?: readonly number[];
  readonly outcome: Outcome;
  readonly family: Family;
}

/** Who asked: known before the stream starts. */
export interface StreamIdentity {
  /** Unique in a run: `<instance>.<vu>.<iteration>.<number in the iteration>`. */
  readonly id: string;
  readonly run?: string;
  readonly instance: number;
  readonly scenario: string;
  readonly vu: number;
  readonly iteration: number;
  readonly attempt: number;
  readonly dialect: string;
  readonly driver: 'extension' | 'websockets' | 'buffered';
  readonly account?: string;
  readonly kind?: string;
  readonly conversation?: string;
  readonly turn?: number;
  readonly step?: string;
  readonly warmup?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Milliseconds after `startedAt`. */
export interface Marks {
  readonly leased?: number;
  /** A place under `maxConnections` was free. */
  readonly slotFree?: number;
  readonly connected?: number;
  readonly tls?: number;
  /** Clock read immediately before the write that ends the request. */
  readonly sent?: number;
  /** The response headers, or the answer to the upgrade, were there. */
  readonly headers?: number;
  readonly firstByte?: number;
  readonly firstEvent?: number;
  /** First content frame of any kind: answer, reasoning or tool. */
  readonly firstContent?: number;
  readonly firstReasoning?: number;
  readonly firstAnswer?: number;
  readonly lastContent?: number;
  /** All end rules were met. */
  readonly complete?: number;
  readonly end: number;
}

export interface Connection {
  readonly reused: boolean;
  /** `HTTP/1.1`, `HTTP/2.0` or `websocket`. */
  readonly protocol: string;
  readonly remote?: string;
}

export interface Counts {
  readonly events: number;
  readonly answer: number;
  readonly reasoning: number;
  readonly tool: number;
  readonly other: number;
  readonly comments?: number;
  /** Payload bytes: body bytes after transfer and content decoding, or message bytes. */
  readonly bytes: number;
  readonly reads?: number;
  readonly malformed: number;
  /** An event that ended with the stream, without its blank line. */
  readonly unterminated: number;
}

/** Gaps between arrivals of content frames; absent with fewer than two. */
export interface Gaps {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** Gaps longer than `stallMs`. */
  readonly stalls: number;
  /** `[bucket, count]` in ascending order; bucket i holds gaps in (γ^(i−1), γ^i] µs, γ = 1.02; bucket 0 those of at most 1 µs. */
  readonly histogram: readonly (readonly [number, number])[];
}

export interface Usage {
  readonly answerTokens?: number;
  readonly reasoningTokens?: number;
  readonly promptTokens?: number;
}

export interface StreamError {
  /** The vendor's code, verbatim, as text. */
  readonly code?: string;
  /** Without control characters, at most 200 code points. */
  readonly message?: string;
  readonly source: 'http' | 'frame' | 'close' | 'network';
}

export interface StreamEnd {
  /**
   * `complete`: we stopped because the protocol said so (end rules met, or an in-band error);
   * `refused`: the request or the upgrade got another answer than a stream, or no connection;
   * `eof`: the peer ended the body or the connection in order; `close`: a WebSocket Close frame.
   */
  readonly by:
    | 'complete'
    | 'eof'
    | 'reset'
    | 'close'
    | 'timeout'
    | 'cancelled'
    | 'interrupted'
    | 'refused'
    | 'dns'
    | 'tls';
  readonly closeCode?: number;
  readonly timeout?: TimeoutName;
}

export type TimeoutName = 'connect' | 'headers' | 'first-event' | 'idle' | 'total';

export interface AfterEnd {
  readonly events: number;
  readonly bytes: number;
  readonly by?: StreamEnd['by'];
  readonly closeCode?: number;
}

/** The record before it is classified: what a driver hands over. */
export type StreamObservation = Omit<StreamRecord, 'outcome' | 'family'>;
