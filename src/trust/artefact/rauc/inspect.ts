// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { parseSuperblock, superblockOctets } from '#format/archive/squashfs-superblock.ts'
import { parseSignedData } from '#format/cms/signed-data.ts'
import { parseRaucBundle } from '#format/firmware/bundle/rauc.ts'
import { parseRaucManifest, type RaucManifest } from '#format/firmware/bundle/rauc-manifest.ts'
import { FormatError } from '#format/format-error.ts'
import type { Anatomy, AnatomyPart } from '#trust/artefact/form.ts'
import { cmsAnatomy } from '#trust/cms/anatomy.ts'

/** @throws FormatError if it is neither a bundle nor a squashfs */
export async function inspectRauc(source: ByteSource): Promise<Anatomy> {
  const { size = 0 } = source
  const bundle = await parseRaucBundle(source)
  if (bundle === undefined) return unsigned(source, size)
  const { payloadSize, cms } = bundle
  const end = { name: 'end', offset: size - 8, octets: 8, what: 'how long the CMS is', facts: [] }
  if (bundle.sealed === 'encrypted')
    return {
      title: 'RAUC bundle of format crypt, encrypted to its recipients',
      parts: [
        part('payload', 0, payloadSize, 'squashfs and hash tree, encrypted'),
        part('CMS', payloadSize, cms.length, 'the encrypted manifest'),
        end,
      ],
    }
  const manifest = manifestOf(bundle.manifest)
  const message = parseSignedData(cms, { order: 'any' })
  return {
    title: titleOf(manifest),
    parts: [
      ...payloadParts(payloadSize, manifest),
      ...manifestParts(manifest),
      ...cmsAnatomy(message, payloadSize, cms.length),
      end,
    ],
  }
}

async function unsigned(source: ByteSource, size: number): Promise<Anatomy> {
  const { used } = parseSuperblock(await source.read(0, superblockOctets))
  return {
    title: 'squashfs for a RAUC bundle, not signed',
    parts: [
      part('squashfs', 0, used, 'manifest and images'),
      ...(size > used ? [part('padding', used, size - used, 'up to a whole block')] : []),
    ],
  }
}

function part(name: string, offset: number, octets: number, what: string): AnatomyPart {
  return { name, offset, octets, what, facts: [] }
}

function manifestOf(text: string | undefined): RaucManifest | FormatError | undefined {
  if (text === undefined) return undefined
  try {
    return parseRaucManifest(text)
  } catch (error) {
    if (error instanceof FormatError) return error
    throw error
  }
}

function titleOf(manifest: RaucManifest | FormatError | undefined): string {
  if (manifest === undefined) return 'RAUC bundle of format plain'
  if (manifest instanceof FormatError) return 'RAUC bundle whose manifest does not read'
  const { format, compatible, version } = manifest
  return `RAUC bundle of format ${format} for ${compatible}${version === undefined ? '' : `, version ${version}`}`
}

function payloadParts(
  payloadSize: number,
  manifest: RaucManifest | FormatError | undefined,
): readonly AnatomyPart[] {
  const verity = manifest instanceof FormatError ? undefined : manifest?.verity
  if (verity === undefined || verity.size > payloadSize)
    return [part('payload', 0, payloadSize, 'squashfs, and a hash tree perhaps')]
  const squashfsSize = payloadSize - verity.size
  return [
    part('squashfs', 0, squashfsSize, 'manifest and images'),
    {
      ...{ name: 'hash tree', offset: squashfsSize, octets: verity.size },
      what: 'dm-verity, SHA-256 over blocks of 4096 octets',
      facts: [
        ['root', verity.hash.toHex()],
        ['salt', verity.salt.toHex()],
      ],
    },
  ]
}

function manifestParts(manifest: RaucManifest | FormatError | undefined): readonly AnatomyPart[] {
  if (manifest === undefined) return []
  const common = { name: 'manifest', offset: undefined, octets: 0 }
  if (manifest instanceof FormatError)
    return [{ ...common, what: `does not read: ${manifest.message}`, facts: [] }]
  const facts = manifest.images.map(
    ({ slot, filename, size, sha256 }): readonly [string, string] => [
      `image ${slot}`,
      `${filename}, ${size ?? '?'} octets, sha256 ${sha256?.toHex() ?? 'not said'}`,
    ],
  )
  return [{ ...common, what: 'signed, in the CMS', facts }]
}
