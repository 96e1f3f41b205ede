import type { Collected } from '../../lib/dialects/collect.ts';

/** A collector's result in the words of rules.json; a frame's arrival is its index. */
export function asVector({ counts, completeAt, error, ...rest }: Collected) {
  const { events: _, ...kinds } = counts;
  return {
    counts: kinds,
    complete: completeAt !== undefined,
    completeAt,
    error: error && { code: error.code, message: error.message },
    finish: rest.finish,
    usage: rest.usage,
    traceId: rest.traceId,
    answerLength: rest.answerLength,
    sequence: rest.sequence,
    afterEndEvents: rest.afterEndEvents,
  };
}
