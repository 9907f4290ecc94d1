// SPDX-License-Identifier: Apache-2.0
/** RAUC bundles: a squashfs, perhaps its hash tree, a CMS, and the size of that in eight octets, big-endian. */
import type { ArchiveForm, ArchiveTools, Member, Unread } from '#format/archive/archive.ts'
import { type ByteSource, memorySource, span } from '#format/archive/byte-source.ts'
import { readExactly, u32be } from '#format/archive/fields.ts'
import { squashfs } from '#format/archive/squashfs.ts'
import { parseSignedData } from '#format/cms/signed-data.ts'
import { FormatError } from '#format/format-error.ts'

export interface RaucBundle {
  /** Octets before the CMS: squashfs and hash tree, or what they were encrypted to. */
  readonly payloadSize: number
  readonly cms: Uint8Array
  /** The manifest that the CMS carries; undefined: it lies in the squashfs, or it is encrypted. */
  readonly manifest: string | undefined
  readonly certificates: readonly Uint8Array[]
  /** `verity` or `plain` bundles are signed alone, those of format `crypt` encrypted, too. */
  readonly sealed: 'signed' | 'encrypted'
}

/** RAUC itself takes 64 KiB unless it is told otherwise; signatures of today's post-quantum chains fit twice. */
const mostCmsOctets = 1_048_576
const blockOctets = 4_096
/** OBJECT IDENTIFIER of id-envelopedData and id-signedData, RFC 5652. */
const oids = {
  signed: [42, 134, 72, 134, 247, 13, 1, 7, 2],
  enveloped: [42, 134, 72, 134, 247, 13, 1, 7, 3],
}

/**
 * The parts of a bundle, with their places. No signature is checked.
 *
 * @returns undefined if the end of the file is no end of a bundle
 * @throws FormatError where it is one, and its CMS cannot be read
 * @see rauc src/bundle.c, docs/reference.rst "Bundle Formats"
 */
export async function parseRaucBundle(source: ByteSource): Promise<RaucBundle | undefined> {
  const size = source.size ?? 0
  if (size < blockOctets + 8) return undefined
  const length = await readExactly(source, size - 8, 8)
  const cmsSize = u32be(length, 4)
  const payloadSize = size - 8 - cmsSize
  if (u32be(length, 0) !== 0 || cmsSize < 64 || cmsSize > mostCmsOctets) return undefined
  if (payloadSize < blockOctets || payloadSize % blockOctets !== 0) return undefined
  const cms = (await readExactly(source, payloadSize, cmsSize)).slice()
  const kind = contentTypeOf(cms)
  if (kind === undefined) return undefined
  if (kind === 'enveloped')
    return { payloadSize, cms, manifest: undefined, certificates: [], sealed: 'encrypted' }
  const { content, certificates } = parseSignedData(cms, { order: 'any' })
  const manifest = content === undefined ? undefined : new TextDecoder().decode(content)
  return { payloadSize, cms, manifest, certificates, sealed: 'signed' }
}

/** ContentInfo whose length fits exactly, and its type. */
function contentTypeOf(cms: Uint8Array): 'signed' | 'enveloped' | undefined {
  const long = cms[1]! & 0x7f
  if (cms[0] !== 0x30 || cms[1]! < 0x81 || long > 3) return undefined
  const length = cms.subarray(2, 2 + long).reduce((value, octet) => value * 256 + octet, 0)
  if (2 + long + length !== cms.length || cms[2 + long] !== 6 || cms[3 + long] !== 9)
    return undefined
  const oid = cms.subarray(4 + long, 13 + long)
  if (oids.signed.every((octet, index) => oid[index] === octet)) return 'signed'
  if (oids.enveloped.every((octet, index) => oid[index] === octet)) return 'enveloped'
  return undefined
}

/**
 * A bundle, or a squashfs: both begin alike, and only the end of the file tells.
 *
 * The files of the squashfs are members of the bundle itself, as RAUC unpacks it.
 */
export const rauc: ArchiveForm = {
  name: 'rauc',
  access: 'ranged',
  headOctets: squashfs.headOctets,
  leftover: 'meaningless',
  recognise: squashfs.recognise,
  members,
}

/** A bundle of format crypt: nothing at its beginning tells. */
export const raucCrypt: ArchiveForm = {
  name: 'rauc-crypt',
  access: 'ranged',
  headOctets: 0,
  leftover: 'meaningless',
  recognise: () => false,
  async recogniseEnd(source) {
    try {
      return (await parseRaucBundle(source))?.sealed === 'encrypted'
    } catch (error) {
      if (error instanceof FormatError) return false
      throw error
    }
  },
  async *members() {
    const because = 'the bundle is of format crypt: encrypted to its recipients'
    yield { kind: 'unread', name: 'payload', offset: 0, because, reason: 'encrypted' }
  },
}

async function* members(source: ByteSource, tools: ArchiveTools): AsyncGenerator<Member | Unread> {
  const bundle = await parseRaucBundle(source)
  if (bundle === undefined) return yield* squashfs.members(source, tools)
  const { payloadSize, manifest, certificates } = bundle
  // With what lies behind the squashfs: a hash tree in most bundles, and whatever else somebody put there.
  yield* squashfs.members(span(source, 0, payloadSize), tools)
  const signed = { kind: 'member', type: 'file' } as const
  for (const [index, certificate] of certificates.entries())
    yield {
      ...{ ...signed, name: `signature-certificate-${index + 1}`, offset: undefined },
      content: memorySource(certificate),
    }
  if (manifest === undefined) return
  const content = memorySource(new TextEncoder().encode(manifest))
  yield { ...signed, name: 'signed-manifest', offset: undefined, content }
}
