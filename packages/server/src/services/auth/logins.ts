import { type JsonObject, MatrixError } from '@magik/protocol'
import type { PasswordLogin } from './password-login.ts'
import { readLoginRequest } from './registration.ts'
import { requiredString } from './request-fields.ts'
import type { Login, Sessions } from './sessions.ts'

/** What `Logins` stands on. */
export interface LoginsDeps {
  readonly passwordLogin: PasswordLogin
  readonly sessions: Sessions
  /** Whether one can log in with a password. */
  readonly offersPassword: boolean
}

/** Signs users in by the kinds of login this server offers. @spec client-server-api/#legacy-login */
export class Logins {
  readonly #deps: LoginsDeps

  constructor(deps: LoginsDeps) {
    this.#deps = deps
  }

  /** The kinds of login on offer. */
  flows(): { readonly type: string }[] {
    return this.#deps.offersPassword ? [{ type: 'm.login.password' }] : []
  }

  /**
   * @param body the request's
   * @throws MatrixError M_UNKNOWN for a kind of login not on offer; else as `PasswordLogin` and `Sessions`.
   */
  async login(body: JsonObject): Promise<Login> {
    const type = requiredString(body, 'type')
    if (!this.flows().some((flow) => flow.type === type)) throw new MatrixError('M_UNKNOWN', 'Unknown login type')
    const request = readLoginRequest(body)
    const user = await this.#deps.passwordLogin.authenticate(body)
    return this.#deps.sessions.open(user, request)
  }
}
