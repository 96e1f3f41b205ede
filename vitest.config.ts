import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', 'dist/**', 'runs/**'],
    // Real servers and a real k6 on two cores: time limits catch hangs, not slowness.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Tests that start k6 must not starve each other.
    fileParallelism: false,
  },
});
