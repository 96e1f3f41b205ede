/**
 * Question   Does the target answer at all, with every account?
 * Load       One user, one question after the other; as many as there are accounts, at least 3.
 * Pass means Every answer arrived whole and nothing was refused.
 * Settings   --iterations, --seed, --strategy, --profile (default smoke)
 * Command    node dist/cli.mjs run smoke --target target.json
 */
import { defineLoad } from '../lib/k6/load.ts';
import { iterationsShape } from '../lib/load/closed.ts';
import { profiles } from '../thresholds/index.ts';

const load = defineLoad({
  scenario: 'smoke',
  profiles,
  profile: 'smoke',
  settings: ['iterations'],
  shape: ({ iterations }, target) =>
    iterationsShape({
      ...target,
      scenario: 'smoke',
      vus: 1,
      iterations: iterations ?? Math.max(3, target.accounts.length),
      streamsPerIteration: 1,
    }),
});

export const options = load.options;
export const handleSummary = load.handleSummary;
export default load.iteration(async (user) => {
  await user.ask();
});
