// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { Sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'
import type { OpenOctets } from './ports.ts'

const stepOctets = 1_048_576

/**
 * Why octets that the store gave are not what it keeps them as, if so: a disk that broke, or a hand that reached past
 * us. Asked before anything is done in the name of a digest, since people approve digests and devices get octets.
 *
 * @param name as people know them
 */
export async function refuseOtherOctets(
  { source, octets }: Pick<OpenOctets, 'octets' | 'source'>,
  sha256: Uint8Array,
  name: string,
): Promise<Refused | undefined> {
  const hash = new Sha256()
  for (let at = 0; at < octets; ) {
    const step = await source.read(at, Math.min(stepOctets, octets - at))
    if (step.length === 0) break
    hash.take(step)
    at += step.length
  }
  const found = hash.finish()
  return sameBytes(found, sha256)
    ? undefined
    : refuse(
        'artefact-digest-differs',
        `the octets that are kept of ${name} have SHA-256 ${found.toHex()}, and had ${sha256.toHex()}; look at the disk, take that file out of the directory of artefacts, and upload them again`,
      )
}
