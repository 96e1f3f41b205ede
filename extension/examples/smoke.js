// Needs no server: the module is there, and misuse says what is wrong.
import { gapHistogram, httpStream, now } from 'k6/x/weir';

export default function () {
  if (Math.abs(now() - Date.now()) > 1000) throw new Error('now() is not the wall clock');
  if (gapHistogram() !== undefined) throw new Error('a gap before the first stream');
  try {
    httpStream({ name: 'smoke', url: 5 });
  } catch (error) {
    if (String(error).includes('url must be a string')) return;
    throw error;
  }
  throw new Error('a wrong URL was accepted');
}
