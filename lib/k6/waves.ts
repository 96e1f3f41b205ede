import { Counter } from 'k6/metrics';
import { ConfigError } from '../config/config-error.ts';
import type { Settings } from '../load/settings.ts';
import { parseExpectation, waveAsExpected } from '../load/waves.ts';
import type { Outcome } from '../stream/outcome.ts';

/**
 * Counts waves, and those that did not end as `--expect` says.
 * @throws ConfigError while initialising, for an expectation that does not fit the wave
 */
export function createWaveCounter(
  { waves, expect }: Settings,
  streams: number,
): (outcomes: readonly Outcome[]) => void {
  if (expect !== undefined && waves === undefined) {
    throw new ConfigError('--expect (WEIR_EXPECT)', 'goes with --waves: it says how a wave ends');
  }
  const expected = expect === undefined ? undefined : parseExpectation(expect, streams);
  const seen = new Counter('waves');
  const unexpected = new Counter('waves_unexpected');
  return (outcomes) => {
    if (waves === undefined) return;
    seen.add(1);
    unexpected.add(waveAsExpected(outcomes, expected) ? 0 : 1);
  };
}
