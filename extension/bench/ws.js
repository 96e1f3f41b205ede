// One WebSocket stream a VU, read by k6/x/weir. With BENCH_IDLE_SECONDS the VU only waits.
import { sleep } from 'k6';
import exec from 'k6/execution';
import { connect, emit, now } from 'k6/x/weir';

const streams = Number(__ENV.BENCH_STREAMS);
const spreadSeconds = Number(__ENV.BENCH_SPREAD_SECONDS);
const idleSeconds = Number(__ENV.BENCH_IDLE_SECONDS);

export const options = {
  scenarios: {
    bench: { executor: 'per-vu-iterations', vus: streams, iterations: 1, maxDuration: '10m' },
  },
};

const RULES = {
  framing: 'message',
  answer: ['content'],
  delta: 'incremental',
  end: [{ path: 'status', is: { equal: 2 } }],
  error: [{ path: 'code', is: 'non-zero' }],
};

const TIMEOUTS = {
  connectMs: 30_000,
  headersMs: 30_000,
  firstEventMs: 30_000,
  idleMs: 30_000,
  totalMs: 600_000,
};

export default async function () {
  const vu = exec.vu.idInTest;
  if (vu === 1) console.log('started');
  if (idleSeconds > 0) return sleep(idleSeconds);
  sleep(((vu - 1) * spreadSeconds) / streams);
  const id = `0.${vu}.0.0`;
  const identity = {
    id,
    instance: 0,
    scenario: 'bench',
    vu,
    iteration: 0,
    attempt: 1,
    dialect: 'bench',
    driver: 'extension',
  };
  const connection = await connect({
    url: __ENV.BENCH_URL,
    timeouts: TIMEOUTS,
    name: 'bench ws',
    identity,
    startedAt: now(),
  });
  const question = { id, messages: [{ role: 'user', content: 'How do streams work?' }] };
  const stream = await connection.exchange(JSON.stringify(question), {
    rules: RULES,
    timeline: __ENV.BENCH_TIMELINE === '1',
    close: true,
  });
  const outcome =
    stream.end.by === 'complete'
      ? { outcome: 'completed', family: 'ok' }
      : { outcome: 'no-terminal', family: 'incomplete' };
  emit(stream, outcome);
}
