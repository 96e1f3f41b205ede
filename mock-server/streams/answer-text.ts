import { drawWhole, type Random, type Span } from '../random.ts';

/**
 * Chinese, English, digits, line breaks, and emoji of one and of several code points: whatever cuts
 * UTF-8 at the wrong byte shows it here.
 */
const PASSAGE = [
  '根据知识库中的文档，流式回答会一段一段地到达🚀。',
  'A stream is complete only when its end marker has arrived. ',
  '第一个字的时间（TTFT）和字间间隔，决定了用户的感受😀👨‍👩‍👧‍👦。\n',
  '测量 1️⃣ 首包，2️⃣ 间隔，3️⃣ 结束标记；𠮷野家也要正确显示。',
].join('');

const CODE_POINTS = [...PASSAGE];

/** Texts of consecutive chunks. Cut between code points, so each alone is valid UTF-8. */
export function createAnswerText(random: Random, chunkChars: Span): () => string {
  let at = drawWhole(random, [0, CODE_POINTS.length - 1]);
  return () => {
    let text = '';
    for (let left = drawWhole(random, chunkChars); left > 0; left -= 1) {
      text += CODE_POINTS[at % CODE_POINTS.length];
      at += 1;
    }
    return text;
  };
}
