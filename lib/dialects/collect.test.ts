import { describe, expect, test } from 'vitest';
import { asVector } from '../../test/vectors/as-vector.ts';
import vectors from '../../test/vectors/rules.json' with { type: 'json' };
import { createCollector } from './collect.ts';
import { compilePath, findAt } from './paths.ts';
import type { StreamRules } from './rules.ts';

interface Vector {
  readonly name: string;
  readonly rules: StreamRules;
  readonly frames: readonly { readonly event?: string; readonly data: string }[];
  readonly expect: Record<string, unknown>;
}

const rows: readonly Vector[] = JSON.parse(JSON.stringify(vectors));

describe('the rules, as the extension reads them', () => {
  test.each(rows)('$name', ({ rules, frames, expect: expected }) => {
    const collector = createCollector(rules);
    frames.forEach((frame, index) => {
      collector.push(frame, index);
    });
    const seen: Record<string, unknown> = asVector(collector.collected());
    const silent = { error: undefined, afterEndEvents: 0, completeAt: undefined };
    const shown = Object.keys({ ...silent, ...expected });
    expect(Object.fromEntries(shown.map((key) => [key, seen[key]]))).toEqual({
      ...silent,
      ...expected,
    });
  });
});

test('push says when the stream is over', () => {
  const rules: StreamRules = {
    framing: 'sse',
    answer: ['text'],
    delta: 'incremental',
    end: [{ data: '[DONE]' }],
    error: [{ path: 'error' }],
  };
  const collector = createCollector(rules);
  expect(collector.push({ data: '{"text":"a"}' }, 1)).toBe('more');
  expect(collector.push({ data: '[DONE]' }, 2)).toBe('end');
  expect(collector.push({ data: '{"error":1}' }, 3)).toBe('end');
  expect(createCollector(rules).push({ data: '{"error":1}' }, 1)).toBe('error');
});

describe('paths', () => {
  const found = (path: string, value: unknown) =>
    findAt(value, compilePath(path), (item) => item !== undefined);
  test.each(['a..b', '.a', 'a.', 'a\\x', 'a\\'])('%j is no path', (path) => {
    expect(() => compilePath(path)).toThrow(/^path must not have an empty key|may escape/);
  });
  test.each<[string, unknown, unknown]>([
    ['a.b', { a: { b: 1 } }, 1],
    ['a.*.b', { a: [{}, { b: 2 }] }, 2],
    ['a.1', { a: ['x', 'y'] }, 'y'],
    ['a\\.b', { 'a.b': 3 }, 3],
    ['a.\\*', { a: { '*': 4 } }, 4],
    ['a\\\\b', { 'a\\b': 5 }, 5],
    ['a.*', { a: { b: 1 } }, undefined],
    ['a.b', { a: [1] }, undefined],
    ['toString', {}, undefined],
  ])('%s', (path, value, expected) => {
    expect(found(path, value)).toEqual(expected);
  });
});
