/** Bundles: dist/<scenario>.js and dist/stock/<scenario>.js for k6, dist/cli.mjs for Node. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { bundleOptions } from './bundle-options.mjs';

const ROOT = import.meta.dirname;

/** Every VU runs the whole bundle: bytes here are memory and CPU times the number of VUs. */
const MAX_SCENARIO_BYTES = 60 * 1024;

rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
mkdirSync(join(ROOT, 'dist'));

const scenarios = readdirSync(join(ROOT, 'scenarios')).filter((name) => name.endsWith('.ts'));
await buildScenarios('dist', false);
await buildScenarios('dist/stock', true);

await build({
  entryPoints: [join(ROOT, 'cli/main.ts')],
  outfile: join(ROOT, 'dist/cli.mjs'),
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: 'linked',
  banner: { js: '#!/usr/bin/env node' },
});

async function buildScenarios(folder, stock) {
  const { metafile } = await build({
    ...bundleOptions(stock),
    entryPoints: scenarios.map((name) => join(ROOT, 'scenarios', name)),
    outdir: join(ROOT, folder),
    minify: true,
    metafile: true,
  });
  for (const [file, { bytes }] of Object.entries(metafile.outputs)) {
    if (file.endsWith('.js') && bytes > MAX_SCENARIO_BYTES) {
      throw new Error(`${file}: ${bytes} bytes, over ${MAX_SCENARIO_BYTES}`);
    }
  }
  const foreign = Object.keys(metafile.inputs).filter((input) => input.includes('node_modules'));
  if (foreign.length > 0) throw new Error(`npm packages in a k6 bundle: ${foreign.join(', ')}`);
}
