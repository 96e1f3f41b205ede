/**
 * The configuration cannot be used: says which field, which rule it breaks and what was received.
 * Thrown while a script or a command initialises, never inside an iteration.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly field: string;

  constructor(field: string, rule: string, received?: string) {
    super(received === undefined ? `${field} ${rule}` : `${field} ${rule}, got ${received}`);
    this.field = field;
  }
}
