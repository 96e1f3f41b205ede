import type { Profile } from '../lib/metrics/profile.ts';

/** Enough streams, and whole ones, at every step by itself. */
export const wholeAtEveryStep: Profile = [
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
];

/** What a chat user notices, demanded of every step by itself. */
export const slo: Profile = [
  ...wholeAtEveryStep,
  {
    metric: 'stream_ttft',
    by: 'step',
    expression: 'p(95)<2000',
    because: 'after two seconds without a word users ask again',
  },
  {
    metric: 'stream_max_gap',
    by: 'step',
    expression: 'p(95)<2000',
    because: 'an answer that pauses for two seconds reads as broken',
  },
];
