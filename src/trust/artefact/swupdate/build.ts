// SPDX-License-Identifier: Apache-2.0
/** The container of an update for SWUpdate, from a description and files: what is approved, and then signed. */
import { createHash } from 'node:crypto'
import type { ByteSource } from '#format/archive/byte-source.ts'
import {
  addToSum,
  cpioPadding,
  encodeCpioEnd,
  encodeCpioHead,
  mostCpioOctets,
} from '#format/archive/cpio-entries.ts'
import {
  parseSwDescription,
  type Setting,
  type SwEntry,
  swEntries,
} from '#format/firmware/bundle/sw-description.ts'
import { encodeLibconfig, withDigests } from '#format/firmware/bundle/sw-description-text.ts'
import type { Piece } from '#trust/artefact/form.ts'
import { knownSize, readSpan, sizeOf } from '#trust/artefact/pieces.ts'
import { type ArtefactRefused, refusingFormat } from '#trust/artefact/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import { descriptionName, signatureName } from './read-update.ts'

export interface SwupdateWish {
  /** In either syntax, as a person writes it: without digests. It stays in its syntax. */
  readonly description: string
  /** In the order in which they are to be installed, as a stream. */
  readonly files: readonly { readonly name: string; readonly content: ByteSource }[]
  readonly securityVersion?: number
}

export interface SwupdateContainer {
  readonly kind: 'container'
  readonly description: string
  readonly pieces: readonly Piece[]
}

interface Measured {
  readonly name: string
  readonly content: ByteSource
  readonly size: number
  readonly sum: number
  readonly sha256: string
}

/**
 * Completes the description with the SHA-256 of every file, each of which is read once, and lays out the cpio.
 *
 * The same description and files give the same octets. Comments of the description do not stay.
 */
export function buildSwupdate(wish: SwupdateWish): Promise<SwupdateContainer | ArtefactRefused> {
  return refusingFormat(async () => {
    const no = wish.files.map(refuseFile).find((refused) => refused !== undefined)
    if (no !== undefined) return no
    const files: Measured[] = []
    for (const file of wish.files) files.push(await measured(file))
    const description = described(wish, files)
    if (typeof description !== 'string') return description
    return { kind: 'container', description, pieces: laidOut(description, files) }
  })
}

function refuseFile(
  { name, content }: SwupdateWish['files'][number],
  index: number,
  all: SwupdateWish['files'],
): ArtefactRefused | undefined {
  const size = knownSize(content)
  if (size > mostCpioOctets)
    return refuse(
      'artefact-choice-wrong',
      `${name} has ${size} octets, and a file of an update has ${mostCpioOctets} at most (4 GiB - 1): compress it (compressed = "zstd"), or split it`,
    )
  if ([descriptionName, signatureName].includes(name) || /^\.{0,2}$|[/\\\p{Cc}]/u.test(name))
    return refuse('artefact-choice-wrong', `"${name}" is no name that a file of an update may have`)
  return all.findIndex((other) => other.name === name) === index
    ? undefined
    : refuse('artefact-choice-wrong', `two files are named ${name}`)
}

async function measured({ name, content }: SwupdateWish['files'][number]): Promise<Measured> {
  const size = knownSize(content)
  const hash = createHash('sha256')
  let sum = 0
  for await (const chunk of readSpan(content, 0, size)) {
    hash.update(chunk)
    sum = addToSum(sum, chunk)
  }
  return { name, content, size, sum, sha256: hash.digest('hex') }
}

function described(
  { description, securityVersion }: SwupdateWish,
  files: readonly Measured[],
): string | ArtefactRefused {
  const settings = parseSwDescription(description)
  const software = settings['software']
  if (!isGroup(software))
    return refuse('artefact-choice-wrong', 'the description has no group software')
  const no = refuseEntries(swEntries(settings), files)
  if (no !== undefined) return no
  const digestOf = (filename: string) => files.find(({ name }) => name === filename)?.sha256
  const complete = withDigests(software, digestOf)
  const more: { readonly [name: string]: Setting } =
    securityVersion === undefined ? {} : { vitalsign: { 'security-version': securityVersion } }
  const all = { ...settings, software: { ...(isGroup(complete) ? complete : {}), ...more } }
  return /^\s*\{/.test(description) ? `${JSON.stringify(all, null, 2)}\n` : encodeLibconfig(all)
}

function isGroup(setting: Setting | undefined): setting is { readonly [name: string]: Setting } {
  return typeof setting === 'object' && !Array.isArray(setting)
}

/** Every file is described, everything described is there, and a digest that somebody wrote is right. */
function refuseEntries(
  entries: readonly SwEntry[],
  files: readonly Measured[],
): ArtefactRefused | undefined {
  for (const { filename, sha256 } of entries) {
    const file = files.find(({ name }) => name === filename)
    if (file === undefined)
      return refuse(
        'artefact-choice-wrong',
        `the description names ${filename}, which is not among the files`,
      )
    if (sha256 !== undefined && sha256.toLowerCase() !== file.sha256)
      return refuse(
        'artefact-digest-wrong',
        `the description says sha256 ${sha256} of ${filename}, which has ${file.sha256}: leave it out, it is filled in`,
      )
  }
  const stranger = files.find(({ name }) => !entries.some(({ filename }) => filename === name))
  return stranger === undefined
    ? undefined
    : refuse('artefact-choice-wrong', `the description does not name ${stranger.name}`)
}

function laidOut(description: string, files: readonly Measured[]): readonly Piece[] {
  const bytes = new TextEncoder().encode(description)
  const pieces: Piece[] = [
    encodeCpioHead(descriptionName, bytes.length, addToSum(0, bytes), 1),
    bytes,
    cpioPadding(bytes.length),
  ]
  for (const [index, { name, size, sum, content }] of files.entries())
    pieces.push(
      // Two is the signature's.
      encodeCpioHead(name, size, sum, index + 3),
      { source: content, from: 0, length: size },
      cpioPadding(size),
    )
  return [...pieces, encodeCpioEnd(sizeOf(pieces))]
}
