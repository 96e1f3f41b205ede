import { Command, CommanderError } from 'commander';
import { ConfigError } from '../lib/config/config-error.ts';
import { flagName, SETTINGS, type Setting } from '../lib/load/settings.ts';
import { MockConfigError } from '../mock-server/option-rules.ts';
import { runDemo } from './demo.ts';
import { EXIT } from './exit-codes.ts';
import { runMock } from './mock.ts';
import { scenarioNames } from './project.ts';
import { runScenario } from './run.ts';
import { describeSignature } from './sign.ts';
import { UsageError } from './usage-error.ts';

const program = new Command('k6-weir')
  .description('load tester for streaming chat APIs: a stream is complete or failed, and why')
  .exitOverride()
  .showSuggestionAfterError()
  .configureHelp({ showGlobalOptions: true });

const run = program
  .command('run')
  .description(
    'run a scenario against a target, judge it, exit 0 (pass), 99 (fail) or 110 (invalid)',
  )
  .argument('<scenario>', `one of ${scenarioNames().join(', ')}`)
  .requiredOption('--target <file>', 'what is tested: a target file')
  .option('--name <run>', 'folder below runs/ for the artefacts (default: scenario and time)')
  .option('--force', 'replace the artefacts of a run of that name');
for (const [name, setting] of Object.entries<Setting>(SETTINGS)) {
  const choices = setting.choices ? ` (${setting.choices.join(', ')})` : '';
  run.option(`${flagName(name)} <${setting.kind}>`, setting.help + choices);
}
run
  .addHelpText(
    'after',
    `
Examples:
  $ k6-weir run smoke --target target.json
  $ k6-weir run concurrency --target target.json --users 8 --waves 40 --strategy random-unsafe
  $ k6-weir run stairs --target target.json --rates 5,10,20,40 --name before-release`,
  )
  .action(async (scenario: string, options: Record<string, string | boolean | undefined>) => {
    const { target, name, force } = options;
    const { verdict } = await runScenario({
      scenario,
      target: String(target),
      ...(typeof name === 'string' && { name }),
      force: force === true,
      settings: textSettings(options),
      say: (text) => process.stderr.write(`${text}\n`),
    });
    process.exitCode = verdict.exitCode;
  });

program
  .command('demo')
  .description(
    'run both founding tests against the embedded mock server: four runs under runs/demo/',
  )
  .action(async () => {
    process.exitCode = await runDemo();
  });

program
  .command('mock')
  .description('serve the mock server until Ctrl-C; prints its URLs as one JSON line')
  .option('--port <number>', 'port, 0 for a free one (default 0)')
  .option('--host <address>', 'address to listen on (default 127.0.0.1)')
  .option('--config <file>', 'accounts, plan, capacity and faults as JSON')
  .option('--journal <file>', 'write what was sent when, one line a stream')
  .action(async (options: Record<string, string>) => {
    await runMock(options);
  });

program
  .command('sign')
  .description('show every stage of a ChatDoc signature (secret from WEIR_API_SECRET)')
  .requiredOption('--app-id <id>', 'the account’s appId')
  .option('--timestamp <seconds>', 'Unix seconds (default: now)')
  .option('--url <url>', 'URL to sign', 'wss://chatdoc.xfyun.cn/openapi/chat')
  .action((options: { appId: string; timestamp?: string; url: string }) => {
    process.stdout.write(describeSignature(options, new Date()));
  });

function textSettings(
  options: Readonly<Record<string, string | boolean | undefined>>,
): Readonly<Record<string, string | undefined>> {
  const texts = Object.keys(SETTINGS).map((name) => {
    const value = options[name];
    return [name, typeof value === 'string' ? value : undefined] as const;
  });
  return Object.fromEntries(texts);
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** One sentence and an exit code; a stack only where weir itself is at fault. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (isUsage(error)) {
    process.stderr.write(`k6-weir: ${error.message}\n`);
    return EXIT.usage;
  }
  process.stderr.write(`k6-weir: ${error instanceof Error ? error.stack : String(error)}\n`);
  return EXIT.failure;
}

function isUsage(error: unknown): error is Error {
  return [ConfigError, MockConfigError, UsageError].some((kind) => error instanceof kind);
}
