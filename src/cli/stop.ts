// SPDX-License-Identifier: Apache-2.0

/** What the shell hears: 0 done, 1 refused, 2 wrong use, 3 broken. */
export const exit = { done: 0, refused: 1, wrongUse: 2, broken: 3 } as const
export type ExitStatus = (typeof exit)[keyof typeof exit]

/** Why a command ends early: lower case, no full stop; each line of `message` is told as one error. */
export class Stop extends Error {
  override readonly name = 'Stop'
  readonly status: ExitStatus
  readonly hint: string | undefined
  /** The code of the refusal, if it is one. */
  readonly code: string | undefined

  constructor(
    status: ExitStatus,
    message: string,
    { hint, code, cause }: { hint?: string | undefined; code?: string; cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.status = status
    this.hint = hint
    this.code = code
  }
}

export function wrongUse(message: string, hint?: string): Stop {
  return new Stop(exit.wrongUse, message, { hint })
}

export function broken(message: string, hint: string, cause?: unknown): Stop {
  return new Stop(exit.broken, message, { hint, cause })
}
