import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import vectors from '../../test/vectors/sse.json' with { type: 'json' };
import { createNdjsonParser } from './ndjson.ts';
import { createSseParser, FramingError, MAX_LINE_CHARS, type SseEvent } from './sse.ts';

interface Vector {
  readonly name: string;
  readonly text: string;
  readonly events: readonly SseEvent[];
  readonly atEof?: 'dispatch' | 'drop';
  readonly unterminated?: number;
  readonly comments?: number;
}

const rows: readonly Vector[] = JSON.parse(JSON.stringify(vectors.vectors));

function parse(pieces: readonly string[], atEof?: 'dispatch' | 'drop') {
  const events: SseEvent[] = [];
  const onEvent = (event: SseEvent): void => void events.push(event);
  const parser = createSseParser({ onEvent, ...(atEof && { atEof }) });
  for (const piece of pieces) parser.push(piece);
  return { events, ...parser.end() };
}

describe('Server-Sent Events, whole, in single characters and under every split', () => {
  test.each(rows)('$name', ({ text, events, atEof, unterminated = 0, comments }) => {
    const whole = parse([text], atEof);
    expect(whole.events).toEqual(events);
    expect(whole.unterminated).toBe(unterminated);
    if (comments !== undefined) expect(whole.comments).toBe(comments);
    expect(parse(text.split(''), atEof)).toEqual(whole);
    for (let at = 0; at <= text.length; at += 1) {
      expect(parse([text.slice(0, at), text.slice(at)], atEof)).toEqual(whole);
    }
  });
});

test('any splitting of any text gives the same events', () => {
  const line = fc.constantFrom('data: a', 'data', ': c', 'event: x', 'id: 7', '', 'é😀', '\ufeff');
  const end = fc.constantFrom('\n', '\r', '\r\n');
  const texts = fc.array(fc.tuple(line, end)).map((lines) => lines.flat().join(''));
  fc.assert(
    fc.property(texts, fc.array(fc.nat(200)), (text, cuts) => {
      const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b)];
      const pieces = at.map((from, index) => text.slice(from, at[index + 1] ?? text.length));
      expect(parse(pieces)).toEqual(parse([text]));
    }),
  );
});

test('a line that never ends is refused', () => {
  const parser = createSseParser({ onEvent: () => {} });
  const piece = 'x'.repeat(MAX_LINE_CHARS);
  parser.push(piece);
  expect(() => parser.push('y')).toThrow(FramingError);
});

describe('NDJSON', () => {
  const lines = (pieces: readonly string[]) => {
    const seen: string[] = [];
    const parser = createNdjsonParser((line) => seen.push(line));
    for (const piece of pieces) parser.push(piece);
    return { seen, ...parser.end() };
  };
  test.each([
    ['{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}'], 0],
    ['{"a":1}\r\n\r\n \n{"b":2}', ['{"a":1}', '{"b":2}'], 1],
    ['', [], 0],
  ] as const)('%j', (text, seen, unterminated) => {
    expect(lines([text])).toEqual({ seen, unterminated });
    expect(lines(text.split(''))).toEqual({ seen, unterminated });
  });
});
