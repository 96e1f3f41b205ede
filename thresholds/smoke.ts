import type { Profile } from '../lib/metrics/profile.ts';

/** Does it work at all? A few streams, all of them whole. */
export const smoke: Profile = [
  {
    metric: 'streams',
    expression: 'count>={minimumStreams}',
    because: 'every planned stream must have been asked for',
  },
  {
    metric: 'stream_completed',
    expression: 'rate==1',
    because: 'with no load at all every answer must arrive whole',
  },
  {
    metric: 'quota_refused',
    expression: 'rate==0',
    because: 'one stream at a time can exceed no quota',
  },
];
