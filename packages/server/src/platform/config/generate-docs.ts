import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configurationPage } from './docs-page.ts'
import { sampleFile } from './sample-file.ts'

/**
 * Writes docs/configuration.md and docs/sample-homeserver.yaml; with --check only tells, by its exit code, whether they
 * are up to date.
 */
const docs = join(import.meta.dirname, '../../../../../docs')
const pages = [
  { path: join(docs, 'configuration.md'), text: configurationPage() },
  { path: join(docs, 'sample-homeserver.yaml'), text: sampleFile() },
]

for (const { path, text } of pages) {
  if (!process.argv.includes('--check')) {
    writeFileSync(path, text)
  } else if (readText(path) !== text) {
    console.error(`${path} is not up to date: run node packages/server/src/platform/config/generate-docs.ts`)
    process.exitCode = 1
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
