import { describe, expect, test } from 'vitest';
import { DEFAULT_TIMEOUTS } from '../target/target.ts';
import { iterationsShape, usersShape } from './closed.ts';
import { longestIterationMs } from './plan.ts';
import { flagName, readSettings, variableName } from './settings.ts';
import { stairsShape, wholeRate } from './stairs.ts';
import { parseExpectation, waveAsExpected } from './waves.ts';

const limits = {
  timeouts: { ...DEFAULT_TIMEOUTS, totalMs: 6000, requestMs: 2000, coolDownMs: 100 },
  login: [],
  chain: [],
};

describe('plan', () => {
  test('the longest iteration is every request at its limit', () => {
    expect(longestIterationMs(limits)).toBe(6100);
    expect(longestIterationMs({ ...limits, chain: [1] })).toBe(8100);
    // A renewed login repeats everything once.
    expect(longestIterationMs({ ...limits, login: [1], chain: [1] })).toBe(20_100);
  });

  test('waves: the number of streams is exact', () => {
    const { plan, k6Scenarios } = iterationsShape({
      ...limits,
      scenario: 'concurrency',
      vus: 1,
      iterations: 40,
      streamsPerIteration: 8,
    });
    expect(plan).toMatchObject({ expectedStreams: 320, minimumStreams: 320, vus: 1 });
    expect(k6Scenarios['concurrency']).toMatchObject({ iterations: 40, gracefulStop: '12s' });
  });

  test('free users: at least one stream each', () => {
    const { plan } = usersShape({ ...limits, scenario: 'concurrency', users: 8, seconds: 30 });
    expect(plan.minimumStreams).toBe(8);
    expect(plan.expectedStreams).toBeUndefined();
  });

  test('stairs: a VU for every stream that could be open, over steps that overlap', () => {
    const { plan, k6Scenarios } = stairsShape({
      ...limits,
      scenario: 'stairs',
      rates: [10, 2.5],
      stepSeconds: 4,
    });
    expect(plan.steps.map(({ name, vus }) => [name, vus])).toEqual([
      ['1-rate-10', 44],
      ['2-rate-2.5', 11],
    ]);
    expect(plan.vus).toBe(55);
    expect(plan).toMatchObject({ expectedStreams: 50, minimumStreams: 45 });
    expect(k6Scenarios['step-2']).toMatchObject({
      rate: 25,
      timeUnit: '10s',
      startTime: '4s',
      preAllocatedVUs: 11,
      maxVUs: 11,
      tags: { step: '2-rate-2.5' },
    });
  });

  test.each([
    [1, 1, '1s'],
    [0.5, 5, '10s'],
    [0.001, 1, '1000s'],
    [33.3, 333, '10s'],
  ])('rate %d a second is %d in %s', (rate, whole, timeUnit) => {
    expect(wholeRate(rate)).toEqual({ rate: whole, timeUnit });
  });
});

describe('settings', () => {
  test('flag and variable map one to one', () => {
    expect(flagName('stepSeconds')).toBe('--step-seconds');
    expect(variableName('stepSeconds')).toBe('WEIR_STEP_SECONDS');
  });

  test('what is set is parsed, the rest is absent', () => {
    const environment: Record<string, string> = { WEIR_RATES: '1,2.5, 10', WEIR_WAVES: '4' };
    expect(readSettings((name) => environment[name])).toEqual({ rates: [1, 2.5, 10], waves: 4 });
  });

  test.each([
    ['WEIR_WAVES', '2.5', /--waves \(WEIR_WAVES\) must be a whole number from 1 to 1000000/],
    ['WEIR_WAVES', '0', /from 1 to/],
    ['WEIR_RATES', '5,ten', /numbers joined by commas, each from 0.001/],
    ['WEIR_STRATEGY', 'lucky', /must be one of pinned, random-unsafe, got "lucky"/],
    ['WEIR_STEP_SECONDS', '-1', /must be a number from 1 to 86400, got "-1"/],
  ])('%s=%s is refused', (variable, text, message) => {
    expect(() => readSettings((name) => (name === variable ? text : undefined))).toThrow(message);
  });
});

describe('waves', () => {
  const expected = parseExpectation('completed:3,concurrency-limited:1', 4);

  test.each([
    [['completed', 'completed', 'concurrency-limited', 'completed'], true],
    [['completed', 'completed', 'completed', 'completed'], false],
    [['completed', 'completed', 'concurrency-limited', 'concurrency-limited'], false],
    [['completed', 'completed', 'completed', 'timeout-idle'], false],
  ] as const)('%j → as expected: %s', (outcomes, asExpected) => {
    expect(waveAsExpected(outcomes, expected)).toBe(asExpected);
  });

  test('without an expectation every wave is as good as any other', () => {
    expect(waveAsExpected(['empty'], undefined)).toBe(true);
  });

  test.each([
    ['complete:4', /must be outcomes with counts/],
    ['completed:x', /must be outcomes with counts/],
    ['completed:3', /must add up to the 4 streams of a wave, got 3/],
  ])('%s is refused', (text, message) => {
    expect(() => parseExpectation(text, 4)).toThrow(message);
  });
});
