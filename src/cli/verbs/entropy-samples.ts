// SPDX-License-Identifier: Apache-2.0
import { leastLength } from '#trust/entropy/assess/assess.ts'
import { openFile } from '../files.ts'
import { exit, Stop, wrongUse } from '../stop.ts'

/** Samples of a noise source, one in each octet. */
export interface Samples {
  readonly samples: Uint8Array
  readonly symbolBits: number
  /** Whether more of them came than were asked for. */
  readonly isCut: boolean
}

export interface Wanted {
  /** The width of a sample; undefined: the least that holds them all. */
  readonly bits: number | undefined
  /** Consecutive samples that are looked at, at the most. */
  readonly atMost: number
  /** Samples that are passed over before. */
  readonly skip: number
  /** Several samples stand in one octet, the first in its highest bits. */
  readonly packed: boolean
}

/** Reads no more than is looked at, however large the file is. @throws Stop */
export async function readSamples(
  path: string,
  wanted: Wanted,
  input: () => AsyncIterable<Uint8Array>,
): Promise<Samples> {
  const perOctet = wanted.packed ? samplesInOctet(wanted.bits) : 1
  const skipOctets = Math.floor(wanted.skip / perOctet)
  const skip = wanted.skip % perOctet
  const most = Math.ceil((skip + wanted.atMost) / perOctet)
  const chunks = path === '-' ? input() : openFile(path, 'FILE').chunks
  const { octets, isMore } = await readUpTo(chunks, skipOctets, most, path)
  const all = perOctet === 1 ? octets : unpacked(octets, perOctet)
  const samples = all.subarray(skip, skip + wanted.atMost)
  if (samples.length < leastLength)
    throw new Stop(
      exit.refused,
      `${nameOf(path)} has ${samples.length} samples${wanted.skip > 0 ? ` after the first ${wanted.skip}` : ''}; of fewer than ${leastLength} nothing can be said`,
      { hint: 'an assessment takes 1,000,000 consecutive samples' },
    )
  const symbolBits = widthOf(samples, wanted, path)
  return { samples, symbolBits, isCut: isMore || all.length > skip + wanted.atMost }
}

/** @throws Stop */
function samplesInOctet(bits: number | undefined): number {
  if (bits === 1 || bits === 2 || bits === 4 || bits === 8) return 8 / bits
  throw wrongUse(
    '--packed needs --bits 1, 2, 4 or 8',
    'samples of another width do not fill an octet; write one into each octet',
  )
}

/** What is passed over is kept nowhere. */
async function readUpTo(
  chunks: AsyncIterable<Uint8Array>,
  skip: number,
  most: number,
  path: string,
) {
  const octets = new Uint8Array(most)
  let [over, length] = [skip, 0]
  try {
    for await (const whole of chunks) {
      const chunk = whole.subarray(Math.min(over, whole.length))
      over -= whole.length - chunk.length
      const part = chunk.subarray(0, most - length)
      octets.set(part, length)
      length += part.length
      if (part.length < chunk.length) return { octets: octets.subarray(0, length), isMore: true }
    }
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause
    throw wrongUse(`${nameOf(path)} cannot be read: ${cause.message}`, 'look at FILE')
  }
  return { octets: octets.subarray(0, length), isMore: false }
}

/** Each sample of a full octet in an octet of its own. */
function unpacked(octets: Uint8Array, perOctet: number): Uint8Array {
  const bits = 8 / perOctet
  const samples = new Uint8Array(octets.length * perOctet)
  let at = 0
  for (const octet of octets)
    for (let shift = 8 - bits; shift >= 0; shift -= bits)
      samples[at++] = (octet >> shift) & (2 ** bits - 1)
  return samples
}

function widthOf(samples: Uint8Array, { bits, skip }: Wanted, path: string): number {
  let greatest = 0
  for (const sample of samples) greatest = Math.max(greatest, sample)
  const width = Math.max(1, 32 - Math.clz32(greatest))
  if (bits === undefined || width <= bits) return bits ?? width
  const at = samples.findIndex((sample) => sample >= 2 ** bits)
  throw new Stop(
    exit.refused,
    `sample ${skip + at + 1} of ${nameOf(path)} is ${samples[at]}, wider than ${bits} bits`,
    {
      hint: 'one sample stands in each octet, in its lowest bits; give --packed if several do',
    },
  )
}

export function nameOf(path: string): string {
  return path === '-' ? 'standard input' : path
}
