// One question to a service that streams like OpenAI's: k6 run -e URL=http://127.0.0.1:8080/v1/chat/completions sse.js
import { emit, httpStream, now } from 'k6/x/weir';

const rules = {
  framing: 'sse',
  answer: ['choices.*.delta.content'],
  delta: 'incremental',
  end: [{ path: 'choices.*.finish_reason' }, { data: '[DONE]' }],
  error: [{ path: 'error', is: 'truthy' }],
};

export default async function () {
  const stream = await httpStream({
    url: __ENV.URL,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      model: 'some-model',
      stream: true,
      messages: [{ role: 'user', content: 'Hello!' }],
    }),
    rules,
    timeouts: {
      connectMs: 10_000,
      headersMs: 30_000,
      firstEventMs: 60_000,
      idleMs: 30_000,
      totalMs: 180_000,
    },
    name: 'openai-chat /v1/chat/completions',
    startedAt: now(),
    identity: {
      id: `0.${__VU}.${__ITER}.0`,
      instance: 0,
      scenario: 'example',
      vu: __VU,
      iteration: __ITER,
      attempt: 1,
      dialect: 'openai-chat',
      driver: 'extension',
    },
  });
  const whole = stream.marks.complete !== undefined && stream.counts.answer > 0;
  emit(stream, {
    outcome: whole ? 'completed' : 'no-terminal',
    family: whole ? 'ok' : 'incomplete',
  });
  console.log(`${stream.counts.answer} chunks, first after ${stream.marks.firstContent} ms`);
}
