// SPDX-License-Identifier: Apache-2.0
import type { Failure, Verdict } from './questions.ts'

/** What went wrong with a token or its module, on its way to the server. */
export class TokenFailure extends Error {
  override readonly name = 'TokenFailure'
  readonly verdict: Verdict
  /** The CKR, where one was given. */
  readonly code: number | undefined

  /** @param message lower case, no full stop, never the PIN */
  constructor(verdict: Verdict, message: string, code?: number) {
    super(message)
    this.verdict = verdict
    this.code = code
  }

  told(): Failure {
    return { verdict: this.verdict, message: this.message }
  }
}
