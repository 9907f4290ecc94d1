// SPDX-License-Identifier: Apache-2.0
import type { PublicKey } from '#trust/public-key.ts'

/** Part of the key's fingerprint keeps the names of two installations apart. */
export function authorityName(
  rank: 'root' | 'issuing',
  isTwin: boolean,
  { fingerprint }: Pick<PublicKey, 'fingerprint'>,
): string {
  const mark = markOf(fingerprint)
  const name = rank === 'root' ? `Device Root CA ${mark}` : `Device Issuing CA 1 ${mark}`
  return isTwin ? `${name} (post-quantum)` : name
}

/** Of those that certify signers of artefacts: nobody is to take one for an authority of devices. */
export function signersAuthorityName(
  rank: 'root' | 'issuing',
  { fingerprint }: Pick<PublicKey, 'fingerprint'>,
): string {
  const mark = markOf(fingerprint)
  return rank === 'root' ? `Signing Root CA ${mark}` : `Signing Issuing CA 1 ${mark}`
}

function markOf(fingerprint: Uint8Array): string {
  return fingerprint.slice(0, 3).toHex().toUpperCase()
}
