// SPDX-License-Identifier: Apache-2.0
/** Images of forms for which Debian has no program, made by their specifications. */
import { concatBytes } from '#format/bytes.ts'

export function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length)
  const view = new DataView(bytes.buffer)
  for (const [index, value] of values.entries()) view.setUint32(4 * index, value, true)
  return bytes
}

/** MCUboot: header of 512 octets, payload, a digest that nobody checks here. */
export function mcubootImage(payload: Uint8Array, flags = 0): Uint8Array {
  const header = new Uint8Array(512)
  header.set(words(0x96f3b83d, 0, 512, payload.length, flags, 0x0003_0201, 7, 0))
  const digest = new Uint8Array(32).fill(0xab)
  const values = [0x07, 0x69, 40, 0, 0x10, 0, 32, 0]
  return concatBytes([header, payload, Uint8Array.from(values), digest])
}

/** UF2: blocks of 256 octets for addresses from `address` on, the last ones first. */
export function uf2File(payload: Uint8Array, address: number): Uint8Array {
  const count = Math.ceil(payload.length / 256)
  const blocks = Array.from({ length: count }, (_, number) => {
    const block = new Uint8Array(512)
    const at = number * 256
    block.set(words(0x0a324655, 0x9e5d5157, 0x2000, address + at, 256, number, count, 0xe48bff56))
    block.set(payload.subarray(at, at + 256), 32)
    block.set(words(0x0ab16f30), 508)
    return block
  })
  return concatBytes(blocks.reverse())
}

/** ESP-IDF: one segment of data, its checksum not computed. */
export function espImage(payload: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil(payload.length / 4) * 4)
  padded.set(payload)
  const header = new Uint8Array(24)
  header.set([0xe9, 1, 2, 0x20, 0, 0, 8, 0x40, 0xee, 0, 0, 0, 9, 0])
  const body = concatBytes([header, words(0x3c00_0020, padded.length), padded])
  return concatBytes([body, new Uint8Array(16 - (body.length % 16))])
}

/** A flash of ESP-IDF with two partitions, the second of which holds the payload. */
export function espFlash(payload: Uint8Array): Uint8Array {
  const flash = new Uint8Array(0x20000).fill(0xff)
  const entry = (
    at: number,
    kind: readonly number[],
    offset: number,
    size: number,
    name: string,
  ) => {
    flash.fill(0, at, at + 32)
    flash.set([0xaa, 0x50, ...kind])
    flash.set([0xaa, 0x50, ...kind], at)
    flash.set(words(offset, size), at + 4)
    flash.set(new TextEncoder().encode(name), at + 12)
  }
  entry(0x8000, [1, 2], 0x9000, 0x6000, 'nvs')
  entry(0x8020, [0, 0x10], 0x10000, 0x10000, 'ota_0')
  flash.fill(0xff, 0, 4)
  flash.set(payload, 0x10000)
  return flash
}

/** Android's sparse image: a block of no matter, the payload, a block of zeros. */
export function androidSparse(payload: Uint8Array): Uint8Array {
  const blocks = Math.ceil(payload.length / 4096)
  const padded = new Uint8Array(blocks * 4096)
  padded.set(payload)
  return concatBytes([
    words(0xed26ff3a, 1, 28 | (12 << 16), 4096, blocks + 2, 3, 0),
    words(0xcac3, 1, 12),
    ...[words(0xcac1, blocks, 12 + padded.length), padded],
    words(0xcac2, 1, 16, 0),
  ])
}

/** Android's boot image, header version 2, with a kernel and a ramdisk. */
export function androidBoot(kernel: Uint8Array, ramdisk: Uint8Array): Uint8Array {
  const header = new Uint8Array(2048)
  header.set(new TextEncoder().encode('ANDROID!'))
  header.set(words(kernel.length, 0, ramdisk.length, 0, 0, 0, 0, 2048, 2), 8)
  const page = (bytes: Uint8Array) => {
    const padded = new Uint8Array(Math.ceil(bytes.length / 2048) * 2048)
    padded.set(bytes)
    return padded
  }
  return concatBytes([header, page(kernel), page(ramdisk)])
}
