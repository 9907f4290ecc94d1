// SPDX-License-Identifier: Apache-2.0
/** The parameter sets of LM-OTS and LMS. @see RFC 8554 sections 4.1 and 5.1, RFC 9858 section 3, SP 800-208 section 4 */

export type LmsHash = 'sha256' | 'shake256'

export interface OtsParameters {
  readonly name: string
  readonly hash: LmsHash
  /** n: octets of a hash. */
  readonly octets: number
  /** w: bits that one chain signs. */
  readonly width: 1 | 2 | 4 | 8
  /** p: chains. */
  readonly chains: number
  /** ls: how far the checksum is shifted left, so that its bits come first. */
  readonly checksumShift: number
}

export interface LmsParameters {
  readonly name: string
  readonly hash: LmsHash
  /** m: octets of a node, which are those of a hash. */
  readonly octets: number
  /** h: 2^h signatures. */
  readonly height: number
}

const families = [
  { words: 'SHA256_N32', hash: 'sha256', octets: 32 },
  { words: 'SHA256_N24', hash: 'sha256', octets: 24 },
  { words: 'SHAKE_N32', hash: 'shake256', octets: 32 },
  { words: 'SHAKE_N24', hash: 'shake256', octets: 24 },
] as const
const widths = [1, 2, 4, 8] as const
/** p and ls by octets of the hash, in the order of the widths. */
const chainsOf: Readonly<Record<24 | 32, readonly (readonly [number, number])[]>> = {
  32: [...([[265, 7]] as const), [133, 6], [67, 4], [34, 0]],
  24: [...([[200, 8]] as const), [101, 6], [51, 4], [26, 0]],
}
const heights = [5, 10, 15, 20, 25] as const

/** LM-OTS by type: 1 to 16. */
export const otsParameters: ReadonlyMap<number, OtsParameters> = new Map(
  families.flatMap(({ words, hash, octets }, family) =>
    widths.map((width, index) => {
      const [chains = 0, checksumShift = 0] = chainsOf[octets][index] ?? []
      const name = `LMOTS_${words}_W${width}`
      const type = 1 + family * widths.length + index
      return [type, { name, hash, octets, width, chains, checksumShift }] as const
    }),
  ),
)

/** LMS by type: 5 to 24. */
export const lmsParameters: ReadonlyMap<number, LmsParameters> = new Map(
  families.flatMap(({ words, hash, octets }, family) =>
    heights.map((height, index) => {
      const name = `LMS_${words.replace('_N', '_M')}_H${height}`
      return [5 + family * heights.length + index, { name, hash, octets, height }] as const
    }),
  ),
)

/** RFC 8554 section 6: L. */
export const mostLevels = 8
