import type { Profile } from '../lib/metrics/profile.ts';
import { wholeAtEveryStep } from './slo.ts';

/** `slo` for the demo's quick mock, whose streams take a quarter of a second when nothing is wrong. */
export const demo: Profile = [
  ...wholeAtEveryStep,
  {
    metric: 'stream_ttft',
    by: 'step',
    expression: 'p(95)<500',
    because: 'five times the 100 ms that the demo service needs when it is idle',
  },
];
