import type { Profile } from '../lib/metrics/profile.ts';

/** Refusals are the finding, not a failure; whoever is admitted gets a whole answer in time. */
export const admitted: Profile = [
  {
    metric: 'streams',
    expression: 'count>={minimumStreams}',
    because: 'fewer streams than planned say nothing about collisions',
  },
  {
    metric: 'stream_completed',
    expression: 'rate>0.99',
    because: 'a stream that was admitted should be answered in full',
  },
  {
    metric: 'stream_ttft',
    expression: 'p(95)<2000',
    because: 'after two seconds without a word users ask again',
  },
];
