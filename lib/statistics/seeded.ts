/**
 * A number in [0, 1) that depends on nothing but its arguments: choices stay the same whatever the
 * number of VUs or instances. 32-bit FNV-1a with a final mix (murmur3's), uniform enough for choosing
 * and not meant for secrets.
 */
export function seededFraction(seed: number, ...keys: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const char of `${seed}/${keys.join('/')}`) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4294967296;
}

/** An index below `count`. */
export function seededIndex(
  count: number,
  seed: number,
  ...keys: readonly (string | number)[]
): number {
  return Math.floor(seededFraction(seed, ...keys) * count);
}
