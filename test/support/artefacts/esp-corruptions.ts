// SPDX-License-Identifier: Apache-2.0
/** An image for chips of Espressif, and what may be wrong with a signed one: for us and for a reader in another language. */
import { crc32 } from '#format/archive/checksums.ts'
import { concatBytes } from '#format/bytes.ts'
import { sha256 } from '#trust/digest.ts'
import { words } from '../scan/firmware-bytes.ts'
import { type Corruption, flip, put } from './mcuboot-corruptions.ts'

/** An application of ESP-IDF as its build makes it: one segment with a description, checksum and digest; for a C6. */
export function espApplication(payload: Uint8Array, chip = 0x0d, securityVersion = 3): Uint8Array {
  const description = new Uint8Array(256)
  description.set(words(0xabcd_5432, securityVersion))
  description.set(new TextEncoder().encode('1.4.2'), 16)
  description.set(new TextEncoder().encode('infusion-pump'), 48)
  const padded = new Uint8Array(Math.ceil(payload.length / 4) * 4)
  padded.set(payload)
  const data = concatBytes([description, padded])
  const header = new Uint8Array(24)
  header.set([0xe9, 1, 2, 0x20, 0, 0, 8, 0x40, 0xee, 0, 0, 0, chip, 0])
  header[23] = 1
  const body = concatBytes([header, words(0x3c00_0020, data.length), data])
  const ended = concatBytes([body, new Uint8Array(16 - (body.length % 16))])
  ended[ended.length - 1] = data.reduce((sum, octet) => sum ^ octet, 0xef)
  return concatBytes([ended, sha256(ended)])
}

const sector = 4096
/** Of the first block in a signed image whose sector ends it. */
const blockAt = (image: Uint8Array) => image.length - sector

/** A change of the first block whose CRC is made anew, as whoever wants to deceive would. */
function within(change: (block: Uint8Array) => Uint8Array) {
  return (image: Uint8Array) => {
    const at = blockAt(image)
    const block = change(image.slice(at, at + 1216))
    block.set(words(crc32(block.subarray(0, 1196))), 1196)
    return put(image, at, ...block)
  }
}

export const espCorruptions: readonly Corruption[] = [
  {
    name: 'one bit of a segment',
    refusal: 'artefact-digest-wrong',
    change: (image) => flip(image, 200),
  },
  {
    name: 'one bit of the security version',
    refusal: 'artefact-digest-wrong',
    change: (image) => flip(image, 36),
  },
  {
    name: 'one bit of the entry',
    refusal: 'artefact-digest-wrong',
    change: (image) => flip(image, 4),
  },
  {
    name: 'a signature over another digest',
    refusal: 'signature-wrong',
    change: (image) => {
      const covered = flip(image.slice(0, -sector), 200)
      const digest = within((block) => put(block, 4, ...sha256(covered)))
      return digest(concatBytes([covered, image.slice(-sector)]))
    },
  },
  {
    name: 'one bit of the digest in the block',
    refusal: 'artefact-digest-wrong',
    change: within((block) => flip(block, 4)),
  },
  {
    name: 'one bit of the key in the block',
    refusal: 'artefact-signer-unknown',
    change: within((block) => flip(block, 40)),
  },
  {
    name: 'another curve, or number for the ROM, in the key',
    refusal: 'artefact-signer-unknown',
    // The last octet of an RSA key's -n^-1, and of y of a key on P-256.
    change: within((block) => flip(block, block[1] === 2 ? 36 + 775 : 36 + 64)),
  },
  {
    name: 'one bit of the signature',
    refusal: 'signature-wrong',
    change: within((block) => flip(block, block[1] === 2 ? 36 + 776 : 36 + 65)),
  },
  {
    name: 'a CRC that does not fit',
    refusal: 'artefact-malformed',
    change: (image) => flip(image, blockAt(image) + 1196),
  },
  {
    name: 'a scheme that nobody knows',
    refusal: 'artefact-malformed',
    change: within((block) => put(block, 1, 9)),
  },
  {
    name: 'the padding of a block used',
    refusal: 'artefact-malformed',
    change: (image) => flip(image, blockAt(image) + 1210),
  },
  {
    name: 'the octet that is kept for later used',
    refusal: 'artefact-malformed',
    change: within((block) => put(block, 3, 1)),
  },
  {
    name: 'octets behind the blocks in their sector',
    refusal: 'artefact-malformed',
    change: (image) => put(image, -1, 0),
  },
  {
    name: 'a second block far behind the first',
    refusal: 'artefact-malformed',
    change: (image) => put(image, blockAt(image) + 2432, ...image.slice(-sector, -sector + 1216)),
  },
  {
    name: 'an erased sector',
    refusal: 'artefact-not-signed',
    change: (image) => concatBytes([image.slice(0, -sector), new Uint8Array(sector).fill(0xff)]),
  },
  {
    name: 'an image without its sector',
    refusal: 'artefact-not-signed',
    change: (image) => image.slice(0, -sector),
  },
  {
    name: 'half a sector',
    refusal: 'artefact-truncated',
    change: (image) => image.slice(0, -2048),
  },
  {
    name: 'a sector more behind it',
    refusal: 'artefact-trailing-octets',
    change: (image) => concatBytes([image, new Uint8Array(sector).fill(0xff)]),
  },
  {
    name: 'a sector more before the signature',
    refusal: 'artefact-trailing-octets',
    change: (image) => {
      const erased = new Uint8Array(sector).fill(0xff)
      return concatBytes([image.slice(0, -sector), erased, image.slice(-sector)])
    },
  },
  {
    name: 'octets in the padding before the sector',
    refusal: 'artefact-trailing-octets',
    change: (image) => put(image, blockAt(image) - 1, 0),
  },
  {
    name: 'a segment that says to be longer than the file',
    refusal: 'artefact-truncated',
    change: (image) => put(image, 30, 0x7f),
  },
  {
    name: 'more segments than there may be',
    refusal: 'artefact-malformed',
    change: (image) => put(image, 1, 200),
  },
]
