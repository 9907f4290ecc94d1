// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import { u16be } from './fields.ts'
import { LzmaDecoder, lzmaProperties, lzmaStep } from './lzma-decoder.ts'
import type { Pull } from './pull.ts'

/**
 * LZMA2: chunks of at most 64 KiB packed and 2 MiB unpacked, each of which says what is forgotten before it.
 *
 * Pieces are views until the next one is asked for.
 *
 * @throws FormatError `value-not-allowed` if it is damaged, `truncated` if it stops early
 * @see the Linux kernel's lib/xz/xz_dec_lzma2.c, for the bits of a chunk's first octet
 */
export async function* lzma2Pieces(
  pull: Pull,
  dictionaryOctets: number,
): AsyncGenerator<Uint8Array> {
  const decoder = new LzmaDecoder(dictionaryOctets)
  let [dictionary, properties] = [false, false]
  for (;;) {
    const at = pull.at
    const control = (await pull.take(1))[0]!
    if (control === 0) return
    const packed = control >= 0x80
    // What is forgotten: the dictionary (0x01 and from 0xe0 on), the properties (from 0xc0 on), the state (from 0xa0 on).
    if (control === 1 || control >= 0xe0) {
      decoder.forgetDictionary()
      dictionary = true
    }
    if (!dictionary || (!packed && control > 2)) throw damaged(at, 'a chunk')
    if (!packed) {
      const length = u16be(await pull.take(2), 0) + 1
      decoder.append(await pull.take(length))
      yield decoder.take()
      continue
    }
    const head = (await pull.take(control >= 0xc0 ? 5 : 4)).slice()
    if (control >= 0xc0) properties = true
    if (!properties) throw damaged(at, 'no properties')
    if (control >= 0xc0) reset(decoder, head[4]!, at)
    else if (control >= 0xa0) decoder.forgetState()
    const unpackedOctets = (control & 0x1f) * 0x1_0000 + u16be(head, 0) + 1
    const bytes = await pull.take(u16be(head, 2) + 1)
    if (!decoder.begin(bytes, 0)) throw damaged(at, 'no range coder')
    let from = 5
    for (let left = unpackedOctets; left > 0; ) {
      const { at: reached, given } = decoder.run(bytes, from, false, Math.min(left, lzmaStep))
      if (given === 0) throw damaged(at, 'a chunk that gives nothing')
      from = reached
      left -= given
      if (left > 0) yield decoder.take()
    }
    if (from !== bytes.length || !decoder.finished)
      throw damaged(at, 'a chunk does not end at its end')
    yield decoder.take()
  }
}

function reset(decoder: LzmaDecoder, octet: number, at: number): void {
  const properties = lzmaProperties(octet)
  if (properties === undefined) throw damaged(at, `properties 0x${octet.toString(16)}`)
  decoder.forgetState(properties)
}

function damaged(at: number, what: string): FormatError {
  return new FormatError('value-not-allowed', at, `LZMA2: ${what}`)
}
