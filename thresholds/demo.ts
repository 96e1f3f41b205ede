import type { Profile } from '../lib/metrics/profile.ts';

/** `slo` for the demo's quick mock, whose streams take a quarter of a second when nothing is wrong. */
export const demo: Profile = [
  {
    metric: 'streams',
    by: 'step',
    expression: 'count>={minimumStreams}',
    because: 'a step with fewer streams than planned proves nothing',
  },
  {
    metric: 'stream_completed',
    by: 'step',
    expression: 'rate>0.99',
    because: 'more than one broken answer in a hundred is an outage for somebody',
  },
  {
    metric: 'stream_ttft',
    by: 'step',
    expression: 'p(95)<500',
    because: 'five times the 100 ms that the demo service needs when it is idle',
  },
];
