// One SSE stream a VU, read by k6/x/weir. With BENCH_IDLE_SECONDS the VU only waits.
import { sleep } from 'k6';
import exec from 'k6/execution';
import { emit, httpStream, now } from 'k6/x/weir';

const streams = Number(__ENV.BENCH_STREAMS);
const spreadSeconds = Number(__ENV.BENCH_SPREAD_SECONDS);
const idleSeconds = Number(__ENV.BENCH_IDLE_SECONDS);

export const options = {
  scenarios: {
    bench: { executor: 'per-vu-iterations', vus: streams, iterations: 1, maxDuration: '10m' },
  },
};

const RULES = {
  framing: 'sse',
  answer: ['choices.*.delta.content'],
  delta: 'incremental',
  end: [{ data: '[DONE]' }],
  error: [{ path: 'error', is: 'truthy' }],
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
  const stream = await httpStream({
    url: __ENV.BENCH_URL,
    headers: { 'X-Request-Id': id },
    body: JSON.stringify({ id, messages: [{ role: 'user', content: 'How do streams work?' }] }),
    rules: RULES,
    timeouts: TIMEOUTS,
    name: 'bench sse',
    identity,
    startedAt: now(),
    timeline: __ENV.BENCH_TIMELINE === '1',
  });
  const outcome =
    stream.end.by === 'complete'
      ? { outcome: 'completed', family: 'ok' }
      : { outcome: 'no-terminal', family: 'incomplete' };
  emit(stream, outcome);
}
