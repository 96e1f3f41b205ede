import type { Profile } from '../lib/metrics/profile.ts';
import { admitted } from './admitted.ts';
import { demo } from './demo.ts';
import { quotaLimit } from './quota-limit.ts';
import { quotaSafe } from './quota-safe.ts';
import { slo } from './slo.ts';
import { smoke } from './smoke.ts';

/** Every profile by the name that `--profile` takes. */
export const profiles: Readonly<Record<string, Profile>> = {
  smoke,
  admitted,
  demo,
  slo,
  'quota-limit': quotaLimit,
  'quota-safe': quotaSafe,
};
