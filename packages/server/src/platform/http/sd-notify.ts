import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Logger } from '../log/logger.ts'

/** Runs a program to its end; rejects if it cannot be run or fails. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<void>

/** What the notifier works with. */
export interface SystemdNotifierOptions {
  /** The process's environment; without NOTIFY_SOCKET in it nothing is ever sent. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly processId: number
  readonly logger: Logger
  readonly run?: RunProgram
}

/** A notification must not hold up a start or a stop. */
const NOTIFY_TIMEOUT_MS = 5_000

/**
 * Tells systemd how the service is doing, for units of `Type=notify` or `notify-reload`.
 *
 * NOTIFY_SOCKET is a Unix datagram socket, which Node cannot open, so systemd's own `systemd-notify` sends the message
 * (abstract sockets included). The unit needs `NotifyAccess=all`: the message comes from a child process.
 */
export class SystemdNotifier {
  readonly #options: SystemdNotifierOptions
  readonly #run: RunProgram

  constructor(options: SystemdNotifierOptions) {
    this.#options = options
    this.#run = options.run ?? runProgram
  }

  /** The server answers requests; also once a reload is done. */
  ready(): Promise<void> {
    return this.#send(['READY=1', `MAINPID=${this.#options.processId}`])
  }

  /** A reload has begun. */
  reloading(): Promise<void> {
    // systemd compares this with the time it sent SIGHUP; both are CLOCK_MONOTONIC, which hrtime reads, too.
    return this.#send(['RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`])
  }

  /** The server has begun to stop. */
  stopping(): Promise<void> {
    return this.#send(['STOPPING=1'])
  }

  /** @returns never rejects: a service without its supervisor is still a service. */
  async #send(variables: readonly string[]): Promise<void> {
    const { environment, logger } = this.#options
    if (!environment['NOTIFY_SOCKET']) return
    try {
      await this.#run('systemd-notify', variables)
    } catch (error) {
      logger.warn({ err: error, variables }, 'systemd could not be notified')
    }
  }
}

async function runProgram(program: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)(program, [...args], { timeout: NOTIFY_TIMEOUT_MS })
}
