/**
 * How one protocol writes one answer. All texts are framed as they go over the wire: an SSE event
 * with its blank line, or the text of one WebSocket message.
 */
export interface AnswerForm {
  /** Of an HTTP answer; a WebSocket has none. */
  readonly contentType: string;
  /** Frames at once, before any content: a role, a status 0. */
  opening(): readonly string[];
  reasoning(text: string): string;
  content(text: string): string;
  /** Frames after the last content and before the end marker. */
  closing(counts: ChunkCounts): readonly string[];
  /** What makes the answer complete. */
  marker(): string;
  /** The protocol's own error frame. */
  error(failure: StreamFailure): string;
  /** Given when the client asked for no stream: the whole answer at the time of its last frame. */
  whole?(content: string, counts: ChunkCounts): string;
}

export interface ChunkCounts {
  readonly reasoning: number;
  readonly content: number;
}

/** What can go wrong inside a stream that opened well. */
export type StreamFailure = 'concurrency' | 'overloaded' | 'internal';

/** What can be refused with an HTTP answer; each protocol words it its own way. */
export type Failure = StreamFailure | 'auth' | 'bad-request' | 'not-found' | 'method' | 'too-large';

/** An answer that is no stream. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Refuse = (failure: Failure, detail?: string) => HttpAnswer;
