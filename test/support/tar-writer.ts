// SPDX-License-Identifier: Apache-2.0
/** A writer of tar that may lie: what real tools would not make. */

export interface TarEntry {
  readonly name?: string
  readonly type?: string
  readonly target?: string
  readonly content?: Uint8Array | string
  /** As it stands in the header; else that of the content. */
  readonly size?: number | Uint8Array
  /** Last changes of the block, before its sum is taken. */
  readonly change?: (block: Uint8Array) => void
}

const encoder = new TextEncoder()
export const tarEnd = new Uint8Array(1_024)

/** A header and its content, padded. */
export function tarEntry(entry: TarEntry): Uint8Array {
  const { name = 'file', type = '0', target = '', content = '', change } = entry
  const bytes = typeof content === 'string' ? encoder.encode(content) : content
  const { size = bytes.length } = entry
  const block = new Uint8Array(512 + Math.ceil(bytes.length / 512) * 512)
  const put = (text: string, at: number) => block.set(encoder.encode(text), at)
  put(name, 0)
  put('0000644\0', 100)
  if (typeof size === 'number') put(`${size.toString(8).padStart(11, '0')}\0`, 124)
  else block.set(size, 124)
  put(type, 156)
  put(target, 157)
  put('ustar\u000000', 257)
  change?.(block)
  put('        ', 148)
  const sum = block.subarray(0, 512).reduce((all, octet) => all + octet, 0)
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  block.set(bytes, 512)
  return block
}

/** A record of pax, which counts itself. */
export function paxRecord(keyword: string, value: string): string {
  const rest = ` ${keyword}=${value}\n`
  const octets = encoder.encode(rest).length
  let length = octets + 1
  while (String(length).length + octets !== length) length++
  return `${length}${rest}`
}
