// SPDX-License-Identifier: Apache-2.0
/** What may be wrong with an image of MCUboot, and how each is refused: by us, and by a reader in another language. */
import { u16le, u32le } from '#format/archive/fields.ts'
import { concatBytes } from '#format/bytes.ts'
import { encodeMcubootArea, type McubootEntry } from '#format/firmware/boot/mcuboot-write.ts'
import type { ArtefactRefusal } from '#trust/artefact/refusal.ts'
import { digestBy } from '#trust/digest-signature.ts'

export interface Corruption {
  readonly name: string
  readonly refusal: ArtefactRefusal
  /** Of a genuine image with a protected area and one signature; gives a copy. */
  readonly change: (image: Uint8Array) => Uint8Array
}

/** A copy with other octets at an offset; negative offsets count from the end. */
export function put(bytes: Uint8Array, at: number, ...octets: readonly number[]): Uint8Array {
  const copy = bytes.slice()
  copy.set(octets, at < 0 ? copy.length + at : at)
  return copy
}

/** A copy with one bit changed. */
export function flip(bytes: Uint8Array, at: number): Uint8Array {
  return put(bytes, at, bytes.at(at)! ^ 0x01)
}

interface Taken {
  readonly head: Uint8Array
  readonly guarded: readonly McubootEntry[]
  readonly bare: readonly McubootEntry[]
}

/** An image as its three parts; it has to be a good one. */
function take(image: Uint8Array): Taken {
  const start = u16le(image, 8) + u32le(image, 12)
  const [guardedSize, entries] = [u16le(image, 10), entriesAt(image, start)]
  return {
    head: image.slice(0, start),
    guarded: entries,
    bare: entriesAt(image, start + guardedSize),
  }
}

function entriesAt(image: Uint8Array, start: number): readonly McubootEntry[] {
  const entries: McubootEntry[] = []
  for (let at = start + 4; at < start + u16le(image, start + 2); ) {
    const length = u16le(image, at + 2)
    entries.push({ type: u16le(image, at), bytes: image.slice(at + 4, at + 4 + length) })
    at += 4 + length
  }
  return entries
}

function join({ head, guarded, bare }: Taken): Uint8Array {
  const area = encodeMcubootArea('protected', guarded)
  const sized = put(head, 10, area.length & 0xff, area.length >> 8)
  return concatBytes([sized, area, encodeMcubootArea('bare', bare)])
}

/** The image with other values in the area that nothing covers. */
function withBare(change: (bare: readonly McubootEntry[]) => readonly McubootEntry[]) {
  return (image: Uint8Array) => {
    const taken = take(image)
    return join({ ...taken, bare: change(taken.bare) })
  }
}

const counter = { type: 0x50, bytes: Uint8Array.of(9, 0, 0, 0) }
const payloadAt = (image: Uint8Array) => u16le(image, 8)
const areaAt = (image: Uint8Array) => u16le(image, 8) + u32le(image, 12)
const bareAt = (image: Uint8Array) => areaAt(image) + u16le(image, 10)

export const mcubootCorruptions: readonly Corruption[] = [
  {
    name: 'one bit of the payload',
    refusal: 'artefact-digest-wrong',
    change: (image) => flip(image, payloadAt(image)),
  },
  {
    name: 'one bit of the version',
    refusal: 'artefact-digest-wrong',
    change: (image) => flip(image, 20),
  },
  {
    name: 'one bit of the security counter',
    refusal: 'artefact-digest-wrong',
    change: (image) => flip(image, areaAt(image) + 8),
  },
  {
    name: 'one bit of the signature',
    refusal: 'signature-wrong',
    change: (image) => flip(image, -5),
  },
  {
    name: 'the signature of another image, whose digest is put in, too',
    refusal: 'signature-wrong',
    change: (image) => {
      const changed = take(flip(image, payloadAt(image)))
      return join({ ...changed, bare: withDigest(changed) })
    },
  },
  {
    name: 'no signature',
    refusal: 'artefact-not-signed',
    change: withBare((bare) => bare.slice(0, 1)),
  },
  {
    name: 'no digest',
    refusal: 'artefact-malformed',
    change: withBare((bare) => bare.slice(1)),
  },
  {
    name: 'a signature before its key',
    refusal: 'artefact-signer-unknown',
    change: withBare(([digest, key, signature]) => [digest!, signature!, key!]),
  },
  {
    name: 'the digest of another key',
    refusal: 'artefact-signer-unknown',
    change: withBare(([digest, key, signature]) => [
      digest!,
      { type: key!.type, bytes: flip(key!.bytes, 0) },
      signature!,
    ]),
  },
  {
    name: 'a digest of its key by another algorithm than that of the image',
    refusal: 'artefact-malformed',
    change: withBare(([digest, key, signature]) => [
      digest!,
      { type: key!.type, bytes: new Uint8Array(digest!.type === 0x11 ? 32 : 48) },
      signature!,
    ]),
  },
  {
    name: 'a digest of its key cut to nothing, which MCUboot finds equal to that of any key',
    refusal: 'artefact-malformed',
    change: withBare(([digest, key, signature]) => [
      digest!,
      { type: key!.type, bytes: new Uint8Array(0) },
      signature!,
    ]),
  },
  {
    name: 'a key in whole beside the digest of one',
    refusal: 'artefact-field-not-allowed',
    change: withBare((bare) => [...bare, { type: 0x02, bytes: new Uint8Array(91) }, bare[2]!]),
  },
  {
    name: 'the digest twice',
    refusal: 'artefact-field-twice',
    change: withBare((bare) => [bare[0]!, ...bare]),
  },
  {
    name: 'a digest of another length beside it',
    refusal: 'artefact-field-twice',
    change: withBare((bare) => [...bare, { type: 0x12, bytes: new Uint8Array(64) }]),
  },
  {
    name: 'the security counter outside of the protected area',
    refusal: 'artefact-field-not-allowed',
    change: withBare((bare) => [...bare, counter]),
  },
  {
    name: 'a dependency outside of the protected area',
    refusal: 'artefact-field-not-allowed',
    change: withBare((bare) => [...bare, { type: 0x40, bytes: new Uint8Array(12) }]),
  },
  {
    name: 'a value that nobody knows',
    refusal: 'artefact-field-not-allowed',
    change: withBare((bare) => [...bare, { type: 0x99, bytes: new Uint8Array(1) }]),
  },
  {
    name: "a maker's value outside of the protected area",
    refusal: 'artefact-field-not-allowed',
    change: withBare((bare) => [...bare, { type: 0xa0, bytes: new Uint8Array(1) }]),
  },
  {
    name: 'the security counter twice in the protected area',
    refusal: 'artefact-field-twice',
    change: (image) => {
      const taken = take(image)
      return join({ ...taken, guarded: [...taken.guarded, counter] })
    },
  },
  {
    name: 'a security counter of two octets',
    refusal: 'artefact-malformed',
    change: (image) => {
      const taken = take(image)
      const short = { type: 0x50, bytes: Uint8Array.of(9, 0) }
      return join({ ...taken, guarded: [short, ...taken.guarded.slice(1)] })
    },
  },
  {
    name: 'a dependency of eight octets',
    refusal: 'artefact-malformed',
    change: (image) => {
      const taken = take(image)
      const short = { type: 0x40, bytes: new Uint8Array(8) }
      return join({ ...taken, guarded: [...taken.guarded, short] })
    },
  },
  {
    name: 'a signature of a second type',
    refusal: 'artefact-field-not-allowed',
    change: withBare((bare) => [...bare, bare[1]!, otherType(bare)]),
  },
  {
    name: 'a protected area that says to be longer than the header says',
    refusal: 'artefact-malformed',
    change: (image) => put(image, areaAt(image) + 2, u16le(image, areaAt(image) + 2) + 4, 0),
  },
  {
    name: 'a header that says that there is no protected area',
    refusal: 'artefact-malformed',
    change: (image) => put(image, 10, 0, 0),
  },
  {
    name: 'a payload that says to be longer than it is',
    refusal: 'artefact-malformed',
    change: (image) => put(image, 12, image[12]! + 1),
  },
  {
    name: 'sizes whose sum is beyond 32 bits',
    refusal: 'artefact-malformed',
    change: (image) => put(image, 12, 0xf0, 0xff, 0xff, 0xff),
  },
  {
    name: 'a header shorter than a header',
    refusal: 'artefact-malformed',
    change: (image) => put(image, 8, 16, 0),
  },
  {
    name: 'a value that reaches over its area',
    refusal: 'artefact-truncated',
    change: (image) => put(image, bareAt(image) + 6, 0xff, 0x0f),
  },
  {
    name: 'an image that ends in its payload',
    refusal: 'artefact-truncated',
    change: (image) => image.slice(0, payloadAt(image) + 10),
  },
  {
    name: 'an image that ends in its last value',
    refusal: 'artefact-truncated',
    change: (image) => image.slice(0, -1),
  },
  {
    name: 'an octet behind the image',
    refusal: 'artefact-trailing-octets',
    change: (image) => concatBytes([image, Uint8Array.of(0)]),
  },
  {
    name: 'padding behind the image',
    refusal: 'artefact-trailing-octets',
    change: (image) => concatBytes([image, new Uint8Array(100).fill(0xff)]),
  },
  {
    name: 'an image that says to be encrypted',
    refusal: 'artefact-encrypted',
    change: (image) => put(image, 16, image[16]! | 0x04),
  },
  {
    name: 'a flag that nobody knows',
    refusal: 'artefact-field-not-allowed',
    change: (image) => put(image, 19, 0x80),
  },
]

/** Other writings of the same two numbers, of an image by ECDSA. */
export const mcubootEcdsaWritings = [
  {
    name: 'zeros behind it, as imgtool fills it up for MCUboot before 1.5',
    change: withSignature((der) => concatBytes([der, new Uint8Array(2)])),
  },
  {
    name: 'a length in two octets',
    change: withSignature((der) => concatBytes([Uint8Array.of(0x30, 0x81), der.subarray(1)])),
  },
  {
    name: 'a zero before its first number',
    change: withSignature((der) =>
      concatBytes([Uint8Array.of(0x30, der[1]! + 1, 0x02, der[3]! + 1, 0), der.subarray(4)]),
    ),
  },
] as const

function withSignature(change: (signature: Uint8Array) => Uint8Array) {
  return withBare(([digest, key, signature]) => [
    digest!,
    key!,
    { type: signature!.type, bytes: change(signature!.bytes) },
  ])
}

/** The digest replaced by the right one of what is there now. */
function withDigest({ head, guarded, bare }: Taken): readonly McubootEntry[] {
  const covered = concatBytes([head, encodeMcubootArea('protected', guarded)])
  const names = new Map([
    [0x10, 'sha256'],
    [0x11, 'sha384'],
    [0x12, 'sha512'],
  ] as const)
  const { type } = bare[0]!
  const name = names.get(type as 0x10)!
  return [{ type, bytes: digestBy(name, covered) }, ...bare.slice(1)]
}

function otherType(bare: readonly McubootEntry[]): McubootEntry {
  const { type, bytes } = bare[2]!
  return { type: type === 0x24 ? 0x22 : 0x24, bytes }
}
