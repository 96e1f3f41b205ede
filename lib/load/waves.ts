import { ConfigError } from '../config/config-error.ts';
import { FAMILY_OF, type Outcome } from '../stream/outcome.ts';

/** How many streams of a wave shall end in which outcome. */
export type WaveExpectation = Readonly<Partial<Record<Outcome, number>>>;

/**
 * Reads `completed:3,concurrency-limited:1`.
 * @throws ConfigError for an unknown outcome, or when the numbers do not add up to the wave
 */
export function parseExpectation(text: string, streams: number): WaveExpectation {
  const expected: Partial<Record<Outcome, number>> = {};
  for (const part of text.split(',')) {
    const [name = '', count = ''] = part.trim().split(':');
    if (!isOutcome(name) || !/^\d+$/.test(count)) {
      throw new ConfigError(
        '--expect (WEIR_EXPECT)',
        'must be outcomes with counts, such as completed:3,concurrency-limited:1',
        JSON.stringify(part.slice(0, 60)),
      );
    }
    expected[name] = Number(count);
  }
  const total = Object.values(expected).reduce((sum, count) => sum + count, 0);
  if (total !== streams) {
    throw new ConfigError(
      '--expect (WEIR_EXPECT)',
      `must add up to the ${streams} streams of a wave`,
      String(total),
    );
  }
  return expected;
}

/** Without an expectation every wave is as good as any other. */
export function waveAsExpected(
  outcomes: readonly Outcome[],
  expected: WaveExpectation | undefined,
): boolean {
  if (expected === undefined) return true;
  const counts = new Map<Outcome, number>();
  for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const names = new Set([...counts.keys(), ...Object.keys(expected).filter(isOutcome)]);
  return [...names].every((name) => (counts.get(name) ?? 0) === (expected[name] ?? 0));
}

function isOutcome(name: string): name is Outcome {
  return Object.hasOwn(FAMILY_OF, name);
}
