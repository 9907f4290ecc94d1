// SPDX-License-Identifier: Apache-2.0
import type { SubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { importPublicKey, type PublicKey } from './public-key.ts'
import type { Refused } from './refusal.ts'
import type { KeyLists } from './weak-keys/key-lists.ts'
import { refuseWeakKey } from './weak-keys/weak-keys.ts'

/**
 * Imports a stranger's key and holds it against the cheap gate: well-formed, and not known weak.
 *
 * @param lists asked by whoever takes a key in for good; undefined: only what the key itself shows counts
 */
export function importSoundKey(spki: SubjectPublicKeyInfo, lists?: KeyLists): PublicKey | Refused {
  const publicKey = importPublicKey(spki)
  return 'kind' in publicKey ? publicKey : (refuseWeakKey(publicKey, lists) ?? publicKey)
}
