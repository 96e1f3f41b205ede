import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../lib/load/plan.ts';
import type { Threshold } from '../lib/metrics/profile.ts';
import { createNumbers, type NumbersCollector } from './numbers.ts';
import { readRecords } from './records.ts';
import { readRunLog } from './run-log.ts';
import { parseSummary } from './summary.ts';
import { judge, type K6Exit, type Verdict } from './verdict.ts';

/** Reads what a run left in its folder and judges it. Nothing is written. */
export async function judgeRun(
  folder: string,
  plan: Plan,
  thresholds: readonly Threshold[],
  exit: K6Exit,
): Promise<Verdict> {
  const all = createNumbers();
  const bySteps = new Map<string, NumbersCollector>();
  const byAccounts = new Map<string, NumbersCollector>();
  await readRecords(join(folder, 'streams.ndjson'), (record) => {
    all.add(record);
    if (record.step !== undefined) within(bySteps, record.step).add(record);
    if (record.account !== undefined) within(byAccounts, record.account).add(record);
  });
  const summaryFile = join(folder, 'summary.json');
  const summary = existsSync(summaryFile)
    ? parseSummary(readFileSync(summaryFile, 'utf8'))
    : undefined;
  return judge({
    plan,
    thresholds,
    exit,
    ...(summary && { summary }),
    all: all.numbers(),
    bySteps: finished(bySteps),
    byAccounts: finished(byAccounts),
    log: await readRunLog(join(folder, 'k6.log')),
  });
}

function within(groups: Map<string, NumbersCollector>, name: string): NumbersCollector {
  const found = groups.get(name) ?? createNumbers();
  groups.set(name, found);
  return found;
}

function finished(groups: ReadonlyMap<string, NumbersCollector>) {
  return new Map(
    [...groups]
      .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
      .map(([name, collector]) => [name, collector.numbers()]),
  );
}
