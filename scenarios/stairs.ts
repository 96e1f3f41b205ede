/**
 * Question   At which rate does the service stop keeping its promise, and how?
 * Load       One constant arrival rate after the other (--rates), each for --step-seconds. Arrivals do
 *            not wait for answers: a slow service is not spared.
 * Pass means Every step kept the promise. The verdict names the first step that did not.
 * Settings   --rates (1,2,5), --step-seconds (30), --seed, --strategy, --profile (default slo)
 * Command    node dist/cli.mjs run stairs --target target.json --rates 5,10,20,40
 */
import { defineLoad } from '../lib/k6/load.ts';
import { stairsShape } from '../lib/load/stairs.ts';
import { profiles } from '../thresholds/index.ts';

const load = defineLoad({
  scenario: 'stairs',
  profiles,
  profile: 'slo',
  settings: ['rates', 'stepSeconds'],
  shape: ({ rates = [1, 2, 5], stepSeconds = 30 }, target) =>
    stairsShape({ ...target, scenario: 'stairs', rates, stepSeconds }),
});

export const options = load.options;
export const handleSummary = load.handleSummary;
export default load.iteration(async (user) => {
  await user.ask();
});
