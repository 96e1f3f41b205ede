import { ConfigError } from '../config/config-error.ts';

/**
 * `${NAME}` in credentials and headers: only its form is checked while initialising, the value is
 * looked up at the first use. Never in URLs: a foreign target file must not be able to send the
 * environment away.
 */
const REFERENCE = /\$\{([^}]*)\}/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export function checkReferences(text: string, field: string): void {
  for (const name of referencesIn(text)) {
    if (!NAME.test(name)) {
      throw new ConfigError(field, `must name an environment variable as \${NAME}`, `\${${name}}`);
    }
  }
}

export function refuseReferences(text: string, field: string): void {
  if (/\$\{/.test(text)) {
    throw new ConfigError(
      field,
      'must not hold ${NAME}: variables are expanded in credentials and headers only',
    );
  }
}

export function referencesIn(text: string): readonly string[] {
  return [...text.matchAll(REFERENCE)].map((match) => match[1] ?? '');
}

/** The values of all names that a target's credentials and headers refer to. */
export type Secrets = Readonly<Record<string, string>>;

export function resolveReferences(text: string, field: string, secrets: Secrets): string {
  return text.replace(REFERENCE, (_, name: string) => {
    const value = secrets[name];
    if (value === undefined || value === '') {
      throw new ConfigError(
        field,
        `needs the environment variable ${name}, which is not set; export ${name}=…`,
      );
    }
    return value;
  });
}
