// SPDX-License-Identifier: Apache-2.0
/** The signature sector of ESP-IDF's secure boot v2: up to three blocks. Numbers little-endian, also large ones. */
import { crc32 } from '#format/archive/checksums.ts'
import { u32le } from '#format/archive/fields.ts'
import { concatBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'

export const espSectorOctets = 4096
export const espBlockOctets = 1216
export const mostEspBlocks = 3
const magic = 0xe7
const [digestAt, checksumAt] = [4, 1196]

/** The key of a block with what the boot ROM needs to compute with it: the octets whose digest is in the eFuses. */
export interface EspBlock {
  readonly scheme: EspScheme
  /** Of the image before the sector, by the digest of the scheme. */
  readonly digest: Uint8Array
  readonly key: Uint8Array
  /** RSA: the number; ECDSA: r and s. Little-endian each. */
  readonly signature: Uint8Array
}

/** `version` is the octet behind the magic, `variant` the one behind that: 1 says SHA-384. */
export const espSchemes = {
  rsa3072: layout({ version: 2, variant: 0, digest: 32, key: 776, signature: 384 }),
  p256: layout({ version: 3, variant: 0, digest: 32, key: 65, signature: 64 }),
  p384: layout({ version: 3, variant: 1, digest: 48, key: 97, signature: 96 }),
} as const
export type EspScheme = keyof typeof espSchemes

/** The number of a curve, which is the first octet of its key. */
export const espCurves = { p192: 1, p256: 2, p384: 3 } as const

function layout(octets: {
  readonly version: number
  readonly variant: number
  readonly digest: number
  readonly key: number
  readonly signature: number
}) {
  return { ...octets, keyAt: digestAt + octets.digest }
}

/**
 * One block: 1216 octets, its CRC computed.
 *
 * @see esptool espsecure/__init__.py, generate_rsa_signature_block, generate_ecdsa_signature_block
 */
export function encodeEspBlock({ scheme, digest, key, signature }: EspBlock): Uint8Array {
  const { version, variant, keyAt, ...octets } = espSchemes[scheme]
  for (const [part, wanted] of [
    [digest, octets.digest],
    [key, octets.key],
    [signature, octets.signature],
  ] as const)
    if (part.length !== wanted)
      throw new FormatError('value-not-allowed', 0, `${part.length} octets, ${wanted} wanted`)
  const block = new Uint8Array(espBlockOctets)
  block.set([magic, version, variant])
  block.set(digest, digestAt)
  block.set(key, keyAt)
  block.set(signature, keyAt + octets.key)
  new DataView(block.buffer).setUint32(checksumAt, crc32(block.subarray(0, checksumAt)), true)
  return block
}

/** The sector: blocks, and erased flash. */
export function encodeEspSector(blocks: readonly EspBlock[]): Uint8Array {
  if (blocks.length > mostEspBlocks)
    throw new FormatError('too-many', 0, `${blocks.length} signature blocks`)
  const used = concatBytes(blocks.map(encodeEspBlock))
  return concatBytes([used, new Uint8Array(espSectorOctets - used.length).fill(0xff)])
}

/**
 * The blocks of a sector, strictly: one after the other, each whole, erased flash behind them.
 *
 * @throws FormatError; an offset counts from the beginning of the sector
 */
export function parseEspSector(sector: Uint8Array): readonly EspBlock[] {
  if (sector.length !== espSectorOctets)
    throw new FormatError('truncated', sector.length, 'a signature sector')
  const blocks: EspBlock[] = []
  let at = 0
  while (blocks.length < mostEspBlocks && sector[at] === magic) {
    blocks.push(parseEspBlock(sector, at))
    at += espBlockOctets
  }
  const stray = sector.subarray(at).findIndex((octet) => octet !== 0xff)
  if (stray >= 0)
    throw new FormatError('value-not-allowed', at + stray, 'neither a block nor erased flash')
  return blocks
}

function parseEspBlock(sector: Uint8Array, at: number): EspBlock {
  const block = sector.slice(at, at + espBlockOctets)
  if (u32le(block, checksumAt) !== crc32(block.subarray(0, checksumAt)))
    throw new FormatError('value-not-allowed', at + checksumAt, 'CRC of a signature block')
  const [version, variant] = [block[1]!, block[2]!]
  const scheme = schemeOf(version, variant, block[digestAt + 32]!)
  if (scheme === undefined)
    throw new FormatError('version-unknown', at + 1, `signature scheme ${version}, ${variant}`)
  const { keyAt, key, signature } = espSchemes[scheme]
  const end = keyAt + key + signature
  const isOdd =
    block[3] !== 0 ||
    block.subarray(end, checksumAt).some((octet) => octet !== 0) ||
    block.subarray(checksumAt + 4).some((octet) => octet !== 0)
  if (isOdd) throw new FormatError('value-not-allowed', at + 3, 'padding of a signature block')
  return {
    scheme,
    digest: block.subarray(digestAt, keyAt),
    key: block.subarray(keyAt, keyAt + key),
    signature: block.subarray(keyAt + key, end),
  }
}

function schemeOf(version: number, variant: number, curve: number): EspScheme | undefined {
  if (version === 2 && variant === 0) return 'rsa3072'
  if (version !== 3) return undefined
  if (variant === 1) return 'p384'
  return variant === 0 && curve === espCurves.p256 ? 'p256' : undefined
}
