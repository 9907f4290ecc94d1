// SPDX-License-Identifier: Apache-2.0
import type { Member } from './archive.ts'
import { type ByteSource, lookBack } from './byte-source.ts'

/**
 * Where the next octet that is not zero lies at or after `from`; undefined: there is none. Pieces are as small as
 * lookBack, so that a stream can be read again from there.
 */
export async function afterZeros(source: ByteSource, from: number): Promise<number | undefined> {
  for (let at = from; ; ) {
    if (source.dataFrom !== undefined) at = Math.max(at, source.dataFrom(at))
    const bytes = await source.read(at, lookBack)
    if (bytes.length === 0) return undefined
    const found = bytes.findIndex((octet) => octet !== 0)
    if (found >= 0) return at + found
    at += bytes.length
  }
}

/** All that lies behind `start`. */
export function tail(source: ByteSource, start: number): ByteSource {
  const rest: ByteSource = {
    size: source.size === undefined ? undefined : Math.max(0, source.size - start),
    read: (at, length) => source.read(start + at, length),
  }
  const dataFrom = source.dataFrom?.bind(source)
  if (dataFrom === undefined) return rest
  return { ...rest, dataFrom: (at) => dataFrom(start + at) - start }
}

/** What follows a container's end: no member of it, but octets that an image carries and somebody may read. */
export function trailing(source: ByteSource, start: number): Member {
  return {
    ...{ kind: 'member', name: `after-${start}`, type: 'file', offset: start },
    content: tail(source, start),
    about: 'octets behind the end of the archive',
    behind: true,
  }
}
