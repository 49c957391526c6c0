import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    // Two cores: two files at once keep servers and browsers of different tests from starving.
    maxWorkers: 2,
  },
})
