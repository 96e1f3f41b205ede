import type { ResolvedAccount } from '../mock-options.ts';
import { type Account, createAccount } from './account.ts';

/** Who is asking: accounts by what a protocol knows of them. */
export interface AccountRegistry {
  readonly all: readonly Account[];
  /** Only when no accounts are configured: everybody is this one, and nothing is checked. */
  readonly open?: Account;
  byAppId(appId: string): { readonly account: Account; readonly apiSecret: string } | undefined;
  byApiKey(apiKey: string): Account | undefined;
  byLogin(username: string, password: string): Account | undefined;
}

export function createAccountRegistry(
  options: readonly ResolvedAccount[] | undefined,
  seed: number,
): AccountRegistry {
  if (options === undefined) return openRegistry(seed);
  const entries = options.map((own) => ({ own, account: createAccount(own, seed) }));
  const byAppId = new Map(entries.map((entry) => [entry.own.appId, entry]));
  const byApiKey = new Map(entries.map((entry) => [entry.own.apiKey, entry]));
  const byUsername = new Map(entries.map((entry) => [entry.own.username, entry]));
  return {
    all: entries.map((entry) => entry.account),
    byAppId: (appId) => {
      const found = byAppId.get(appId);
      const apiSecret = found?.own.apiSecret;
      return found && apiSecret !== undefined ? { account: found.account, apiSecret } : undefined;
    },
    byApiKey: (apiKey) => byApiKey.get(apiKey)?.account,
    byLogin: (username, password) => {
      const found = byUsername.get(username);
      return found?.own.password === password ? found?.account : undefined;
    },
  };
}

function openRegistry(seed: number): AccountRegistry {
  const account = createAccount(
    { id: 'default', concurrency: Number.POSITIVE_INFINITY, releaseLagMs: 0, spuriousRefusal: 0 },
    seed,
  );
  return {
    all: [account],
    open: account,
    byAppId: () => undefined,
    byApiKey: () => account,
    byLogin: () => account,
  };
}
