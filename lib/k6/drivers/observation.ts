import type { Collected } from '../../dialects/collect.ts';
import { gapStatistics, timeline } from '../../stream/gaps.ts';
import type {
  AfterEnd,
  Connection,
  Counts,
  Marks,
  StreamEnd,
  StreamError,
  StreamObservation,
} from '../../stream/record.ts';
import type { DriverRequest } from './driver.ts';

/** What a driver saw besides the frames. Times are ms after startedAt. */
export interface Transport {
  readonly marks: Pick<Marks, 'connected' | 'tls' | 'sent' | 'headers' | 'firstByte'>;
  readonly counts: Pick<Counts, 'bytes' | 'unterminated' | 'comments'>;
  readonly connection?: Connection;
  readonly status?: number;
  /** Of the transport; an in-band error of the frames goes before it. */
  readonly error?: StreamError;
  readonly afterEnd?: AfterEnd;
  readonly end: StreamEnd;
  readonly endedAt: number;
  /** False where all frames arrived together: then no arrival says anything. */
  readonly stamped: boolean;
}

/** Frames and transport put together, for the drivers that see frames in JavaScript. */
export function observationOf(
  { identity, startedAt, marks, timeouts, keepTimeline }: DriverRequest,
  collected: Collected,
  transport: Transport,
): StreamObservation {
  const { completeAt, contentAt } = collected;
  const gaps = transport.stamped ? gapStatistics(contentAt, timeouts.stallMs) : undefined;
  const error = collected.error ?? (completeAt === undefined ? transport.error : undefined);
  return {
    v: 1,
    ...identity,
    clock: 'user',
    startedAt,
    marks: {
      ...marks,
      ...transport.marks,
      ...(transport.stamped && arrivals(collected)),
      end: transport.endedAt,
    },
    ...(transport.connection && { connection: transport.connection }),
    ...(transport.status !== undefined && { status: transport.status }),
    counts: { ...collected.counts, ...transport.counts },
    ...(gaps && { gaps }),
    ...(collected.sequence && { sequence: collected.sequence }),
    ...(collected.usage && { usage: collected.usage }),
    ...(collected.finish !== undefined && { finish: collected.finish }),
    ...(error && { error }),
    end: transport.end,
    ...(transport.afterEnd && { afterEnd: transport.afterEnd }),
    answerLength: collected.answerLength,
    ...(collected.traceId !== undefined && { traceId: collected.traceId }),
    ...(transport.stamped &&
      (keepTimeline || completeAt === undefined) && { timeline: timeline(contentAt) }),
  };
}

function arrivals(collected: Collected) {
  const { contentAt, completeAt, firstEventAt, firstAnswerAt, firstReasoningAt } = collected;
  const first = contentAt[0];
  const last = contentAt[contentAt.length - 1];
  return {
    ...(firstEventAt !== undefined && { firstEvent: firstEventAt }),
    ...(first !== undefined && { firstContent: first }),
    ...(firstReasoningAt !== undefined && { firstReasoning: firstReasoningAt }),
    ...(firstAnswerAt !== undefined && { firstAnswer: firstAnswerAt }),
    ...(last !== undefined && { lastContent: last }),
    ...(completeAt !== undefined && { complete: completeAt }),
  };
}
