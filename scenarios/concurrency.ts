/**
 * Question   Do so many users get an answer at the same time, and who is refused?
 * Load       --waves: all users ask together; the next wave starts when all have ended and the
 *            cool-down (timeouts.coolDownMs) is over. Without: each user asks again and again.
 * Pass means With --expect every wave ended exactly so; else whoever was admitted got a whole answer.
 * Settings   --users (8), --waves or --seconds (30), --expect completed:3,concurrency-limited:1,
 *            --seed, --strategy, --profile (quota-limit with --expect, else admitted)
 * Command    node dist/cli.mjs run concurrency --target target.json --users 8 --waves 10
 */
import { defineLoad, rest } from '../lib/k6/load.ts';
import { createWaveCounter } from '../lib/k6/waves.ts';
import { iterationsShape, usersShape } from '../lib/load/closed.ts';
import { profiles } from '../thresholds/index.ts';

const load = defineLoad({
  scenario: 'concurrency',
  profiles,
  profile: ({ expect }) => (expect === undefined ? 'admitted' : 'quota-limit'),
  settings: ['users', 'waves', 'seconds', 'expect'],
  shape: ({ users = 8, waves, seconds = 30 }, target) => {
    const common = { ...target, scenario: 'concurrency' };
    return waves === undefined
      ? usersShape({ ...common, users, seconds })
      : iterationsShape({ ...common, vus: 1, iterations: waves, streamsPerIteration: users });
  },
});
const { users = 8, waves } = load.settings;
const together = waves === undefined ? 1 : users;
const countWave = createWaveCounter(load.settings, together);

export const options = load.options;
export const handleSummary = load.handleSummary;
export default load.iteration(async (user) => {
  countWave(await Promise.all(Array.from({ length: together }, () => user.ask())));
  await rest(load.target.timeouts.coolDownMs);
});
