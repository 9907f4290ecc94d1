// SPDX-License-Identifier: Apache-2.0

import { mostEspBlocks } from '#format/firmware/boot/esp-signature.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { espKeyDigest } from './keys.ts'

/** The names of the eFuse blocks' purposes, in the order in which a chip looks at them. */
const purposes = ['SECURE_BOOT_DIGEST0', 'SECURE_BOOT_DIGEST1', 'SECURE_BOOT_DIGEST2'] as const

export interface EspAnchor {
  /** 32 octets, for the file that `espefuse` burns. */
  readonly digest: Uint8Array
  readonly file: string
  /** What burns it; irreversible, and nobody here runs it. */
  readonly command: string
}

/**
 * What goes into the eFuses of a chip for these keys, one block a key, three at most.
 *
 * @throws TypeError if there are more, or one that these chips do not check
 * @see ESP-IDF docs/en/security/secure-boot-v2.rst, burning the key digests
 */
export function espAnchors(keys: readonly PublicKey[]): readonly EspAnchor[] {
  if (keys.length > mostEspBlocks)
    throw new TypeError(`${keys.length} keys, and the eFuses hold ${mostEspBlocks}`)
  return keys.map((key, index) => {
    const digest = espKeyDigest(key)
    const file = `secure-boot-digest-${index}.bin`
    const command = `espefuse.py burn_key BLOCK_KEY${index} ${file} ${purposes[index]}`
    return { digest, file, command }
  })
}
