// SPDX-License-Identifier: Apache-2.0
/** The squashfs that a RAUC bundle is made of, from files, without RAUC: what is approved, and then signed. */
import { type ByteSource, memorySource } from '#format/archive/byte-source.ts'
import {
  type EntryToPack,
  type PlacedOctets,
  type SquashfsWish,
  squashfsPadding,
  writeSquashfs,
} from '#format/archive/squashfs-writer.ts'
import { encodeKeyFile, type KeyGroup } from '#format/firmware/bundle/key-file.ts'
import {
  parseRaucManifest,
  type RaucManifest,
  raucManifestName,
  withValues,
} from '#format/firmware/bundle/rauc-manifest.ts'
import { digestPieces, knownSize } from '#trust/artefact/pieces.ts'
import { type ArtefactRefused, refusingFormat } from '#trust/artefact/refusal.ts'
import { refuse } from '#trust/refusal.ts'

export interface RaucWish extends SquashfsWish {
  /** The manifest as a person writes it: images without digest and size. */
  readonly groups: readonly KeyGroup[]
}

export interface RaucContainer {
  readonly kind: 'container'
  readonly manifest: RaucManifest
  /** The image; read once, and the files with it. @throws FormatError where a file ends before its size */
  readonly octets: AsyncGenerator<PlacedOctets>
}

/**
 * Completes the manifest, for which every image is read once, and packs it with the files.
 *
 * The same files, manifest and time give the same octets.
 */
export function buildRauc(wish: RaucWish): Promise<RaucContainer | ArtefactRefused> {
  return refusingFormat(async () => {
    const written = parseRaucManifest(encodeKeyFile(wish.groups))
    const no = refuseWritten(written, wish)
    if (no !== undefined) return no
    const groups = await completed(written, wish.entries)
    if ('kind' in groups) return groups
    const text = encodeKeyFile(groups)
    const entry = {
      ...({ kind: 'file', name: raucManifestName, executable: false } as const),
      content: memorySource(new TextEncoder().encode(text)),
    }
    const octets = writeSquashfs({
      ...wish,
      entries: [...wish.entries, entry],
      // RAUC hashes no squashfs of one block.
      atLeast: 2 * squashfsPadding,
    })
    return { kind: 'container', manifest: parseRaucManifest(text), octets }
  })
}

function refuseWritten(
  { verity, groups, images }: RaucManifest,
  { entries }: RaucWish,
): ArtefactRefused | undefined {
  const said = groups.find(({ name }) => name === 'bundle')?.values.get('format')
  if (verity !== undefined || (said !== undefined && said !== 'verity'))
    return refuse(
      'artefact-choice-wrong',
      `the manifest says format ${said}${verity === undefined ? '' : ' and a hash tree'}: bundles of format verity are built, and the tree is made when it is signed`,
    )
  if (images.length === 0)
    return refuse('artefact-choice-wrong', 'the manifest has no image: nothing would be installed')
  if (entries.some(({ name }) => name === raucManifestName))
    return refuse(
      'artefact-choice-wrong',
      `${raucManifestName} is made, and cannot be one of the files`,
    )
  return undefined
}

/** Digest and size of each image, and the format. */
async function completed(
  { images, groups }: RaucManifest,
  entries: readonly EntryToPack[],
): Promise<readonly KeyGroup[] | ArtefactRefused> {
  let complete = withValues(groups, 'bundle', { format: 'verity' })
  for (const { slot, filename } of images) {
    const content = fileNamed(filename, entries)
    if (content === undefined)
      return refuse(
        'artefact-choice-wrong',
        `the manifest names ${filename} for slot ${slot}, which is not among the files`,
      )
    const size = knownSize(content)
    const digest = await digestPieces('sha256', [{ source: content, from: 0, length: size }])
    const said = { sha256: digest.toHex(), size: String(size) }
    complete = withValues(complete, `image.${slot}`, said)
  }
  return complete
}

function fileNamed(filename: string, entries: readonly EntryToPack[]): ByteSource | undefined {
  const entry = entries.find(({ name }) => name === filename)
  return entry?.kind === 'file' ? entry.content : undefined
}
