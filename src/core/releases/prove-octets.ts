// SPDX-License-Identifier: Apache-2.0
import { type ByteSource, stepsOf } from '#format/archive/byte-source.ts'
import { sameBytes } from '#format/bytes.ts'
import { Sha256, sha256 as sha256Of } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Refused } from '../refusal.ts'
import type { OpenOctets } from './ports.ts'
import { type BlockDigests, ProvedSource, provedBlockOctets } from './proved-source.ts'

type Open = Pick<OpenOctets, 'octets' | 'source'>

/** Octets whose digest is what it has to be: whoever reads on reads them, or `OctetsChanged` is thrown. */
export type ProvedOctets = { readonly kind: 'proved'; readonly source: ByteSource } | Refused

/**
 * Reads octets that the store gave, whole, and holds them against the digest that it keeps them by: a disk that broke,
 * or a hand that reached past us. Asked before anything is done in the name of a digest, since people approve digests
 * and devices get octets. A file server may give other octets when it is asked a second time, so that each block which
 * is read again is held against what it was in this reading.
 *
 * @param name as people know them
 */
export async function proveOctets(
  open: Open,
  sha256: Uint8Array,
  name: string,
): Promise<ProvedOctets> {
  const { found, blocks } = await readOnce(open)
  return sameBytes(found, sha256)
    ? { kind: 'proved', source: new ProvedSource(open, blocks, { sha256, name }) }
    : refuse(
        'artefact-digest-differs',
        `the octets that are kept of ${name} have SHA-256 ${found.toHex()}, and had ${sha256.toHex()}; look at the disk, take that file out of the directory of artefacts, and upload them again`,
      )
}

/** Why octets that the store gave are not what it keeps them as, if so. Whoever reads them afterwards is not held to it. */
export async function refuseOtherOctets(
  open: Open,
  sha256: Uint8Array,
  name: string,
): Promise<Refused | undefined> {
  const proved = await proveOctets(open, sha256, name)
  return proved.kind === 'refused' ? proved : undefined
}

async function readOnce({ source, octets }: Open): Promise<{
  readonly found: Uint8Array
  readonly blocks: BlockDigests
}> {
  const hash = new Sha256()
  const blocks = new Uint8Array(32 * Math.ceil(octets / provedBlockOctets))
  let at = 0
  for await (const block of stepsOf(source, 0, octets, provedBlockOctets)) {
    hash.take(block)
    blocks.set(sha256Of(block), at)
    at += 32
  }
  return { found: hash.finish(), blocks }
}
