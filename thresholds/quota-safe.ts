import type { Profile } from '../lib/metrics/profile.ts';
import { admitted } from './admitted.ts';

/** Everybody gets an answer: not one refusal, release lag included. */
export const quotaSafe: Profile = [
  {
    metric: 'quota_refused',
    expression: 'rate==0',
    because: 'a choice that keeps within the quotas must never be refused',
  },
  ...admitted,
];
