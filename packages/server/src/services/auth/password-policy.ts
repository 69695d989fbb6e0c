import { MatrixError } from '@magik/protocol'

/** What new passwords must be like. */
export interface PasswordPolicyOptions {
  readonly enabled: boolean
  /** In characters. */
  readonly minimumLength: number
  readonly requireDigit: boolean
  readonly requireSymbol: boolean
  readonly requireLowercase: boolean
  readonly requireUppercase: boolean
}

/** Longest password, in UTF-16 units. */
export const MAX_PASSWORD_LENGTH = 512

/** Decides which new passwords are good enough. */
export class PasswordPolicy {
  readonly #options: PasswordPolicyOptions

  constructor(options: PasswordPolicyOptions) {
    this.#options = options
  }

  /** @throws MatrixError M_INVALID_PARAM if the password cannot be one, M_WEAK_PASSWORD if the policy refuses it. */
  check(password: string): void {
    if (password === '' || password.length > MAX_PASSWORD_LENGTH) {
      throw new MatrixError('M_INVALID_PARAM', `Passwords must have 1 to ${MAX_PASSWORD_LENGTH} characters`)
    }
    const { enabled, minimumLength, requireDigit, requireSymbol, requireLowercase, requireUppercase } = this.#options
    if (!enabled) return
    if ([...password].length < minimumLength) throw weak(`must have at least ${minimumLength} characters`)
    if (requireDigit && !/\p{Nd}/u.test(password)) throw weak('must have a digit')
    if (requireSymbol && !/[^\p{L}\p{N}]/u.test(password)) throw weak('must have a symbol')
    if (requireLowercase && !/\p{Ll}/u.test(password)) throw weak('must have a lower-case letter')
    if (requireUppercase && !/\p{Lu}/u.test(password)) throw weak('must have an upper-case letter')
  }
}

function weak(what: string): MatrixError {
  return new MatrixError('M_WEAK_PASSWORD', `Passwords ${what}`)
}
