import type { ResolvedPlanOptions } from '../mock-options.ts';
import { drawFrom, drawWhole, type Random } from '../random.ts';
import type { AnswerForm, ChunkCounts } from './answer-form.ts';
import { createAnswerText } from './answer-text.ts';

/** What one answer is going to be, before any of it happens. Times count from the read question. */
export interface StreamPlan {
  /** When an HTTP answer's headers, or the answer to a WebSocket upgrade, go out. */
  readonly headAtMs: number;
  /** Ordered by `atMs`. */
  readonly steps: readonly Step[];
  readonly endAtMs: number;
  readonly end: PlanEnd;
  /** Whether a WebSocket answers the client's Close. */
  readonly answersClose: boolean;
}

/** One write: an SSE event, or a WebSocket message. */
export interface Step {
  readonly atMs: number;
  readonly kind: StepKind;
  readonly bytes: Buffer;
}

export type StepKind = 'opening' | 'reasoning' | 'content' | 'closing' | 'marker' | 'error';

/**
 * - `clean`: the HTTP body ends; a WebSocket waits for the client's Close, then closes by itself
 * - `cut`: FIN, without the chunked terminator or the Close frame that should come before it
 * - `reset`: RST
 * - `hang`: nothing more comes, the connection stays
 */
export type PlanEnd = 'clean' | 'cut' | 'reset' | 'hang';

export function isContent(step: Step): boolean {
  return step.kind === 'content' || step.kind === 'reasoning';
}

/**
 * Opening frames at once, the first content at TTFT, then a gap before each further chunk, and one
 * more gap before what closes the stream.
 */
export function planStream(
  options: ResolvedPlanOptions,
  random: Random,
  form: AnswerForm,
): StreamPlan {
  const counts: ChunkCounts = {
    reasoning: drawWhole(random, options.reasoningChunks),
    content: drawWhole(random, options.chunks),
  };
  const { chunks, endAtMs } = drawChunks(options, random, counts);
  const steps =
    form.whole === undefined
      ? streamed(form, chunks, counts, endAtMs)
      : [step('marker', endAtMs, form.whole(textOf(chunks), counts))];
  return { headAtMs: 0, steps, endAtMs, end: 'clean', answersClose: true };
}

/** All times of the plan moved by so much. */
export function delayPlan(plan: StreamPlan, delayMs: number): StreamPlan {
  return {
    ...plan,
    headAtMs: plan.headAtMs + delayMs,
    steps: plan.steps.map((planned) => ({ ...planned, atMs: planned.atMs + delayMs })),
    endAtMs: plan.endAtMs + delayMs,
  };
}

interface Chunk {
  readonly kind: 'reasoning' | 'content';
  readonly atMs: number;
  readonly text: string;
}

function drawChunks(
  options: ResolvedPlanOptions,
  random: Random,
  counts: ChunkCounts,
): { readonly chunks: readonly Chunk[]; readonly endAtMs: number } {
  const nextText = createAnswerText(random, options.chunkChars);
  const chunks: Chunk[] = [];
  let atMs = drawFrom(random, options.ttftMs);
  for (let index = 0; index < counts.reasoning + counts.content; index += 1) {
    const kind = index < counts.reasoning ? 'reasoning' : 'content';
    chunks.push({ kind, atMs, text: options.chunkText ?? nextText() });
    atMs += drawFrom(random, options.gapMs);
  }
  return { chunks, endAtMs: atMs };
}

function streamed(
  form: AnswerForm,
  chunks: readonly Chunk[],
  counts: ChunkCounts,
  endAtMs: number,
): Step[] {
  return [
    ...form.opening().map((text) => step('opening', 0, text)),
    ...chunks.map(({ kind, atMs, text }) => step(kind, atMs, form[kind](text))),
    ...form.closing(counts).map((text) => step('closing', endAtMs, text)),
    step('marker', endAtMs, form.marker()),
  ];
}

function textOf(chunks: readonly Chunk[]): string {
  return chunks
    .filter((chunk) => chunk.kind === 'content')
    .map((chunk) => chunk.text)
    .join('');
}

function step(kind: StepKind, atMs: number, text: string): Step {
  return { atMs, kind, bytes: Buffer.from(text) };
}
