import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { StreamRecord } from '../lib/stream/record.ts';
import { parseMockOptions } from '../mock-server/options.ts';
import { type MockServer, startMockServer } from '../mock-server/server.ts';
import { readRecords } from '../report/records.ts';
import { milliseconds, outcomeText, renderTable, share } from '../report/terminal.ts';
import type { Verdict } from '../report/verdict.ts';
import { compareWithJournal } from './demo-journal.ts';
import { EXIT } from './exit-codes.ts';
import { PROJECT } from './project.ts';
import { runScenario } from './run.ts';

interface DemoRun {
  readonly name: string;
  readonly question: string;
  readonly scenario: string;
  readonly target: string;
  readonly mock: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly expected: Verdict['verdict'];
  /** The finding in a few words. */
  finding(verdict: Verdict): string;
}

const RUNS: readonly DemoRun[] = [
  {
    name: 'one-account',
    question: 'Is the 4th parallel question on one account of 3 refused?',
    scenario: 'concurrency',
    target: 'one-account.json',
    mock: 'quota-mock.json',
    settings: {
      users: '4',
      waves: '10',
      expect: 'completed:3,concurrency-limited:1',
      strategy: 'random-unsafe',
      seed: '1',
    },
    expected: 'pass',
    finding: ({ outcomes }) => `10 waves of 4: ${outcomeText(outcomes)}`,
  },
  {
    name: 'random-accounts',
    question: '8 users choose among 5 accounts of 3 at random: is everybody served?',
    scenario: 'concurrency',
    target: 'five-accounts.json',
    mock: 'quota-mock.json',
    settings: { users: '8', waves: '40', strategy: 'random-unsafe', seed: '1' },
    expected: 'pass',
    finding: ({ streams, outcomes }) =>
      `no: ${outcomes['concurrency-limited'] ?? 0} of ${streams} refused ` +
      `(${share(streams, outcomes['concurrency-limited'] ?? 0)}) with 15 places for 8 users`,
  },
  {
    name: 'quota-safe',
    question: 'The same with a place of their own for each user?',
    scenario: 'concurrency',
    target: 'five-accounts.json',
    mock: 'quota-mock.json',
    settings: {
      users: '8',
      waves: '40',
      strategy: 'pinned',
      profile: 'quota-safe',
      seed: '1',
    },
    expected: 'pass',
    finding: ({ streams, outcomes }) => `yes: ${outcomes.completed ?? 0} of ${streams} answered`,
  },
  {
    name: 'rate-stairs',
    question: 'At which rate does the service break, and how?',
    scenario: 'stairs',
    target: 'chain.json',
    mock: 'stairs-mock.json',
    settings: { rates: '10,20,30,45,60', stepSeconds: '5', profile: 'demo', seed: '1' },
    expected: 'fail',
    finding: describeStairs,
  },
];

function describeStairs({ steps, reasons }: Verdict): string {
  const first = steps[0];
  const last = steps[steps.length - 1];
  const ttft = (step: typeof first) => milliseconds(step?.metrics.stream_ttft?.p95 ?? 0);
  return (
    `${reasons[0] ?? 'nowhere'}: TTFT p95 ${ttft(first)} → ${ttft(last)}, completed ` +
    `${share(first?.streams ?? 0, first?.outcomes.completed ?? 0)} → ` +
    `${share(last?.streams ?? 0, last?.outcomes.completed ?? 0)}`
  );
}

/**
 * Both founding tests, for real: k6 against the embedded mock server, four runs under runs/demo/.
 * @returns 0 when every verdict is the expected one and the server's journal agrees with the records
 */
export async function runDemo(): Promise<number> {
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const rows: string[][] = [['run', 'question', 'what was seen', 'verdict']];
  const problems: string[] = [];
  for (const demo of RUNS) {
    say(`── demo/${demo.name}: ${demo.question}`);
    const { verdict, folder, disagreements } = await runOne(demo, say);
    if (verdict.reasons.includes('cut')) return verdict.exitCode;
    problems.push(...disagreements.map((text) => `${demo.name}: ${text}`));
    if (verdict.verdict !== demo.expected) {
      problems.push(
        `${demo.name}: verdict ${verdict.verdict}, expected ${demo.expected}; see ${folder}`,
      );
    }
    rows.push([demo.name, demo.question, demo.finding(verdict), verdict.verdict]);
  }
  process.stdout.write(`\n${renderTable(rows).join('\n')}\n\n`);
  process.stdout.write(
    `Artefacts of each run: ${resolve('runs/demo')}/<run>/{verdict.json, streams.ndjson, summary.json, k6.log}\n`,
  );
  if (problems.length === 0) {
    process.stdout.write(
      'All four verdicts are the expected ones, and the mock server’s journal agrees with the records.\n',
    );
    return EXIT.ok;
  }
  process.stdout.write(`${problems.join('\n')}\n`);
  return EXIT.failure;
}

async function runOne(demo: DemoRun, say: (text: string) => void) {
  const journalFile = resolve('runs/demo', `${demo.name}.journal.ndjson`);
  mkdirSync(resolve('runs/demo'), { recursive: true, mode: 0o700 });
  const config: unknown = JSON.parse(readFileSync(join(PROJECT, 'demo', demo.mock), 'utf8'));
  const mock = await startMockServer({ ...parseMockOptions(config), journalFile });
  try {
    const target = join(copyTargets(mock), demo.target);
    const { scenario, settings } = demo;
    const name = `demo/${demo.name}`;
    const run = await runScenario({ scenario, target, name, force: true, settings, say });
    const records: StreamRecord[] = [];
    await readRecords(join(run.folder, 'streams.ndjson'), (record) => records.push(record));
    return { ...run, disagreements: compareWithJournal(records, mock.journal()) };
  } finally {
    await mock.close();
  }
}

/** The demo's target files with the mock server's address filled in: to look at, and to use again. */
function copyTargets(mock: MockServer): string {
  const folder = resolve('runs/demo/targets');
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(PROJECT, 'demo/targets'), folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('{wsUrl}', mock.wsUrl).replace('{url}', mock.url));
  }
  return folder;
}
