import { ConfigError } from '../config/config-error.ts';
import { readSettings, type Settings } from '../load/settings.ts';
import { loadTarget, type Target } from '../target/target.ts';

/** The only place that reads the environment and files. All of it happens while k6 initialises. */
export interface Environment {
  readonly target: Target;
  readonly settings: Settings;
  readonly seed: number;
  /** Name of the run; it goes into every record. */
  readonly run?: string;
  /** Folder of the run's artefacts; absent in a plain `k6 run`. */
  readonly runDir?: string;
  readonly instance: number;
}

/** Used by a plain `k6 run`: every VU reads the environment by itself, so it cannot be random. */
const DEFAULT_SEED = 1;

export function readEnvironment(): Environment {
  const settings = readSettings((variable) => __ENV[variable]);
  const target = loadTarget(targetFile(), readFile);
  const runDir = __ENV['WEIR_RUN_DIR'];
  const run = __ENV['WEIR_RUN'];
  refuseArchivedSecrets(target);
  return {
    target,
    settings,
    seed: settings.seed ?? DEFAULT_SEED,
    ...(run && { run }),
    ...(runDir && { runDir }),
    instance: Number(__ENV['WEIR_INSTANCE'] ?? 0),
  };
}

/** The value of `${NAME}`; undefined when it is not set. */
export function environmentVariable(name: string): string | undefined {
  return __ENV[name];
}

/** k6's `open()` would resolve a relative path against the bundle's folder, not the user's. */
function targetFile(): string {
  const file = __ENV['WEIR_TARGET'];
  if (!file) {
    throw new ConfigError(
      'WEIR_TARGET',
      'must name a target file; pass -e WEIR_TARGET=target.json',
    );
  }
  if (file.startsWith('/')) return file;
  const folder = __ENV['PWD'];
  if (!folder) throw new ConfigError('WEIR_TARGET', 'must be an absolute path here', `"${file}"`);
  return `${folder}/${file.replace(/^\.\//, '')}`;
}

function readFile(file: string): string {
  try {
    return open(file);
  } catch (error) {
    throw new ConfigError(file, 'must be a readable file', String(error).split('\n')[0]);
  }
}

/** They name an account and open nothing. */
const PUBLIC_CREDENTIALS: readonly string[] = ['appId', 'username', 'signatureEncoding'];

/**
 * k6 does not say that a script is being archived, but `k6 archive`, `inspect` and `cloud` leave the
 * system environment out: then a literal secret would travel in clear.
 */
function refuseArchivedSecrets({ accounts }: Target): void {
  if (__ENV['PATH'] !== undefined) return;
  for (const { id, credentials } of accounts) {
    for (const [name, value] of Object.entries(credentials)) {
      if (!PUBLIC_CREDENTIALS.includes(name) && !value.includes('${')) {
        throw new ConfigError(
          `account ${id}: credentials.${name}`,
          'must be written as ${NAME}: this k6 runs without the system environment, so the script may be archived, and a literal value would be stored in clear',
          '***',
        );
      }
    }
  }
}
