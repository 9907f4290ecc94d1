// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import type { HssPublicKey } from '#format/lms/hss.ts'
import { parsePem } from '#format/pem.ts'
import { readHssKey } from '#trust/lms/hss-key.ts'

/** L, the levels of an HSS key, comes first: three zeros and a small number, as in no PEM and no DER. */
const mostLevels = 8

/** The HSS key of a file, raw or as a SubjectPublicKeyInfo in PEM or DER; undefined: it is of another kind. */
export function hssKeyOf(bytes: Uint8Array): HssPublicKey | undefined {
  for (const der of candidatesIn(bytes)) {
    try {
      return readHssKey(der)
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
    }
  }
  return undefined
}

function candidatesIn(bytes: Uint8Array): readonly Uint8Array[] {
  const [first = 1, second, third, levels = 0] = bytes
  if (first === 0x30) return [bytes]
  if (first === 0) return second === 0 && third === 0 && levels <= mostLevels ? [bytes] : []
  try {
    return parsePem(new TextDecoder().decode(bytes)).flatMap(({ label, bytes: der }) =>
      label === 'PUBLIC KEY' ? [der] : [],
    )
  } catch (error) {
    if (error instanceof FormatError) return []
    throw error
  }
}
