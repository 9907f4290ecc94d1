// SPDX-License-Identifier: Apache-2.0
/** What lies in the squashfs of a bundle, and whether the manifest says the truth of it. */

import type { ArchiveTools, Member } from '#format/archive/archive.ts'
import { type ByteSource, span } from '#format/archive/byte-source.ts'
import { readExactly } from '#format/archive/fields.ts'
import { squashfs } from '#format/archive/squashfs.ts'
import { sameBytes } from '#format/bytes.ts'
import {
  parseRaucManifest,
  type RaucImage,
  type RaucManifest,
  raucManifestName,
} from '#format/firmware/bundle/rauc-manifest.ts'
import { FormatError } from '#format/format-error.ts'
import { decodeUtf8 } from '#format/utf8.ts'
import { digestPieces } from '#trust/artefact/pieces.ts'
import type { ArtefactRefused } from '#trust/artefact/refusal.ts'
import { refuse } from '#trust/refusal.ts'

const mostManifestOctets = 1_048_576
/** Files that are looked through for the manifest: bundles have a handful. */
const mostMembers = 65_536

/** The manifest within the squashfs; undefined: there is none. @throws FormatError */
export async function manifestIn(
  source: ByteSource,
  tools: ArchiveTools,
): Promise<RaucManifest | undefined> {
  const members = await filesIn(source, [raucManifestName], tools)
  const content = members.get(raucManifestName)
  if (content === undefined) return undefined
  const size = content.size ?? 0
  if (size > mostManifestOctets) throw new FormatError('too-large', 0, `a manifest of ${size}`)
  const text = (await readExactly(content, 0, size)).slice()
  return parseRaucManifest(decodeUtf8(text, 'the manifest'))
}

/**
 * Whether every image of the manifest is in the squashfs, as large as it says and with its digest.
 *
 * RAUC looks at this when it installs: here it is known before, and what is told to be covered is.
 */
export async function refuseImages(
  source: ByteSource,
  squashfsSize: number,
  images: readonly RaucImage[],
  tools: ArchiveTools,
): Promise<ArtefactRefused | undefined> {
  const names = images.map(({ filename }) => filename)
  const files = await filesIn(span(source, 0, squashfsSize), names, tools)
  for (const { filename, sha256, size } of images) {
    if (sha256 === undefined || size === undefined)
      return refuse('artefact-not-covered', `the manifest has no digest and size of ${filename}`)
    const content = files.get(filename)
    if (content === undefined)
      return refuse('artefact-malformed', `the manifest names ${filename}, the bundle lacks it`)
    if (content.size !== size)
      return refuse(
        'artefact-malformed',
        `${filename} has ${content.size} octets, the manifest says ${size}`,
      )
    const digest = await digestPieces('sha256', [{ source: content, from: 0, length: size }])
    if (!sameBytes(digest, sha256))
      return refuse('artefact-digest-wrong', `${filename} is not what the manifest says`)
  }
  return undefined
}

/** The files of these names at the root. @throws FormatError where the squashfs cannot be read */
async function filesIn(
  source: ByteSource,
  names: readonly string[],
  tools: ArchiveTools,
): Promise<ReadonlyMap<string, ByteSource>> {
  const wanted = new Set(names)
  const found = new Map<string, ByteSource>()
  let seen = 0
  for await (const member of squashfs.members(source, tools)) {
    if (seen++ === mostMembers) throw new FormatError('too-many', 0, `over ${mostMembers} files`)
    if (member.kind === 'unread') continue
    const content = plainContent(member)
    if (!wanted.has(member.name) || content === undefined) continue
    // Two files of one name: each reader takes another one.
    if (found.has(member.name))
      throw new FormatError('value-not-allowed', 0, `${member.name} stands twice`)
    found.set(member.name, content)
  }
  return found
}

function plainContent({ type, content }: Member): ByteSource | undefined {
  return type !== 'file' || content === undefined || 'kind' in content ? undefined : content
}
