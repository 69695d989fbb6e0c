import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { apiPage, undocumented } from './protocol-package/api-page.ts'
import { emitProtocol } from './protocol-package/emit.ts'
import { readExports } from './protocol-package/exports.ts'

/**
 * Writes packages/protocol/API.md, which is part of the package but not of the repository; with --check only tells, by
 * its exit code, whether every export says what it is.
 */
const folder = mkdtempSync(join(tmpdir(), 'magik-protocol-'))
try {
  emitProtocol(folder)
  const declarations = readExports(folder)
  const page = apiPage('@magik/protocol', declarations)
  const bare = undocumented(declarations)
  for (const name of bare) console.error(`packages/protocol exports ${name} without a comment on what it is`)
  console.log(`protocol: ${declarations.length} exports, ${bare.length} without documentation`)
  if (bare.length > 0) process.exitCode = 1
  if (!process.argv.includes('--check')) writeFileSync(join(import.meta.dirname, '../packages/protocol/API.md'), page)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
