import type { Span } from './random.ts';

/** Everything is optional: `{}` is an open server that answers at once what anybody asks. */
export interface MockOptions {
  /** Default 127.0.0.1. The server knows no TLS: anything else is for closed networks. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** Default 1. Decides texts, drawn times, refusals and faults. */
  readonly seed?: number;
  /** NDJSON, one line a stream; an existing file is replaced. */
  readonly journalFile?: string;
  /** Without accounts everybody is let in, as one account `default` without a limit. */
  readonly accounts?: readonly AccountOptions[];
  readonly plan?: PlanOptions;
  readonly capacity?: CapacityOptions;
  /** Shares of all streams, drawn by the seed: `no-terminal:1%,rst=3:0.5%`. */
  readonly faults?: string;
  /** The plain protocol: where the text is, and what ends a stream. */
  readonly plain?: PlainOptions;
  /** ChatDoc sends a frame with references (status 99) before the last one. Default true. */
  readonly references?: boolean;
  /** How long a token of `POST /login` is good. Default 3,600,000. */
  readonly tokenTtlMs?: number;
  /** Of a request body or a WebSocket message. Default 1 MiB. */
  readonly bodyLimitBytes?: number;
  /** Drops a client that reads no bytes, or never finishes its question. Default 60,000. */
  readonly idleLimitMs?: number;
  /** How long a WebSocket waits for the client's Close after the last frame. Default 1000. */
  readonly closeAfterMs?: number;
}

/** A constant, or [least, most]: drawn uniformly, by the seed. */
export type Range = number | readonly [number, number];

export interface AccountOptions {
  readonly id: string;
  /** Streams that may be open at once. */
  readonly concurrency: number;
  /** ChatDoc: goes with `apiSecret`. */
  readonly appId?: string;
  readonly apiSecret?: string;
  /** OpenAI and plain: the Bearer token. */
  readonly apiKey?: string;
  /** `POST /login`: goes with `password`. */
  readonly username?: string;
  readonly password?: string;
  /** How long a slot stays taken after its stream has ended. Default 0. */
  readonly releaseLagMs?: number;
  /** Share of the questions that are refused although a slot is free, 0 to 1. Default 0. */
  readonly spuriousRefusal?: number;
  /** Overrules how the protocol refuses by itself: in a stream that opened well, or by a status. */
  readonly refuse?: RefusalForm;
}

export type RefusalForm = 'in-stream' | 'http';

export interface PlanOptions {
  /** Question read → first content. Default 200. */
  readonly ttftMs?: Range;
  /** Content chunks. Default 40. */
  readonly chunks?: Range;
  /** Between two of them. Default 20. */
  readonly gapMs?: Range;
  /** Code points a chunk. Default [1, 4]. */
  readonly chunkChars?: Range;
  /** Every chunk says this instead. */
  readonly chunkText?: string;
  /** Reasoning chunks before the content. Default 0. */
  readonly reasoningChunks?: Range;
}

/** See `streams/capacity.ts` for the model. */
export interface CapacityOptions {
  /** Streams that are generated at once. */
  readonly slots: number;
  /** Of all streams together. */
  readonly chunksPerSecond: number;
  /** Streams that may wait for a slot; the next is refused. Default: as many as slots. */
  readonly queue?: number;
  /** Up to this slip behind its plan no stream breaks. Default 1000. */
  readonly breakSlipMs?: number;
  /** Share of streams that break before twice that slip, 0 to 1. Default 0. */
  readonly breakShare?: number;
}

export interface PlainOptions {
  /** Keys joined by dots. Default `text`. */
  readonly textPath?: string;
  /** Default `[END]`. */
  readonly marker?: string;
}

/** Every default filled in; resolving it again changes nothing. */
export interface ResolvedMockOptions extends MockOptions {
  readonly host: string;
  readonly port: number;
  readonly seed: number;
  readonly accounts?: readonly ResolvedAccount[];
  readonly plan: ResolvedPlanOptions;
  readonly capacity?: Required<CapacityOptions>;
  readonly faults: string;
  readonly plain: Required<PlainOptions>;
  readonly references: boolean;
  readonly tokenTtlMs: number;
  readonly bodyLimitBytes: number;
  readonly idleLimitMs: number;
  readonly closeAfterMs: number;
}

export interface ResolvedAccount extends AccountOptions {
  readonly releaseLagMs: number;
  readonly spuriousRefusal: number;
}

export interface ResolvedPlanOptions {
  readonly ttftMs: Span;
  readonly chunks: Span;
  readonly gapMs: Span;
  readonly chunkChars: Span;
  readonly chunkText?: string;
  readonly reasoningChunks: Span;
}
