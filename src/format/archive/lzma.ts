// SPDX-License-Identifier: Apache-2.0
/** LZMA alone: the form before xz, in which many kernels and old squashfs are packed. */
import { FormatError } from '../format-error.ts'
import type { ArchiveForm, Packed } from './archive.ts'
import { u32le } from './fields.ts'
import { archiveLimits } from './limits.ts'
import { LzmaDecoder, lzmaProperties, lzmaStep } from './lzma-decoder.ts'
import { singleStream } from './single-stream.ts'

export const lzmaHeaderOctets = 13
const inputOctets = 65_536
/** The size, where it is not said: a mark tells the end. */
const unsaid = 0xffff_ffff

/**
 * The form has no mark of its own, so only what packers make is recognised: lc 3, lp 0, pb 2 of `lzma` and `xz`, or
 * lc 1, lp 2, pb 2 of OpenWrt; a dictionary of 2^n or of that and a half; a size under 256 GiB, or none; and the zero
 * that every range coder begins with.
 */
function recognise(head: Uint8Array): boolean {
  if (head.length < lzmaHeaderOctets + 1 || (head[0] !== 0x5d && head[0] !== 0x6d)) return false
  const dictionary = u32le(head, 1)
  const upperBits = 32 - Math.clz32(dictionary) - 2
  const rounded = upperBits >= 0 && dictionary % 2 ** upperBits === 0
  const [low, high] = [u32le(head, 5), u32le(head, 9)]
  const sized = (high === unsaid && low === unsaid) || (high < 64 && high + low > 0)
  return dictionary >= 4_096 && rounded && sized && head[13] === 0
}

export const lzma: ArchiveForm = singleStream({ name: 'lzma', compression: 'lzma', recognise })

/**
 * Pieces of what is unpacked, each a view until the next is asked for.
 *
 * @see the LZMA specification of the LZMA SDK, "File format"
 */
export async function* lzmaPieces(packed: Packed): AsyncGenerator<Uint8Array> {
  const { source } = packed
  const header = (await source.read(0, lzmaHeaderOctets)).slice()
  if (header.length < lzmaHeaderOctets) throw new FormatError('truncated', 0, 'LZMA')
  const properties = lzmaProperties(header[0]!)
  if (properties === undefined) throw new FormatError('value-not-allowed', 0, 'LZMA')
  const high = u32le(header, 9)
  const size = high === unsaid ? Number.POSITIVE_INFINITY : u32le(header, 5) + high * 0x1_0000_0000
  const dictionary = Math.min(u32le(header, 1), size)
  if (dictionary > archiveLimits.dictionaryOctets)
    throw new FormatError('too-large', 1, `a dictionary of ${dictionary} octets`)
  const decoder = new LzmaDecoder(dictionary)
  decoder.forgetState(properties)

  let from = lzmaHeaderOctets
  for (let [left, begun, marked] = [size, false, false]; left > 0 && !marked; ) {
    const bytes = await source.read(from, inputOctets)
    const more = bytes.length === inputOctets
    let at = 0
    if (!begun) {
      if (bytes.length < 5) throw new FormatError('truncated', from, 'LZMA')
      if (!decoder.begin(bytes, 0)) throw new FormatError('value-not-allowed', from, 'LZMA')
      begun = true
      at = 5
    }
    for (;;) {
      const step = decoder.run(bytes, at, more, Math.min(left, lzmaStep))
      at = step.at
      left -= step.given
      marked = step.marked
      if (step.given > 0) yield decoder.take()
      if (marked || left === 0 || step.given < lzmaStep) break
    }
    if (!more && !marked && left > 0 && left !== Number.POSITIVE_INFINITY)
      throw new FormatError('truncated', from, 'LZMA')
    from += at
  }
  packed.ended?.(from)
}
