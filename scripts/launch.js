/**
 * Runs a program of this workspace on the Node.js it pins: `node scripts/launch.js <file> [arguments]`.
 *
 * npm puts `node_modules/.bin` first in the PATH of scripts, so that they run on the pinned Node.js whatever the machine
 * has. npm 7 to 10, and 11 at first, lose the link there: while they clear away the packages of other platforms they
 * delete the command of the same name, too. It is put back here. This file is plain JavaScript that old versions of
 * Node.js can read.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The first version that runs TypeScript as it is and has everything the server uses. */
const OLDEST_MAJOR = 24

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [file, ...programArguments] = process.argv.slice(2)

if (file === undefined) {
  console.error('usage: node scripts/launch.js <file> [arguments]')
  process.exit(2)
}

const pinned = findPinnedNode()
const program = resolve(file)

if (pinned !== undefined && pinned.version !== process.versions.node) {
  restoreLink(pinned.path)
  handOver(pinned.path)
} else if (Number.parseInt(process.versions.node, 10) >= OLDEST_MAJOR) {
  // The program sees its own name and arguments, as if it had been started directly.
  process.argv.splice(1, process.argv.length - 1, program, ...programArguments)
  await import(pathToFileURL(program).href)
} else {
  console.error(
    `Magik needs Node.js ${OLDEST_MAJOR} or newer; this is ${process.versions.node}.
\`npm ci\` brings Node.js along for Linux (glibc) and macOS on x64 and arm64. It is not there: either this is another
platform, and a newer Node.js has to be installed, or optional packages were left out (run \`npm ci --include=optional\`).`,
  )
  process.exit(1)
}

/** The Node.js that package.json pins for this machine, if npm has installed it. */
function findPinnedNode() {
  const platform = `${process.platform}-${process.arch}`
  for (const name of [`node-${platform}`, `node-bin-${platform}`]) {
    const folder = join(root, 'node_modules', name)
    const path = join(folder, 'bin/node')
    if (!existsSync(path)) continue
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return { path, version }
  }
  return undefined
}

/** Lets what npm runs from now on, and what names `node_modules/.bin/node`, find the pinned Node.js directly. */
function restoreLink(path) {
  const link = join(root, 'node_modules/.bin/node')
  try {
    symlinkSync(relative(dirname(link), path), link)
  } catch {
    // It is there already, or whoever runs this may not write there: then each run takes this way.
  }
}

/** Runs the program on another Node.js as if it were this process. */
function handOver(node) {
  const path = `${join(root, 'node_modules/.bin')}:${dirname(node)}:${process.env.PATH ?? ''}`
  const child = spawn(node, [program, ...programArguments], {
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // Ctrl-C in a terminal reaches the child without our help; a second SIGINT would stop it at once.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('error', (error) => {
    console.error(`${node} cannot be run: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
  })
}
