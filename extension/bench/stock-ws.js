// The same WebSocket stream with k6 as it comes: each message is parsed in JavaScript. The console
// takes one line a stream, of the form of the bare client's log.
import { sleep } from 'k6';
import exec from 'k6/execution';
import { WebSocket } from 'k6/websockets';

const streams = Number(__ENV.BENCH_STREAMS);
const spreadSeconds = Number(__ENV.BENCH_SPREAD_SECONDS);

export const options = {
  scenarios: {
    bench: { executor: 'per-vu-iterations', vus: streams, iterations: 1, maxDuration: '10m' },
  },
};

export default function () {
  const vu = exec.vu.idInTest;
  sleep(((vu - 1) * spreadSeconds) / streams);
  const id = `stock.${vu}`;
  const question = { id, messages: [{ role: 'user', content: 'How do streams work?' }] };
  let chunks = 0;
  let events = 0;
  const socket = new WebSocket(__ENV.BENCH_URL, null, { tags: { name: 'bench stock' } });
  socket.addEventListener('open', () => socket.send(JSON.stringify(question)));
  socket.addEventListener('message', ({ data }) => {
    const frame = JSON.parse(data);
    events += 1;
    if (frame.content !== '') chunks += 1;
    if (frame.status === 2) socket.close();
  });
  socket.addEventListener('close', () => console.log(JSON.stringify({ id, chunks, events })));
}
