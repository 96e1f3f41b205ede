import { describe, expect, test } from 'vitest';
import type { Plan } from '../lib/load/plan.ts';
import type { Numbers } from './numbers.ts';
import type { Summary } from './summary.ts';
import { judge, type RunEvidence } from './verdict.ts';

const PLAN: Plan = {
  scenario: 'stairs',
  steps: [step('1-rate-5', 'step-1', 0), step('2-rate-10', 'step-2', 5)],
  vus: 10,
  vusFormula: '10',
  streamsPerIteration: 1,
  expectedStreams: 10,
  minimumStreams: 10,
  longestIterationMs: 1000,
  longestSeconds: 20,
};

const THRESHOLDS = [
  threshold('streams', {}, 'count>=10'),
  threshold('stream_completed', { step: '2-rate-10' }, 'rate>0.99'),
  threshold('stream_ttft', { step: '2-rate-10' }, 'p(95)<500'),
];

const SUMMARY: Summary = {
  metrics: {
    streams: metric('counter', { count: 10 }, { 'count>=10': true }),
    'stream_completed{step:2-rate-10}': metric(
      'rate',
      { rate: 1, passes: 5, fails: 0 },
      { 'rate>0.99': true },
    ),
    'stream_ttft{step:2-rate-10}': metric(
      'trend',
      { count: 5, 'p(95)': 120 },
      { 'p(95)<500': true },
    ),
  },
};

const PASSING: RunEvidence = {
  plan: PLAN,
  thresholds: THRESHOLDS,
  exit: { code: 0, cut: false },
  summary: SUMMARY,
  all: numbers(10),
  bySteps: new Map([
    ['1-rate-5', numbers(5)],
    ['2-rate-10', numbers(5)],
  ]),
  byAccounts: new Map(),
  log: {},
};

test('a run that kept every promise passes', () => {
  expect(judge(PASSING)).toMatchObject({ verdict: 'pass', exitCode: 0, reasons: [], streams: 10 });
});

describe('fail', () => {
  test('a broken threshold, with the first step that broke', () => {
    const summary = with_('stream_ttft{step:2-rate-10}', {
      type: 'trend',
      values: { count: 5, 'p(95)': 900 },
      thresholds: { 'p(95)<500': false },
    });
    const verdict = judge({ ...PASSING, exit: { code: 99, cut: false }, summary });
    expect(verdict).toMatchObject({ verdict: 'fail', exitCode: 99 });
    expect(verdict.reasons).toEqual([
      'broken from step 2-rate-10 on',
      'stream_ttft p(95)<500 at step 2-rate-10: was 900',
    ]);
  });

  test('streams ended but none could give a sample: the service is not excused', () => {
    const summary = with_('stream_ttft{step:2-rate-10}', {
      type: 'trend',
      values: { count: 0, 'p(95)': 0 },
      thresholds: { 'p(95)<500': true },
    });
    const verdict = judge({ ...PASSING, summary });
    expect(verdict).toMatchObject({ verdict: 'fail', exitCode: 99 });
    expect(verdict.thresholds[2]).toMatchObject({ ok: null, value: null });
    expect(verdict.reasons[1]).toMatch(/not one stream could give a sample/);
  });

  test('a counter without samples counts as 0', () => {
    const verdict = judge({
      ...PASSING,
      thresholds: [
        threshold('waves', {}, 'count>=1'),
        threshold('waves_unexpected', {}, 'count==0'),
      ],
    });
    expect(verdict.thresholds.map(({ ok, value }) => [ok, value])).toEqual([
      [false, 0],
      [true, 0],
    ]);
    expect(verdict.verdict).toBe('fail');
  });
});

describe('invalid', () => {
  test('no stream of the step at all: nobody knows', () => {
    const verdict = judge({
      ...PASSING,
      summary: with_('stream_ttft{step:2-rate-10}', undefined),
      bySteps: new Map([['1-rate-5', numbers(10)]]),
    });
    expect(verdict).toMatchObject({ verdict: 'invalid', exitCode: 110 });
    expect(verdict.reasons).toContain('no sample for stream_ttft p(95)<500 at step 2-rate-10');
  });

  test('records lost', () => {
    const verdict = judge({ ...PASSING, all: numbers(9) });
    expect(verdict).toMatchObject({
      verdict: 'invalid',
      exitCode: 110,
      reasons: ['records lost: k6 counted 10 streams, streams.ndjson has 9'],
    });
  });

  test('arrivals dropped in the first step', () => {
    const summary = with_('dropped_iterations{scenario:step-1}', counterOf(3));
    const verdict = judge({ ...PASSING, summary });
    expect(verdict.verdict).toBe('invalid');
    expect(verdict.reasons[0]).toMatch(/first step: 3 arrivals were dropped/);
  });

  test('arrivals dropped later only mark their step', () => {
    const summary = with_('dropped_iterations{scenario:step-2}', counterOf(3));
    const verdict = judge({ ...PASSING, summary });
    expect(verdict.verdict).toBe('pass');
    expect(verdict.steps[1]?.invalid).toMatch(/3 arrivals were dropped/);
  });

  test.each([
    [110, 'script-error'],
    [107, 'k6 ended with exit code 107'],
    [108, 'k6 ended with exit code 108'],
    [104, 'k6 ended with exit code 104'],
  ])('k6 exit code %d is passed on', (code, reason) => {
    const verdict = judge({ ...PASSING, exit: { code, cut: false } });
    expect(verdict).toMatchObject({ verdict: 'invalid', exitCode: code, reasons: [reason] });
  });

  test('an exception beats broken thresholds', () => {
    const verdict = judge({
      ...PASSING,
      exit: { code: 99, cut: false },
      log: { scriptError: 'TypeError: x' },
    });
    expect(verdict).toMatchObject({
      verdict: 'invalid',
      exitCode: 110,
      reasons: ['script-error: TypeError: x'],
    });
  });

  test.each([
    [137, true],
    [137, false],
    [105, false],
    [143, true],
  ])('cut: exit code %d, by us: %s', (code, byUs) => {
    const { summary: _, ...evidence } = PASSING;
    const verdict = judge({ ...evidence, exit: { code, cut: byUs } });
    expect(verdict).toMatchObject({ verdict: 'invalid', exitCode: code, reasons: ['cut'] });
    expect(verdict.streams).toBe(10);
  });
});

function step(name: string, k6Scenario: string, startSeconds: number): Plan['steps'][number] {
  return { name, k6Scenario, startSeconds, vus: 5, expectedStreams: 5, minimumStreams: 5 };
}

function threshold(name: string, tags: Record<string, string>, expression: string) {
  return { metric: name, tags, expression, because: 'of the test' };
}

function metric(
  type: string,
  values: Record<string, number>,
  thresholds: Record<string, boolean>,
): Summary['metrics'][string] {
  return { type, values, thresholds };
}

function counterOf(count: number) {
  return metric('counter', { count }, { 'count>=0': true });
}

/** The passing summary with one metric replaced, or taken away. */
function with_(name: string, replacement: Summary['metrics'][string] | undefined): Summary {
  const { [name]: _, ...others } = SUMMARY.metrics;
  return { metrics: replacement === undefined ? others : { ...others, [name]: replacement } };
}

function numbers(streams: number): Numbers {
  return { streams, outcomes: { completed: streams }, metrics: {} };
}
