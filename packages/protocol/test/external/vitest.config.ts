import { defineConfig } from 'vitest/config'

/** `npm run test:package`: apart from the other tests, as it puts a package.json of its own in place while it packs. */
export default defineConfig({
  test: { include: ['packages/protocol/test/external/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
})
