// SPDX-License-Identifier: Apache-2.0
import type { CurveName } from './curve.ts'

/** The small number whose multiple of the generator has this x; undefined: none that is known. */
export function smallNonceOf(_curve: CurveName, _r: Uint8Array): bigint | undefined {
  return undefined
}
