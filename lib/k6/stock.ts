import type { Family, Outcome } from '../stream/outcome.ts';
import type { StreamError, StreamObservation, StreamRecord } from '../stream/record.ts';
import { samplesOf } from '../stream/samples.ts';
import { registerMetrics } from './metrics.ts';

/**
 * Stands in for `k6/x/weir` in dist/stock: adds the samples in JavaScript and prints the record's
 * line, which `--console-output FILE --log-format raw` turns into streams.ndjson.
 */
const metrics = registerMetrics();

/** Epoch ms; stock k6 has no finer wall clock. */
export function now(): number {
  return Date.now();
}

export function emit(
  seen: StreamObservation,
  { outcome, family, error }: { outcome: Outcome; family: Family; error?: StreamError },
): void {
  const record: StreamRecord = { ...seen, ...(error && { error }), outcome, family };
  const tags = {
    dialect: record.dialect,
    driver: record.driver,
    outcome,
    family,
    ...(record.account !== undefined && { account: record.account }),
    ...(record.step !== undefined && { step: record.step }),
  };
  for (const [name, value] of Object.entries(samplesOf(record))) metrics[name]?.add(value, tags);
  console.log(JSON.stringify(record));
}

/** Never chosen in this bundle. */
export function httpStream(): never {
  throw new Error('httpStream needs the extension k6/x/weir');
}

/** Never chosen in this bundle. */
export function connect(): never {
  throw new Error('connect needs the extension k6/x/weir');
}

/** Stock k6 keeps no gaps over streams. */
export function gapHistogram(): undefined {
  return undefined;
}
