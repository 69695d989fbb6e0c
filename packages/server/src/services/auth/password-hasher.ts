import { hash, parseOptions, verify } from '@node-rs/argon2'
import { verify as verifyBcrypt } from '@node-rs/bcrypt'
import { WorkLimit } from './work-limit.ts'

interface Argon2Cost {
  /** In KiB. */
  readonly memoryCost: number
  readonly timeCost: number
  readonly parallelism: number
}

/** Argon2id as OWASP recommends it: 19 MiB, two passes, one lane. */
const FULL_COST: Argon2Cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
/** For tests, which make hundreds of accounts. */
const LOWEST_COST: Argon2Cost = { memoryCost: 8, timeCost: 1, parallelism: 1 }
/** bcrypt never saw more than that of a password. */
const BCRYPT_BYTES = 72
/** What nobody's password hashes to, but takes as long to find out. */
const NOBODY = 'no account has this password'

/** How passwords are hashed. */
export interface PasswordHasherOptions {
  /** Appended to every password before it is hashed. */
  readonly pepper: string
  /** `lowest` is for tests alone. */
  readonly cost: 'full' | 'lowest'
  /** How many hashes are computed at once; each takes a thread of the pool that also reads files. Default: 2 */
  readonly concurrency?: number
  /** How many may wait. Default: 200 */
  readonly maxQueued?: number
}

/** What checking a password found out. */
export interface PasswordVerdict {
  readonly matches: boolean
  /** The hash is not what would be made today: to be replaced while the password is at hand. */
  readonly isOutdated: boolean
}

/** Hashes passwords with Argon2id, verifies these and imported bcrypt ones, beside the main thread and in bounded number. */
export class PasswordHasher {
  readonly #pepper: string
  readonly #cost: Argon2Cost
  readonly #limit: WorkLimit
  #nobodysHash: Promise<string> | undefined

  constructor({ pepper, cost, concurrency = 2, maxQueued = 200 }: PasswordHasherOptions) {
    this.#pepper = pepper
    this.#cost = cost === 'full' ? FULL_COST : LOWEST_COST
    this.#limit = new WorkLimit({ concurrency, maxQueued })
  }

  /** @throws MatrixError M_LIMIT_EXCEEDED (503) under overload. */
  hash(password: string): Promise<string> {
    return this.#limit.run(() => hash(this.#prepare(password), this.#cost))
  }

  /**
   * Whether a password belongs to a stored hash. Without one it takes the same time to say no, so that nobody learns
   * from the clock which accounts exist.
   * @throws MatrixError M_LIMIT_EXCEEDED (503) under overload.
   */
  verify(password: string, storedHash: string | undefined): Promise<PasswordVerdict> {
    return this.#limit.run(async () => {
      // An imported hash of an unknown make matches nothing, like no hash.
      if (storedHash === undefined || !(isBcrypt(storedHash) || storedHash.startsWith('$argon2'))) {
        this.#nobodysHash ??= hash(NOBODY, this.#cost)
        await verify(await this.#nobodysHash, this.#prepare(password))
        return { matches: false, isOutdated: false }
      }
      if (isBcrypt(storedHash)) {
        return { matches: await verifyBcrypt(this.#prepareForBcrypt(password), storedHash), isOutdated: true }
      }
      const matches = await verify(storedHash, this.#prepare(password))
      return { matches, isOutdated: this.#isOutdated(storedHash) }
    })
  }

  #isOutdated(storedHash: string): boolean {
    const { memoryCost, timeCost, parallelism } = parseOptions(storedHash)
    const wanted = this.#cost
    return memoryCost !== wanted.memoryCost || timeCost !== wanted.timeCost || parallelism !== wanted.parallelism
  }

  /** One spelling of what looks the same, whatever keyboard typed it; then the pepper. As Synapse does. */
  #prepare(password: string): string {
    return password.normalize('NFKC') + this.#pepper
  }

  #prepareForBcrypt(password: string): Uint8Array {
    return Buffer.from(this.#prepare(password), 'utf8').subarray(0, BCRYPT_BYTES)
  }
}

function isBcrypt(storedHash: string): boolean {
  return /^\$2[abxy]?\$/.test(storedHash)
}
