import type { StreamError, StreamObservation } from './record.ts';

/** The one class a stream falls into (docs/outcomes.md), and its family. */
export const FAMILY_OF = {
  'connect-failed': 'network',
  'auth-failed': 'auth',
  'clock-skew': 'auth',
  'quota-exhausted': 'quota',
  'rate-limited': 'quota',
  'concurrency-limited': 'quota',
  overloaded: 'server',
  'server-error': 'server',
  'bad-request': 'request',
  'not-ready': 'request',
  moderated: 'request',
  'no-hit': 'request',
  'timeout-connect': 'timeout',
  'timeout-headers': 'timeout',
  'timeout-first-event': 'timeout',
  'timeout-idle': 'timeout',
  'timeout-total': 'timeout',
  malformed: 'incomplete',
  'connection-cut': 'incomplete',
  'no-terminal': 'incomplete',
  empty: 'incomplete',
  cancelled: 'ours',
  interrupted: 'ours',
  completed: 'ok',
} as const;

export type Outcome = keyof typeof FAMILY_OF;
export type Family = (typeof FAMILY_OF)[Outcome];

/** What a vendor's code means; undefined for a code nobody knows. */
export type Classify = (error: StreamError, status: number | undefined) => Outcome | undefined;

/**
 * The outcome of one stream. Once all end rules are met nothing that follows counts; before that an
 * in-band error beats the way the transport ended.
 */
export function outcomeOf(seen: StreamObservation, classify: Classify): Outcome {
  if (isComplete(seen)) return contentCount(seen) === 0 ? 'empty' : 'completed';
  const { error, end, status } = seen;
  if (end.by === 'dns' || end.by === 'tls') return 'connect-failed';
  const known = error && error.source !== 'network' ? classify(error, status) : undefined;
  if (known !== undefined) return known;
  // A code that nobody knows, in a frame, is the engine's.
  if (error?.source === 'frame') return 'server-error';
  if (end.by === 'refused') return ofRefusal(status);
  if (end.by === 'timeout') return `timeout-${end.timeout ?? 'total'}`;
  if (end.by === 'cancelled' || end.by === 'interrupted') return end.by;
  if (seen.counts.malformed > 0) return 'malformed';
  return cutShort(seen) ? 'connection-cut' : 'no-terminal';
}

/** A driver that sees the whole body at once knows that all end rules were met, but not when. */
function isComplete({ marks, end, error }: StreamObservation): boolean {
  return marks.complete !== undefined || (end.by === 'complete' && error === undefined);
}

/** Content frames of any kind. */
export function contentCount({ counts }: Pick<StreamObservation, 'counts'>): number {
  return counts.answer + counts.reasoning + counts.tool;
}

/** No stream came: no answer at all, an answer with another status, or one of another type. */
function ofRefusal(status: number | undefined): Outcome {
  if (status === undefined) return 'connect-failed';
  if (status === 401 || status === 403 || status === 405) return 'auth-failed';
  if (status === 429) return 'rate-limited';
  if (status === 503 || status === 529) return 'overloaded';
  if (status >= 500) return 'server-error';
  return status >= 200 && status < 300 ? 'malformed' : 'bad-request';
}

/** 1000 and 1001 are orderly goodbyes; no code at all or any other code is not. */
function cutShort({ end }: StreamObservation): boolean {
  if (end.by === 'reset') return true;
  return end.by === 'close' && end.closeCode !== 1000 && end.closeCode !== 1001;
}
