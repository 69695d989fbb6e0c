import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'

/** Keeps Debian's packages from starting the servers they bring. */
const POLICY = '/usr/sbin/policy-rc.d'

/**
 * Finds a program, and installs Debian's package of it where that is possible and it is missing.
 * @throws Error if it is nowhere to be found.
 */
export function installed<T>(packageName: string, find: () => T | undefined): T {
  const found = find()
  if (found !== undefined) return found
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) install(packageName)
  const then = find()
  if (then === undefined) throw new Error(`these tests need ${packageName}: install the package of that name`)
  return then
}

/** Programs that refuse to run as root run as the user that Debian's PostgreSQL makes. */
export function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

function install(packageName: string): void {
  const options = { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const
  const hasPolicy = existsSync(POLICY)
  if (!hasPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    execFileSync('apt-get', ['update'], options)
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', packageName], options)
  } finally {
    if (!hasPolicy) rmSync(POLICY)
  }
}
