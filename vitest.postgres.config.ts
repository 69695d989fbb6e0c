import { defineConfig } from 'vitest/config'
import base from './vitest.config.ts'

/** What `npm run test:postgres` runs, on the server that MAGIK_TEST_DATABASE names. */
export default defineConfig({
  test: {
    ...base.test,
    include: ['packages/server/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'packages/*/test/external/**'],
    // Some of these tests were written for an engine that answers reads at once. One that passes only when it is tried
    // again is reported as such, and is a test to mend.
    retry: 1,
  },
})
