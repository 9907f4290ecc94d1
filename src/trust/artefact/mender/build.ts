// SPDX-License-Identifier: Apache-2.0
/** A Mender artifact without a signature, from files: what is approved, and then signed. */
import type { ByteSource } from '#format/archive/byte-source.ts'
import type { PlacedOctets } from '#format/archive/squashfs-writer.ts'
import { encodeTarHead, tarEnd, tarPadding } from '#format/archive/tar-entries.ts'
import { concatBytes } from '#format/bytes.ts'
import { encodeMenderManifest, menderVersion } from '#format/firmware/bundle/mender.ts'
import type { Piece } from '#trust/artefact/form.ts'
import { digestPieces, knownSize, readPieces } from '#trust/artefact/pieces.ts'
import { type ArtefactRefused, refusingFormat } from '#trust/artefact/refusal.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { securityVersionName } from './read-artifact.ts'

export interface MenderWish {
  readonly artifactName: string
  readonly deviceTypes: readonly string[]
  /** `rootfs-image`, or the name of an update module. */
  readonly payloadType: string
  readonly files: readonly { readonly name: string; readonly content: ByteSource }[]
  readonly artifactGroup?: string
  readonly securityVersion?: number
  /** Packs a stream by gzip; absent: nothing is packed. The same octets have to give the same. */
  readonly gzip?: (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>
}

export interface MenderContainer {
  readonly kind: 'container'
  readonly manifest: string
  /** The artifact; each file is read once more. The head of the payload comes when its size is known. */
  readonly octets: AsyncGenerator<PlacedOctets>
}

const utf8 = new TextEncoder()

/**
 * Hashes every file and lays out the artifact; the payload is packed while it is written.
 *
 * The same files and words give the same octets, as far as gzip does.
 *
 * @see mender-artifact Documentation/artifact-format-v3.md
 */
export function buildMender(wish: MenderWish): Promise<MenderContainer | ArtefactRefused> {
  return refusingFormat(async () => {
    const no = refuseWish(wish)
    if (no !== undefined) return no
    // First, so that names and sizes which no tar holds are refused before any file is read.
    const payload = payloadPieces(wish.files)
    const digests = new Map<string, Uint8Array>()
    for (const { name, content } of wish.files)
      digests.set(
        `data/0000/${name}`,
        await digestPieces('sha256', [{ source: content, from: 0, length: knownSize(content) }]),
      )
    const header = await packed(headerPieces(wish, digests), wish)
    const suffix = wish.gzip === undefined ? '' : '.gz'
    const version = utf8.encode(menderVersion)
    digests.set(`header.tar${suffix}`, sha256(header)).set('version', sha256(version))
    const manifest = encodeMenderManifest(digests)
    const before = tarOf([
      ['version', version],
      ['manifest', utf8.encode(manifest)],
      [`header.tar${suffix}`, header],
    ])
    return {
      kind: 'container',
      manifest,
      octets: written(payload, wish, before, `data/0000.tar${suffix}`),
    }
  })
}

function refuseWish(wish: MenderWish): ArtefactRefused | undefined {
  const { artifactName, deviceTypes, files, payloadType } = wish
  const plain = (text: string) => /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text)
  for (const [what, texts] of [
    ['name of the artifact', [artifactName]],
    ['type of device', deviceTypes],
    ['type of payload', [payloadType]],
  ] as const) {
    const odd = texts.find((text) => !plain(text))
    if (odd !== undefined || texts.length === 0)
      return refuse(
        'artefact-choice-wrong',
        `"${odd ?? ''}" is no ${what}: printable ASCII, not empty`,
      )
  }
  const odd = files.find(({ name }) => !plain(name) || /[/\\]/.test(name))
  if (odd !== undefined)
    return refuse(
      'artefact-choice-wrong',
      `"${odd.name}" is no name that a file of an artifact may have`,
    )
  if (files.length === 0)
    return refuse('artefact-choice-wrong', 'there is no file: nothing would be installed')
  if (payloadType === 'rootfs-image' && files.length !== 1)
    return refuse('artefact-choice-wrong', `a rootfs-image is one file, there are ${files.length}`)
  const twice = files.find(
    ({ name }, index) => files.findIndex((one) => one.name === name) !== index,
  )
  return twice && refuse('artefact-choice-wrong', `two files are named ${twice.name}`)
}

function headerPieces(wish: MenderWish, digests: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const { artifactName, artifactGroup, deviceTypes, payloadType } = wish
  const info = {
    payloads: [{ type: payloadType }],
    artifact_provides: {
      artifact_name: artifactName,
      ...(artifactGroup !== undefined && { artifact_group: artifactGroup }),
    },
    artifact_depends: { device_type: deviceTypes },
  }
  return tarOf([
    ['header-info', utf8.encode(JSON.stringify(info))],
    ['headers/0000/type-info', utf8.encode(JSON.stringify(typeInfo(wish, digests)))],
    ['headers/0000/meta-data', new Uint8Array()],
  ])
}

/** As mender-artifact writes it, so that the client clears and provides the same. */
function typeInfo(
  { artifactName, payloadType, securityVersion }: MenderWish,
  digests: ReadonlyMap<string, Uint8Array>,
) {
  const isRootfs = payloadType === 'rootfs-image'
  const prefix = isRootfs ? 'rootfs-image' : `rootfs-image.${payloadType}`
  const [digest] = digests.values()
  return {
    type: payloadType,
    artifact_provides: {
      ...(isRootfs && digest !== undefined && { 'rootfs-image.checksum': digest.toHex() }),
      [`${prefix}.version`]: artifactName,
      ...(securityVersion !== undefined && { [securityVersionName]: String(securityVersion) }),
    },
    clears_artifact_provides: [
      ...(isRootfs ? ['artifact_group', 'rootfs_image_checksum'] : []),
      `${prefix}.*`,
      ...(securityVersion === undefined ? [] : ['vitalsign.*']),
    ],
  }
}

/** Small files as a tar with its end. */
function tarOf(files: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  return concatBytes([
    ...files.flatMap(([name, bytes]) => [
      encodeTarHead(name, bytes.length),
      bytes,
      tarPadding(bytes.length),
    ]),
    tarEnd,
  ])
}

async function packed(bytes: Uint8Array, { gzip }: MenderWish): Promise<Uint8Array> {
  if (gzip === undefined) return bytes
  async function* whole() {
    yield bytes
  }
  return concatBytes(await Array.fromAsync(gzip(whole()), (chunk) => chunk.slice()))
}

async function* written(
  payload: readonly Piece[],
  { gzip }: MenderWish,
  before: Uint8Array,
  name: string,
): AsyncGenerator<PlacedOctets> {
  const head = before.length - tarEnd.length
  yield { at: 0, bytes: before.subarray(0, head) }
  const plain = readPieces(payload)
  const start = head + tarEnd.length / 2
  let at = start
  for await (const bytes of gzip?.(plain) ?? plain) {
    yield { at, bytes }
    at += bytes.length
  }
  yield { at, bytes: concatBytes([tarPadding(at - start), tarEnd]) }
  yield { at: head, bytes: encodeTarHead(name, at - start) }
}

function payloadPieces(files: MenderWish['files']): readonly Piece[] {
  const pieces = files.flatMap(({ name, content }): readonly Piece[] => {
    const size = knownSize(content)
    return [encodeTarHead(name, size), { source: content, from: 0, length: size }, tarPadding(size)]
  })
  return [...pieces, tarEnd]
}
