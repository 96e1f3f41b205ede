import { join } from 'node:path';

/**
 * How a scenario becomes a script for k6: esbuild options besides entry and output.
 * @param {boolean} stock for an unmodified k6: the stock drivers only, nothing of k6/x/weir
 * @returns {import('esbuild').BuildOptions}
 */
export function bundleOptions(stock) {
  return {
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    // k6's engine lacks both; esbuild lowers them to generators and promises.
    supported: { 'async-generator': false, 'for-await': false },
    external: ['k6', 'k6/*'],
    alias: stock ? { 'k6/x/weir': join(import.meta.dirname, 'lib/k6/stock.ts') } : {},
    define: { WEIR_STOCK: String(stock) },
    // Stack traces show the TypeScript line; inline maps would weigh on every VU.
    sourcemap: 'linked',
    legalComments: 'none',
    charset: 'utf8',
  };
}
