// SPDX-License-Identifier: Apache-2.0
import type { TokenKey } from './questions.ts'

/** What a key of ours must be; what the token does not tell is not held against it, but for the two that count. */
export function flawOf(key: TokenKey): string | undefined {
  if (key.extractable !== false) return 'can be taken out (CKA_EXTRACTABLE)'
  if (key.sensitive !== true) return 'can be read (CKA_SENSITIVE)'
  if (key.neverExtractable === false) return 'could once be taken out (CKA_NEVER_EXTRACTABLE)'
  if (key.alwaysSensitive === false) return 'could once be read (CKA_ALWAYS_SENSITIVE)'
  if (key.local === false) return 'was made elsewhere (CKA_LOCAL)'
  return undefined
}
