// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { parseSizedPublic, type TpmPublic } from '#format/tpm/structure/public.ts'
import { encodeSpki } from '#format/tpm/structure/spki.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { importSoundKey } from '#trust/sound-key.ts'
import type { Refused } from '../refusal.ts'

/** A key in a TPM: its public area, and what X.509 would say of it. */
export interface TpmKey {
  readonly kind: 'key'
  readonly area: TpmPublic
  readonly publicKey: PublicKey
}

/**
 * Reads TPM2B_PUBLIC; its attributes are not judged here.
 *
 * @param what the key is called in the refusal
 */
export function readTpmKey(bytes: Uint8Array, what: string): TpmKey | Refused {
  const area = readPublicArea(bytes, what)
  if ('kind' in area) return area
  const publicKey = keyOf(area, what)
  return 'kind' in publicKey ? publicKey : { kind: 'key', area, publicKey }
}

/** A public area that a stranger sent, or at which byte it is none. */
export function readPublicArea(bytes: Uint8Array, what: string): TpmPublic | Refused {
  try {
    return parseSizedPublic(bytes)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('attestation-malformed', `${what} is no TPM2B_PUBLIC: ${error.message}`)
  }
}

function keyOf(area: TpmPublic, what: string): PublicKey | Refused {
  try {
    return importSoundKey(encodeSpki(area))
  } catch (error) {
    // A template has no key in it.
    if (!(error instanceof FormatError)) throw error
    return refuse('attestation-malformed', `${what} has no key in it: ${error.message}`)
  }
}
