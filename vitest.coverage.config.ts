import { defineConfig } from 'vitest/config'

/**
 * `npm run coverage`: the tests of these folders alone must take every branch of the code that they
 * mirror. With a fixed seed, so that the figures are the same at every run.
 */
export default defineConfig({
  test: {
    include: ['test/{ledger,parse,alarms}/**/*.test.ts'],
    // They throw dice for a minute, and may reach nothing that the other tests do not reach.
    exclude: ['test/parse/any-bytes.test.ts', 'test/ledger/histories.test.ts'],
    setupFiles: ['test/fixtures/fixed-seed.ts'],
    testTimeout: 60_000,
    maxWorkers: 2,
    coverage: {
      enabled: true,
      provider: 'v8',
      include: ['lib/{ledger,parse,alarms}/**'],
      reportsDirectory: 'coverage',
      reporter: [['text', { skipFull: true }]],
      thresholds: { branches: 100, functions: 100, lines: 100, statements: 100 },
    },
  },
})
