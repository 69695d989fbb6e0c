import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'scripts/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'packages/*/test/external/**', 'packages/*/test/postgres/**'],
    testTimeout: 30_000,
    pool: 'forks',
    // No module keeps state, so files may share those that are loaded; loading them anew takes a third of the time.
    isolate: false,
  },
})
