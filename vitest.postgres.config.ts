import { defineConfig, mergeConfig } from 'vitest/config'
import base from './vitest.config.ts'

/** What `npm run test:postgres` runs, on the server that MAGIK_TEST_DATABASE names. */
const config = mergeConfig(base, defineConfig({}))
config.test = {
  ...config.test,
  include: ['packages/server/test/**/*.test.ts'],
  exclude: ['**/node_modules/**', 'packages/*/test/external/**', 'packages/server/test/sdk/**'],
}
export default config
