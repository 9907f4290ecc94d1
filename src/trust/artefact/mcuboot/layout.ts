// SPDX-License-Identifier: Apache-2.0
/** What an image is made of before it is signed: from a payload, or from an image that is there already. */
import type { ByteSource } from '#format/archive/byte-source.ts'
import { sameBytes } from '#format/bytes.ts'
import {
  type McubootHeader,
  mcubootFlags,
  mcubootHeaderOctets,
  parseMcubootImage,
} from '#format/firmware/boot/mcuboot.ts'
import { mcubootValues } from '#format/firmware/boot/mcuboot-values.ts'
import {
  encodeMcubootArea,
  encodeMcubootHeader,
  type McubootEntry,
} from '#format/firmware/boot/mcuboot-write.ts'
import { refuse } from '#trust/refusal.ts'
import type { Piece } from '../form.ts'
import { knownSize } from '../pieces.ts'
import type { ArtefactRefused } from '../refusal.ts'
import { anyVersion, refuseOtherVersion } from '../said-version.ts'
import type { McubootChoices } from './choices.ts'
import { chosenEntries } from './entries.ts'
import { digestValues } from './kinds.ts'
import { type StatedDigest, statedDigest, structureFault, tailFault } from './structure.ts'

export interface McubootLayout {
  readonly kind: 'layout'
  /** Header, payload and protected area: what is digested. */
  readonly covered: readonly Piece[]
  /** Keys and signatures that stay. */
  readonly kept: readonly McubootEntry[]
  /** What the image has to be digested to, where signatures over it stay. */
  readonly stated: StatedDigest | undefined
}

/** @throws FormatError if a number does not fit, or an image does not read */
export async function layoutOfPayload(
  source: ByteSource,
  choices: McubootChoices,
): Promise<McubootLayout | ArtefactRefused> {
  const headerSize = choices.headerSize ?? mcubootHeaderOctets
  const erased = choices.erased ?? 0xff
  if (choices.version === undefined || choices.version === anyVersion)
    return refuse('artefact-choice-wrong', 'a payload without a header needs a version')
  if (choices.keepSignatures === true)
    return refuse('artefact-choice-wrong', 'a payload without a header has no signatures to keep')
  if (!Number.isInteger(headerSize) || headerSize < mcubootHeaderOctets || headerSize > 0xffff)
    return refuse(
      'artefact-choice-wrong',
      `a header of ${headerSize} octets, at least 32 are needed`,
    )
  const room = choices.padHeader === true ? 0 : headerSize
  const misplaced = await refuseRoom(source, room)
  if (misplaced !== undefined) return misplaced
  const entries = chosenEntries(choices, choices.version)
  if ('kind' in entries) return entries
  const guarded = encodeMcubootArea('protected', entries)
  const placed = placeOf(choices)
  if (placed.kind === 'refused') return placed
  const header: McubootHeader = {
    ...{ loadAddress: placed.address, headerSize, protectedSize: guarded.length },
    ...{ imageSize: knownSize(source) - room, flags: placed.flags, version: choices.version },
  }
  const head = new Uint8Array(headerSize).fill(room === 0 ? erased : 0)
  head.set(encodeMcubootHeader(header))
  const payload = { source, from: room, length: header.imageSize }
  return { kind: 'layout', covered: [head, payload, guarded], kept: [], stated: undefined }
}

/** What the header will lie over: octets that are zero, as the linker leaves them. */
async function refuseRoom(source: ByteSource, room: number): Promise<ArtefactRefused | undefined> {
  const head = await source.read(0, room)
  if (head.length === room && head.every((octet) => octet === 0)) return undefined
  return refuse(
    'artefact-choice-wrong',
    `the payload does not begin with ${room} octets of zero for the header: choose headerSize, or padHeader to put one before it`,
  )
}

function placeOf(choices: McubootChoices) {
  const { loadAddress, romFixed, nonBootable } = choices
  if (loadAddress !== undefined && romFixed !== undefined)
    return refuse('artefact-choice-wrong', 'loadAddress and romFixed are one field of the header')
  const text = loadAddress ?? romFixed ?? '0'
  // Of 32 bits: the header takes no more, and says so.
  const address = /^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(address))
    return refuse('artefact-choice-wrong', `address ${text}, wanted is one as 0x20000000`)
  const flags =
    (loadAddress === undefined ? 0 : mcubootFlags.ramLoad) |
    (romFixed === undefined ? 0 : mcubootFlags.romFixed) |
    (nonBootable === true ? mcubootFlags.nonBootable : 0)
  return { kind: 'placed', address, flags } as const
}

/** What the header of an image says already. */
const headersOwn = ['headerSize', 'padHeader', 'loadAddress', 'romFixed', 'nonBootable'] as const
/** What would change the octets that signatures cover. */
const protectedOnes = ['securityCounter', 'dependency', 'value', 'digest'] as const

/** @throws FormatError if the image does not read */
export async function layoutOfImage(
  source: ByteSource,
  choices: McubootChoices,
): Promise<McubootLayout | ArtefactRefused> {
  const image = await parseMcubootImage(source)
  const wrong = structureFault(image) ?? (await tailFault(source, image))
  if (wrong !== undefined) return wrong
  const { header } = image
  const vain = headersOwn.find((name) => choices[name] !== undefined)
  if (vain !== undefined)
    return refuse('artefact-choice-wrong', `the image has a header already, which says its ${vain}`)
  const other = refuseOtherVersion(header.version, choices.version)
  if (other !== undefined) return other
  const payloadEnd = header.headerSize + header.imageSize
  if (choices.keepSignatures === true) {
    const voiding = protectedOnes.find((name) => choices[name] !== undefined)
    if (voiding !== undefined)
      return refuse(
        'artefact-choice-wrong',
        `${voiding} would void the signatures that are to stay`,
      )
    const digests = digestValues.map((name) => mcubootValues[name].type as number)
    const kept = image.values.filter(({ type }) => !digests.includes(type))
    if (kept.some(({ type }) => type === mcubootValues.pure.type))
      return refuse(
        'artefact-choice-wrong',
        'its signatures are over the image itself: no digest can be added',
      )
    const covered = [{ source, from: 0, length: payloadEnd + header.protectedSize }]
    return { kind: 'layout', covered, kept, stated: statedDigest(image.values) }
  }
  const chosen = chosenEntries(choices, header.version)
  if ('kind' in chosen) return chosen
  const replaced = new Set(chosen.map(({ type }) => type))
  const stays = image.protectedValues.filter(({ type }) => !replaced.has(type))
  const guarded = encodeMcubootArea('protected', [...chosen, ...stays])
  const head = encodeMcubootHeader({ ...header, protectedSize: guarded.length })
  const rest = { source, from: head.length, length: payloadEnd - head.length }
  return { kind: 'layout', covered: [head, rest, guarded], kept: [], stated: undefined }
}

/** Whether an image that is to keep its signatures is what they were made over. */
export function keptFault(
  { stated }: McubootLayout,
  digest: Uint8Array,
): ArtefactRefused | undefined {
  if (stated === undefined || sameBytes(stated.value.bytes, digest)) return undefined
  return refuse(
    'artefact-digest-wrong',
    `the image has ${digest.toHex()}, its signatures are over ${stated.value.bytes.toHex()}`,
  )
}
