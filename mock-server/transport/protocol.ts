import type { IncomingHttpHeaders } from 'node:http';
import type { Account } from '../accounts/account.ts';
import type { Refusal } from '../journal/journal.ts';
import type { Random } from '../random.ts';
import type { AnswerForm, HttpAnswer, Refuse, StreamFailure } from '../streams/answer-form.ts';

/** One streaming endpoint over HTTP: who asks, what for, and how the answer is written. */
export interface HttpProtocol extends RefusalHabit {
  readonly name: string;
  /** Path with `:name` places. */
  readonly url: string;
  identify(request: HttpInput): Checked<Account>;
  read(request: HttpInput, account: Account, random: Random): Checked<AnswerForm>;
}

/** One streaming endpoint over WebSocket: one question and one answer a connection. */
export interface WsProtocol extends RefusalHabit {
  readonly name: string;
  readonly path: string;
  identify(query: ReadonlyMap<string, string>): Checked<Account>;
  read(message: string, random: Random): ReadQuestion;
}

export interface RefusalHabit {
  /** Whether too many streams are refused inside a stream that opened well. */
  readonly refusesInStream: boolean;
  /** Words an HTTP answer that refuses; for a WebSocket, the answer to its upgrade. */
  readonly refuse: Refuse;
}

export interface HttpInput {
  readonly headers: IncomingHttpHeaders;
  readonly params: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly answer: HttpAnswer };

export type ReadQuestion =
  | { readonly ok: true; readonly form: AnswerForm }
  | { readonly ok: false; readonly frame: string };

/** The account's own setting goes before the protocol's habit. */
export function refusesInStream(habit: RefusalHabit, account: Account): boolean {
  return account.refuse === undefined ? habit.refusesInStream : account.refuse === 'in-stream';
}

/** A spurious refusal looks like one for too many streams: that is the point of it. */
export function failureOf(refused: Refusal): StreamFailure {
  return refused === 'overloaded' ? 'overloaded' : 'concurrency';
}
