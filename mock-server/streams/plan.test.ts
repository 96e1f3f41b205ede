import { expect, test } from 'vitest';
import type { PlanOptions } from '../mock-options.ts';
import { resolveMockOptions } from '../options.ts';
import { createRandom } from '../random.ts';
import type { AnswerForm } from './answer-form.ts';
import { delayPlan, planStream } from './plan.ts';

const FORM: AnswerForm = {
  contentType: 'text/plain',
  opening: () => ['open'],
  reasoning: (text) => `r:${text}`,
  content: (text) => `c:${text}`,
  closing: ({ reasoning, content }) => [`close ${reasoning}+${content}`],
  marker: () => 'end',
  error: (failure) => failure,
};

function plan(options: PlanOptions, seed = 1, form = FORM) {
  return planStream(resolveMockOptions({ plan: options }).plan, createRandom(seed), form);
}

function shown(planned: ReturnType<typeof plan>) {
  return planned.steps.map(({ atMs, kind, bytes }) => [atMs, kind, bytes.toString()]);
}

test('opening at once, content from TTFT on, one gap before what closes the stream', () => {
  const planned = plan({ ttftMs: 100, chunks: 2, gapMs: 12.5, reasoningChunks: 1, chunkText: 'x' });
  expect(shown(planned)).toEqual([
    [0, 'opening', 'open'],
    [100, 'reasoning', 'r:x'],
    [112.5, 'content', 'c:x'],
    [125, 'content', 'c:x'],
    [137.5, 'closing', 'close 1+2'],
    [137.5, 'marker', 'end'],
  ]);
  expect(planned).toMatchObject({ headAtMs: 0, endAtMs: 137.5, end: 'clean', answersClose: true });
});

test('an answer without chunks closes at TTFT', () => {
  expect(shown(plan({ ttftMs: 100, chunks: 0 }))).toEqual([
    [0, 'opening', 'open'],
    [100, 'closing', 'close 0+0'],
    [100, 'marker', 'end'],
  ]);
});

test('pairs are drawn within their ends, by the seed', () => {
  const options = { ttftMs: [50, 80], chunks: [5, 9], gapMs: [1, 3], chunkChars: [2, 5] } as const;
  const plans = Array.from({ length: 200 }, (_, seed) => plan(options, seed));
  const contents = plans.map(({ steps }) => steps.filter((step) => step.kind === 'content'));
  expect(new Set(contents.map((content) => content.length))).toEqual(new Set([5, 6, 7, 8, 9]));
  const ttfts = contents.map((content) => content[0]?.atMs ?? 0);
  expect(Math.min(...ttfts)).toBeGreaterThanOrEqual(50);
  expect(Math.max(...ttfts)).toBeLessThan(80);
  expect(new Set(ttfts).size).toBeGreaterThan(150);
  const gaps = contents.flatMap((content) =>
    content.slice(1).map((step, index) => step.atMs - (content[index]?.atMs ?? 0)),
  );
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1 - 1e-9);
  expect(Math.max(...gaps)).toBeLessThan(3 + 1e-9);
  const lengths = contents.flat().map((step) => [...step.bytes.toString().slice(2)].length);
  expect(new Set(lengths)).toEqual(new Set([2, 3, 4, 5]));
});

test('the same seed gives the same bytes, another seed others', () => {
  const options = { chunks: 50, gapMs: [1, 20], chunkChars: [1, 9] } as const;
  expect(shown(plan(options, 3))).toEqual(shown(plan(options, 3)));
  expect(shown(plan(options, 3))).not.toEqual(shown(plan(options, 4)));
});

test('texts are Chinese, English and emoji, cut between code points', () => {
  const texts = plan({ chunks: 400, chunkChars: 1 })
    .steps.filter((step) => step.kind === 'content')
    .map((step) => new TextDecoder('utf-8', { fatal: true }).decode(step.bytes).slice(2));
  expect(texts.every((text) => [...text].length === 1)).toBe(true);
  const all = texts.join('');
  for (const sample of ['知识库', 'stream', '🚀', '👨‍👩‍👧‍👦', '𠮷', '1️⃣', '\n'])
    expect(all).toContain(sample);
});

test('a whole answer is one step, at the time of the last frame', () => {
  const whole = plan({ ttftMs: 100, chunks: 2, gapMs: 10, chunkText: 'x' }, 1, {
    ...FORM,
    whole: (content, counts) => `${content} ${counts.content}`,
  });
  expect(shown(whole)).toEqual([[120, 'marker', 'xx 2']]);
});

test('a delayed plan is the same plan later', () => {
  const planned = plan({ ttftMs: 100, chunks: 2, gapMs: 10 });
  const later = delayPlan(planned, 1000);
  expect(later.headAtMs).toBe(1000);
  expect(later.endAtMs).toBe(planned.endAtMs + 1000);
  expect(delayPlan(later, -1000)).toEqual(planned);
});
