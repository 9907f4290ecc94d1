// SPDX-License-Identifier: Apache-2.0
import type * as pkcs11js from 'pkcs11js'
import { verdictOf } from './return-values.ts'
import { TokenFailure } from './token-failure.ts'

/** Does it; what the module or the library says of it comes as what follows from that. @throws TokenFailure */
export function explained<T>(library: typeof pkcs11js, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof library.Pkcs11Error)
      throw new TokenFailure(
        verdictOf(error.code),
        `${error.method || 'the module'} says ${error.message}`,
        error.code,
      )
    if (error instanceof library.NativeError)
      throw new TokenFailure('library', `the module cannot be used: ${firstLine(error)}`)
    throw error
  }
}

export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
}
