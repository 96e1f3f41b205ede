/** Seeded numbers: the same labels give the same sequence on every machine. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
}

/** Both ends included, for whole numbers; otherwise the upper end is never quite reached. */
export type Span = readonly [min: number, max: number];

/**
 * A generator of its own for each purpose and each stream: `createRandom(seed, 'plan', n)`. So the
 * n-th stream does not depend on how many numbers the others have drawn, or in which order.
 */
export function createRandom(...labels: readonly (string | number)[]): Random {
  let state = hash(labels.join('\u0000'));
  // mulberry32: 32 bits of state are plenty for jitter, and it is four lines.
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next };
}

/** Uniform over the span. A span of one value draws a number too, so that sequences stay aligned. */
export function drawFrom(random: Random, [min, max]: Span): number {
  return min + random.next() * (max - min);
}

export function drawWhole(random: Random, [min, max]: Span): number {
  return min + Math.floor(random.next() * (max - min + 1));
}

export function drawHex(random: Random, digits: number): string {
  let hex = '';
  while (hex.length < digits) hex += Math.floor(random.next() * 16).toString(16);
  return hex;
}

/** FNV-1a over UTF-16 units, then the finalizer of MurmurHash3: near labels give far states. */
function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193);
  }
  sum = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b);
  sum = Math.imul(sum ^ (sum >>> 13), 0xc2b2ae35);
  return (sum ^ (sum >>> 16)) >>> 0;
}
