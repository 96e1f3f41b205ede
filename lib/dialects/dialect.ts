import type { JsonObject } from '../config/fields.ts';
import type { Digest } from '../signing/digest.ts';
import type { Outcome } from '../stream/outcome.ts';
import type { StreamError } from '../stream/record.ts';
import type { StreamRules } from './rules.ts';

/** How one API speaks: what is sent, where the answer is, what ends it, what its codes mean. */
export interface Dialect {
  readonly name: string;
  readonly transport: 'http' | 'websocket';
  /** Credentials that an account must have. */
  readonly credentials: readonly string[];
  /** A target cannot do without accounts: the request is signed with their credentials. */
  readonly needsAccount: boolean;
  /** Checks the `request` and `rules` parts of a target. */
  check(target: DialectPart): void;
  rules(target: DialectPart): StreamRules;
  buildRequest(input: RequestInput): ChatRequest;
  /** The outcome of a vendor's error; undefined for a code nobody knows. */
  classify(error: StreamError, status: number | undefined): Outcome | undefined;
}

/** What a dialect may read of a target file. */
export interface DialectPart {
  readonly request: JsonObject;
  readonly rules?: JsonObject;
}

export interface RequestInput {
  /** With all places filled. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly request: JsonObject;
  readonly credentials: Readonly<Record<string, string>>;
  readonly prompt: string;
  /** The moment of signing. */
  readonly epochMs: number;
  readonly digest: Digest;
}

export interface ChatRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The HTTP body, or the one text message that asks the question. */
  readonly body: string;
}

/** JSON over POST, answered as an event stream. */
export const SSE_HEADERS = {
  'Content-Type': 'application/json',
  Accept: 'text/event-stream',
} as const;
