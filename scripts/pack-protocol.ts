import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiPage } from './protocol-package/api-page.ts'
import { emitProtocol } from './protocol-package/emit.ts'
import { readExports } from './protocol-package/exports.ts'
import { packedManifest } from './protocol-package/packed-manifest.ts'

/**
 * Makes `npm pack` and `npm publish` ship what others can use: `prepack` emits JavaScript, types and API.md, and puts a
 * package.json in place that names them; `postpack` puts the workspace's own back.
 *
 * The workspace's package.json names src/index.ts, so that its sources run without a build. npm, other than pnpm and
 * Yarn, has no way to override `exports` for publishing alone, and a condition of our own in `exports` would have to be
 * handed to every Node.js, thread, test and compiler.
 */
const folder = join(import.meta.dirname, '../packages/protocol')
const manifest = join(folder, 'package.json')
const setAside = join(folder, 'dist/.workspace-package.json')

const step = process.argv[2]
if (step === 'prepack') prepack()
else if (step === 'postpack') postpack()
else throw new Error('usage: pack-protocol.ts prepack|postpack')

function prepack(): void {
  // What an interrupted pack has left behind.
  if (existsSync(setAside)) renameSync(setAside, manifest)
  emitProtocol(join(folder, 'dist'))
  const text = readFileSync(manifest, 'utf8')
  const packed = packedManifest(JSON.parse(text))
  writeFileSync(join(folder, 'API.md'), apiPage(packed.name, readExports(join(folder, 'dist'))))
  copyFileSync(join(folder, '../../LICENSE'), join(folder, 'LICENSE'))
  writeFileSync(setAside, text)
  writeFileSync(manifest, `${JSON.stringify(packed, null, 2)}\n`)
}

function postpack(): void {
  renameSync(setAside, manifest)
  rmSync(join(folder, 'LICENSE'))
}
