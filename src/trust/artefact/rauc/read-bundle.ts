// SPDX-License-Identifier: Apache-2.0
/** A RAUC bundle as it is to be judged: its parts, and the manifest that its CMS holds. */

import type { ByteSource } from '#format/archive/byte-source.ts'
import { parseSignedData, type SignedData } from '#format/cms/signed-data.ts'
import { parseRaucBundle } from '#format/firmware/bundle/rauc.ts'
import {
  parseRaucManifest,
  type RaucManifest,
  type RaucVerity,
} from '#format/firmware/bundle/rauc-manifest.ts'
import { FormatError } from '#format/format-error.ts'
import { decodeUtf8 } from '#format/utf8.ts'
import type { ArtefactRefused } from '#trust/artefact/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import { treeBlock, treeSize } from './hash-tree.ts'

/** What RAUC 1.8 says of it: `Unsupported number of signers`; newer ones look at the first alone. */
export const oneSigner = 'RAUC takes a bundle of one'

export interface SignedBundle {
  readonly kind: 'bundle'
  /** Octets of the squashfs, which is at the beginning; the hash tree follows. */
  readonly squashfsSize: number
  readonly payloadSize: number
  readonly cms: SignedData
  readonly manifest: RaucManifest
  readonly verity: RaucVerity
  /** As it stands in the CMS. */
  readonly signed: Uint8Array
}

/**
 * Reads a signed bundle of format verity; no signature and no hash is checked.
 *
 * @returns undefined: it is none, though perhaps a squashfs that becomes one
 * @throws FormatError where it is one and does not read
 */
export async function readBundle(
  source: ByteSource,
): Promise<SignedBundle | ArtefactRefused | undefined> {
  const parts = await parseRaucBundle(source)
  if (parts === undefined) return undefined
  if (parts.sealed === 'encrypted')
    return refuse(
      'artefact-encrypted',
      'it is a bundle of format crypt, encrypted to its recipients: build one of format verity, or encrypt it with RAUC after it is signed',
    )
  const { payloadSize } = parts
  const cms = parseSignedData(parts.cms, { order: 'any' })
  const signed = cms.content
  if (signed === undefined)
    return refuse(
      'artefact-not-covered',
      'it is a bundle of format plain, of which RAUC before 1.15.2 checks the first octets only if it is over 2 GiB (CVE-2026-34155), and which cannot be installed while it is loaded: build one of format verity',
    )
  if (cms.signers.length > 1)
    return refuse(
      'artefact-field-not-allowed',
      `the bundle has ${cms.signers.length} signers, ${oneSigner}`,
    )
  const manifest = parseRaucManifest(decodeUtf8(signed, 'the manifest'))
  const { format, verity } = manifest
  if (format !== 'verity' || verity === undefined)
    return refuse(
      'artefact-field-not-allowed',
      `the signed manifest is of format ${format}${verity === undefined ? ' and has no hash tree' : ''}, must be verity with one`,
    )
  const squashfsSize = payloadSize - verity.size
  checkSizes(squashfsSize, verity, payloadSize)
  return { kind: 'bundle', squashfsSize, payloadSize, cms, manifest, verity, signed }
}

function checkSizes(squashfsSize: number, { size }: RaucVerity, payloadSize: number): void {
  if (size % treeBlock !== 0 || squashfsSize <= treeBlock)
    throw new FormatError(
      'value-not-allowed',
      payloadSize,
      `verity-size is ${size}, of a payload of ${payloadSize} octets`,
    )
  const expected = treeSize(squashfsSize)
  if (size !== expected)
    throw new FormatError(
      'value-not-allowed',
      payloadSize,
      `verity-size is ${size}, the tree over ${squashfsSize} octets has ${expected}`,
    )
}
