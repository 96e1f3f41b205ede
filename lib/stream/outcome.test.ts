import { describe, expect, test } from 'vitest';
import { DIALECTS } from '../dialects/index.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import type { StreamObservation } from './record.ts';

type Seen = Partial<StreamObservation>;

const CONTENT = { counts: counts({ events: 3, answer: 2 }) };
const COMPLETE = { marks: { complete: 90, end: 95 }, end: { by: 'complete' } } as const;

/** The sentence of design it proves, what was seen, the outcome. */
const ROWS: readonly (readonly [string, Seen, Outcome])[] = [
  ['all end rules met, with content', { ...CONTENT, ...COMPLETE }, 'completed'],
  ['reasoning alone is content', { counts: counts({ reasoning: 1 }), ...COMPLETE }, 'completed'],
  ['a tool call alone is content', { counts: counts({ tool: 1 }), ...COMPLETE }, 'completed'],
  ['end marker but no content', COMPLETE, 'empty'],
  [
    'a reset after the end changes nothing',
    { ...CONTENT, marks: { complete: 90, end: 95 }, end: { by: 'reset' } },
    'completed',
  ],
  ['clean end of the body without marker', { ...CONTENT, end: { by: 'eof' } }, 'no-terminal'],
  ['close 1000', { ...CONTENT, end: { by: 'close', closeCode: 1000 } }, 'no-terminal'],
  ['close 1001', { ...CONTENT, end: { by: 'close', closeCode: 1001 } }, 'no-terminal'],
  ['close 1011', { ...CONTENT, end: { by: 'close', closeCode: 1011 } }, 'connection-cut'],
  ['reset before the end', { ...CONTENT, end: { by: 'reset' } }, 'connection-cut'],
  [
    'an in-band error beats the reset that follows it',
    { error: { code: '99999', source: 'frame' }, end: { by: 'reset' } },
    'server-error',
  ],
  [
    'an in-band error is never a success, whatever came before',
    { ...CONTENT, error: { code: '10013', source: 'frame' }, end: { by: 'complete' } },
    'moderated',
  ],
  [
    'an unknown in-band code is the engine’s',
    { error: { code: '77777', source: 'frame' }, end: { by: 'complete' } },
    'server-error',
  ],
  [
    'concurrency by the words of the vendor',
    { error: { code: '77777', message: '并发量不足', source: 'frame' }, end: { by: 'complete' } },
    'concurrency-limited',
  ],
  [
    'a reset that left an error text is still a cut',
    { ...CONTENT, error: { message: 'unexpected EOF', source: 'close' }, end: { by: 'reset' } },
    'connection-cut',
  ],
  ['no connection', { error: network(), end: { by: 'refused' } }, 'connect-failed'],
  ['no such host', { error: network(), end: { by: 'dns' } }, 'connect-failed'],
  ['TLS refused', { error: network(), end: { by: 'tls' } }, 'connect-failed'],
  ['HTTP 401', refused(401), 'auth-failed'],
  ['HTTP 403', refused(403), 'auth-failed'],
  ['HTTP 405', refused(405), 'auth-failed'],
  ['HTTP 403 with the skew sentence', refused(403, 'Invalid time or time required'), 'clock-skew'],
  ['HTTP 429', refused(429), 'rate-limited'],
  ['HTTP 503', refused(503), 'overloaded'],
  ['HTTP 529', refused(529), 'overloaded'],
  ['HTTP 500', refused(500), 'server-error'],
  ['HTTP 404', refused(404), 'bad-request'],
  ['HTTP 302: redirects are not followed', refused(302), 'bad-request'],
  ['HTTP 200 with another content type', refused(200), 'malformed'],
  ['connect timeout', timeout('connect'), 'timeout-connect'],
  ['headers timeout', timeout('headers'), 'timeout-headers'],
  ['first-event timeout', timeout('first-event'), 'timeout-first-event'],
  ['idle timeout with half an answer', { ...CONTENT, ...timeout('idle') }, 'timeout-idle'],
  ['total timeout', { ...CONTENT, ...timeout('total') }, 'timeout-total'],
  ['we stopped it', { ...CONTENT, end: { by: 'cancelled' } }, 'cancelled'],
  ['the run ended', { ...CONTENT, end: { by: 'interrupted' } }, 'interrupted'],
  ['unreadable frames and no end', { counts: counts({ malformed: 1 }) }, 'malformed'],
  [
    'an unreadable frame before an orderly end is counted only',
    { counts: counts({ answer: 1, malformed: 1 }), ...COMPLETE },
    'completed',
  ],
];

describe('chatdoc', () => {
  test.each(ROWS)('%s → outcome', (_, seen, outcome) => {
    expect(outcomeOf(observation(seen), classify('chatdoc-ws'))).toBe(outcome);
  });
});

describe('openai-chat tells two kinds of 429 apart', () => {
  test.each([
    ['insufficient_quota', 'quota-exhausted'],
    ['rate_limit_exceeded', 'rate-limited'],
    ['concurrency_limit_exceeded', 'concurrency-limited'],
  ] as const)('%s → %s', (code, outcome) => {
    const seen = observation({ ...refused(429), error: { code, source: 'http' } });
    expect(outcomeOf(seen, classify('openai-chat'))).toBe(outcome);
  });
});

function classify(dialect: string) {
  const found = DIALECTS[dialect];
  if (found === undefined) throw new Error(`no dialect ${dialect}`);
  return found.classify;
}

function observation(seen: Seen): StreamObservation {
  return {
    v: 1,
    id: '0.1.0.0',
    instance: 0,
    scenario: 'smoke',
    vu: 1,
    iteration: 0,
    attempt: 1,
    dialect: 'chatdoc-ws',
    driver: 'extension',
    clock: 'user',
    startedAt: 0,
    marks: { end: 100 },
    counts: counts({}),
    end: { by: 'eof' },
    answerLength: 0,
    ...seen,
  };
}

function counts(given: Partial<StreamObservation['counts']>): StreamObservation['counts'] {
  return {
    events: 0,
    answer: 0,
    reasoning: 0,
    tool: 0,
    other: 0,
    bytes: 0,
    malformed: 0,
    unterminated: 0,
    ...given,
  };
}

function network() {
  return { message: 'connection refused', source: 'network' } as const;
}

function refused(status: number, message = 'x'): Seen {
  return { status, error: { message, source: 'http' }, end: { by: 'refused' } };
}

function timeout(name: 'connect' | 'headers' | 'first-event' | 'idle' | 'total'): Seen {
  return { end: { by: 'timeout', timeout: name } };
}
