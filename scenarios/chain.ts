/**
 * Question   Does the whole way a user goes work: login, token, conversation, stream?
 * Load       Some users at the same time, each asking a few questions in a row, each question with
 *            every step that the target's `login` and `chain` name (a login is kept until it expires).
 * Pass means Every step answered and every stream arrived whole.
 * Settings   --users (3), --iterations (3), --seed, --strategy, --profile (default smoke)
 * Command    node dist/cli.mjs run chain --target target.json --users 3
 */
import { ConfigError } from '../lib/config/config-error.ts';
import { defineLoad } from '../lib/k6/load.ts';
import { iterationsShape } from '../lib/load/closed.ts';
import { profiles } from '../thresholds/index.ts';

const load = defineLoad({
  scenario: 'chain',
  profiles,
  profile: 'smoke',
  settings: ['users', 'iterations'],
  shape: ({ users = 3, iterations = 3 }, target) => {
    if (target.login.length + target.chain.length === 0) {
      throw new ConfigError('login, chain', 'must hold a step for this scenario; else use smoke');
    }
    return iterationsShape({
      ...target,
      scenario: 'chain',
      vus: users,
      iterations,
      streamsPerIteration: 1,
    });
  },
});

export const options = load.options;
export const handleSummary = load.handleSummary;
export default load.iteration(async (user) => {
  await user.ask();
});
