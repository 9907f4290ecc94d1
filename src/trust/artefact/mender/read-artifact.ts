// SPDX-License-Identifier: Apache-2.0
/** A Mender artifact as it is to be judged: its parts in their order, and what its manifest covers. */
import type { ArchiveTools, Compression } from '#format/archive/archive.ts'
import { type ByteSource, span } from '#format/archive/byte-source.ts'
import { readExactly } from '#format/archive/fields.ts'
import { readTar, type TarFile } from '#format/archive/tar-entries.ts'
import { sameBytes } from '#format/bytes.ts'
import {
  checkMenderVersion,
  type MenderHeader,
  type MenderManifest,
  parseMenderHeader,
  parseMenderManifest,
  parseMenderProvides,
} from '#format/firmware/bundle/mender.ts'
import { FormatError } from '#format/format-error.ts'
import { digestPieces } from '#trust/artefact/pieces.ts'
import type { ArtefactRefused } from '#trust/artefact/refusal.ts'
import { refuse } from '#trust/refusal.ts'

export interface MenderArtifact {
  readonly kind: 'artifact'
  readonly version: TarFile
  readonly manifest: TarFile
  readonly signature: { readonly file: TarFile; readonly text: string } | undefined
  readonly header: TarFile
  readonly payloads: readonly TarFile[]
  /** The octets that are signed. */
  readonly signed: Uint8Array
  readonly digests: MenderManifest
}

const mostTextOctets = 1_048_576
/** Of the header: scripts of an update are in it. */
const mostHeaderFiles = 1_024
/** What a provide is named by which the security version is said. */
export const securityVersionName = 'vitalsign.security-version'

const compressions: readonly (readonly [string, Compression | undefined])[] = [
  ['.gz', 'gzip'],
  ['.xz', 'xz'],
  ['.zst', 'zstd'],
  ['', undefined],
]

/**
 * Reads the outer tar: its files have fixed names in a fixed order. No digest and no signature is checked.
 *
 * @throws FormatError
 */
export async function readArtifact(source: ByteSource): Promise<MenderArtifact | ArtefactRefused> {
  const files = await Array.fromAsync(readTar(source))
  const [version, manifest, third] = files
  if (version?.name !== 'version')
    return refuse(
      'artefact-of-another-form',
      `the first file is ${version?.name ?? 'none'}, must be version`,
    )
  checkMenderVersion(await textOf(source, version))
  if (manifest?.name !== 'manifest')
    return refuse(
      'artefact-malformed',
      `the second file is ${manifest?.name ?? 'none'}, must be manifest`,
    )
  const signs = third?.name === 'manifest.sig' ? third : undefined
  const [header, ...payloads] = files.slice(signs === undefined ? 2 : 3)
  const no = refuseOrder(header, payloads)
  if (no !== undefined || header === undefined)
    return no ?? refuse('artefact-malformed', 'no header')
  const signed = (await readExactly(source, manifest.start, manifest.size)).slice()
  return {
    ...{ kind: 'artifact', version, manifest, header, payloads, signed },
    signature: signs && { file: signs, text: await textOf(source, signs) },
    digests: parseMenderManifest(await textOf(source, manifest)),
  }
}

async function textOf(source: ByteSource, { name, start, size }: TarFile): Promise<string> {
  if (size > mostTextOctets) throw new FormatError('too-large', start, `${name} of ${size} octets`)
  try {
    const bytes = await readExactly(source, start, size)
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.slice())
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new FormatError('text-malformed', start, `${name} is no text`)
  }
}

function refuseOrder(
  header: TarFile | undefined,
  payloads: readonly TarFile[],
): ArtefactRefused | undefined {
  const augmented = [header, ...payloads].find((file) => file?.name.includes('-augment'))
  if (augmented !== undefined)
    return refuse(
      'artefact-not-covered',
      `${augmented.name} is covered by no signature: artifacts that are added to after they are signed are not taken`,
    )
  if (header === undefined || !/^header\.tar(\.gz|\.xz|\.zst)?$/.test(header.name))
    return refuse(
      'artefact-malformed',
      `${header?.name ?? 'nothing'} stands where header.tar.gz has to`,
    )
  for (const [index, { name }] of payloads.entries())
    if (!new RegExp(`^data/${numbered(index)}\\.tar(\\.gz|\\.xz|\\.zst)?$`).test(name))
      return refuse(
        'artefact-not-covered',
        `${name} stands where data/${numbered(index)}.tar.gz has to`,
      )
  return undefined
}

function numbered(index: number): string {
  return String(index).padStart(4, '0')
}

/** What an artifact says of itself, once every octet of it is what its manifest says. */
export interface CoveredArtifact extends MenderHeader {
  readonly kind: 'covered'
  readonly securityVersion: number | undefined
}

/**
 * Hashes every file, within the payloads, too: each is in the manifest, and each of the manifest is there.
 *
 * @throws FormatError where a part does not unpack
 */
export async function readCovered(
  source: ByteSource,
  artifact: MenderArtifact,
  tools: ArchiveTools,
): Promise<CoveredArtifact | ArtefactRefused> {
  const { version, header, payloads, digests } = artifact
  const seen = new Set<string>()
  for (const file of [version, header]) {
    const no = await refuseFile(file.name, source, file, digests, seen)
    if (no !== undefined) return no
  }
  for (const [index, payload] of payloads.entries()) {
    const no = await within(source, payload, tools, (inner, file) =>
      refuseFile(`data/${numbered(index)}/${file.name}`, inner, file, digests, seen),
    )
    if (no !== undefined) return no
  }
  const missing = [...digests.keys()].find((name) => !seen.has(name))
  if (missing !== undefined)
    return refuse('artefact-malformed', `the manifest has ${missing}, the artifact lacks it`)
  return readHeader(source, artifact, tools)
}

async function refuseFile(
  name: string,
  source: ByteSource,
  { start, size }: TarFile,
  digests: MenderManifest,
  seen: Set<string>,
): Promise<ArtefactRefused | undefined> {
  const expected = digests.get(name)
  if (expected === undefined)
    return refuse('artefact-not-covered', `the manifest has no digest of ${name}`)
  if (seen.has(name)) return refuse('artefact-field-twice', `${name} stands twice`)
  seen.add(name)
  const digest = await digestPieces('sha256', [{ source, from: start, length: size }])
  return sameBytes(digest, expected)
    ? undefined
    : refuse('artefact-digest-wrong', `${name} is not what the manifest says`)
}

/** The files of a tar that is packed by itself; all that it takes is one stream, with nothing behind it. */
async function within(
  source: ByteSource,
  { name, start, size }: TarFile,
  tools: ArchiveTools,
  look: (inner: ByteSource, file: TarFile) => Promise<ArtefactRefused | undefined>,
): Promise<ArtefactRefused | undefined> {
  const compression = compressions.find(([ending]) => name.endsWith(`.tar${ending}`))?.[1]
  const packed = span(source, start, size)
  let taken = size
  const unpacking =
    compression &&
    tools.open({
      ...{ kind: 'packed', compression, source: packed, size: undefined },
      ended: (octets) => {
        taken = octets
      },
    })
  try {
    const inner = unpacking ?? packed
    for await (const file of readTar(inner)) {
      const no = await look(inner, file)
      if (no !== undefined) return no
    }
  } finally {
    unpacking?.close()
  }
  return taken === size
    ? undefined
    : refuse('artefact-trailing-octets', `${size - taken} octets follow the stream in ${name}`)
}

async function readHeader(
  source: ByteSource,
  { header, payloads }: MenderArtifact,
  tools: ArchiveTools,
): Promise<CoveredArtifact | ArtefactRefused> {
  const texts = new Map<string, string>()
  let files = 0
  const no = await within(source, header, tools, async (inner, file) => {
    if (files++ === mostHeaderFiles) throw new FormatError('too-many', 0, 'files in the header')
    if (texts.has(file.name)) return refuse('artefact-field-twice', `${file.name} stands twice`)
    const wanted = file.name === 'header-info' || file.name.endsWith('/type-info')
    texts.set(file.name, wanted ? await textOf(inner, file) : '')
    return undefined
  })
  if (no !== undefined) return no
  const info = texts.get('header-info')
  if (info === undefined) return refuse('artefact-malformed', 'the header has no header-info')
  const said = parseMenderHeader(info)
  // An artifact without a payload has one of no type, and no data.
  const wanted = said.payloadTypes.filter((type) => type !== null).length
  if (wanted !== payloads.length)
    return refuse(
      'artefact-malformed',
      `header-info has ${wanted} payloads, the artifact ${payloads.length}`,
    )
  return { kind: 'covered', ...said, securityVersion: securityVersionIn(texts) }
}

/** The highest that a payload provides: none may fall. */
function securityVersionIn(texts: ReadonlyMap<string, string>): number | undefined {
  let highest: number | undefined
  for (const [name, text] of texts) {
    if (!/^headers\/\d{4}\/type-info$/.test(name)) continue
    const said = parseMenderProvides(text).get(securityVersionName)
    if (said === undefined) continue
    if (!/^\d{1,15}$/.test(said))
      throw new FormatError(
        'value-not-allowed',
        0,
        `${securityVersionName} is "${said.slice(0, 40)}"`,
      )
    highest = Math.max(highest ?? 0, Number(said))
  }
  return highest
}
