/** A sentence for the user about what was asked for; exit code 2, no stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
