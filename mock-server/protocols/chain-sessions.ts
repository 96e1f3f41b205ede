import { randomBytes, randomUUID } from 'node:crypto';
import type { Account } from '../accounts/account.ts';

/** Tokens that expire, and conversations that belong to an account. Random, not seeded: they are secrets. */
export interface ChainSessions {
  createToken(account: Account, now: number): string;
  accountOf(token: string, now: number): Account | undefined;
  createConversation(account: Account): string;
  hasConversation(id: string, account: Account): boolean;
  reset(): void;
}

/** Of each kind; beyond it the oldest is forgotten. */
const MAX_KEPT = 100_000;

export function createChainSessions(tokenTtlMs: number): ChainSessions {
  const tokens = new Map<string, { readonly account: Account; readonly expiresAt: number }>();
  const conversations = new Map<string, string>();
  return {
    createToken: (account, now) => {
      const token = randomBytes(24).toString('base64url');
      remember(tokens, token, { account, expiresAt: now + tokenTtlMs });
      return token;
    },
    accountOf: (token, now) => {
      const found = tokens.get(token);
      if (found === undefined || found.expiresAt > now) return found?.account;
      tokens.delete(token);
      return undefined;
    },
    createConversation: (account) => {
      const id = randomUUID();
      remember(conversations, id, account.id);
      return id;
    },
    hasConversation: (id, account) => conversations.get(id) === account.id,
    reset: () => {
      tokens.clear();
      conversations.clear();
    },
  };
}

function remember<Value>(kept: Map<string, Value>, key: string, value: Value): void {
  kept.set(key, value);
  if (kept.size <= MAX_KEPT) return;
  for (const oldest of kept.keys()) {
    kept.delete(oldest);
    return;
  }
}
