// SPDX-License-Identifier: Apache-2.0
import type { PublicKey } from '#trust/public-key.ts'

/** Part of the key's fingerprint keeps the names of two installations apart. */
export function authorityName(
  rank: 'root' | 'issuing',
  isTwin: boolean,
  { fingerprint }: Pick<PublicKey, 'fingerprint'>,
): string {
  const mark = fingerprint.slice(0, 3).toHex().toUpperCase()
  const name = rank === 'root' ? `Device Root CA ${mark}` : `Device Issuing CA 1 ${mark}`
  return isTwin ? `${name} (post-quantum)` : name
}
