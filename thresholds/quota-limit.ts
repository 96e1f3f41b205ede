import type { Profile } from '../lib/metrics/profile.ts';

/** Is the quota enforced, and exactly? For waves with an expectation. */
export const quotaLimit: Profile = [
  {
    metric: 'waves',
    expression: 'count>=10',
    because: 'a limit that holds once may be luck; ten times in a row is a rule',
  },
  {
    metric: 'waves_unexpected',
    expression: 'count==0',
    because: 'each wave must end exactly as expected: no stream more and none less',
  },
  {
    metric: 'streams',
    expression: 'count>={minimumStreams}',
    because: 'every planned stream must have been asked for',
  },
  {
    metric: 'stream_completed',
    expression: 'rate==1',
    because: 'a stream that was admitted must be answered in full',
  },
];
