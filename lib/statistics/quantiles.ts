/**
 * Exact quantiles of a sample: linear interpolation between closest ranks, as k6 computes its
 * percentiles, so that summary.json and verdict.json can be compared.
 */
export function quantile(sorted: ArrayLike<number>, fraction: number): number | undefined {
  if (sorted.length === 0) return undefined;
  const rank = fraction * (sorted.length - 1);
  const below = Math.floor(rank);
  const low = sorted[below] ?? 0;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? low;
  return low + (high - low) * (rank - below);
}
