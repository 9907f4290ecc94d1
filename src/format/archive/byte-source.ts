// SPDX-License-Identifier: Apache-2.0

/** Octets that lie somewhere else, read piece by piece: a file, a span of one, or what a decompressor gives. */
export interface ByteSource {
  /** Undefined: not known before its end is reached, as of a compressed stream. */
  readonly size: number | undefined
  /**
   * At most `length` octets from `at` on; fewer only where the source ends. The array is the caller's until its
   * next call.
   *
   * A `forward` reader asks for offsets that never fall by more than `lookBack`.
   *
   * @throws FormatError where octets that should be there cannot be given, such as those of a damaged block
   */
  read(at: number, length: number): Promise<Uint8Array>
  /**
   * The same into an array of the caller's, so that whoever goes through gigabytes needs one array and no more; gives
   * how many there are. Absent: a source that has the octets in memory anyhow.
   *
   * @throws FormatError as `read`
   */
  fill?(at: number, into: Uint8Array): Promise<number>
  /**
   * The first offset at or after `at` that was ever written: what lies before it reads as zeros and is a hole, and
   * need not be read (a petabyte of it fits into a hundred octets). The size, where nothing but a hole follows.
   * Absent: a source that has no holes.
   */
  dataFrom?(at: number): number
}

/** How far a source that can only go forward lets its reader look back. */
export const lookBack = 65_536

/** A part of a source; what lies beyond the end of that source is missing from it as from any truncated one. */
export function span(source: ByteSource, start: number, size: number): ByteSource {
  const fill = source.fill?.bind(source)
  const part: ByteSource = {
    size,
    read: (at, length) => source.read(start + at, Math.max(0, Math.min(length, size - at))),
    ...(fill !== undefined && {
      fill: (at: number, into: Uint8Array) =>
        fill(start + at, into.subarray(0, Math.max(0, Math.min(into.length, size - at)))),
    }),
  }
  const dataFrom = source.dataFrom?.bind(source)
  if (dataFrom === undefined) return part
  return { ...part, dataFrom: (at) => Math.min(size, dataFrom(start + at) - start) }
}

/** Octets in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: async (at, length) => bytes.subarray(at, at + length) }
}

/** The same source for several readers at once: they wait for each other, and what one is given stays its own. */
export function inTurns(source: ByteSource): ByteSource {
  let before: Promise<unknown> = Promise.resolve()
  const turned: ByteSource = {
    size: source.size,
    read(at, length) {
      const octets = before.then(() => ownOctets(source, at, length))
      before = octets.catch(() => undefined)
      return octets
    },
  }
  const dataFrom = source.dataFrom?.bind(source)
  return dataFrom === undefined ? turned : { ...turned, dataFrom }
}

/** Octets that are the caller's for good. */
async function ownOctets(source: ByteSource, at: number, length: number): Promise<Uint8Array> {
  const { size, fill } = source
  if (fill === undefined || size === undefined) return (await source.read(at, length)).slice()
  // Written where they stay, once.
  const octets = new Uint8Array(Math.max(0, Math.min(length, size - at)))
  const filled = await fill.call(source, at, octets)
  return filled === octets.length ? octets : octets.slice(0, filled)
}

/**
 * The octets of a source from one place on to another, or to its end, step by step. Each chunk is the caller's until it
 * asks for the next: where the source can, all of them are one array.
 */
export async function* stepsOf(
  source: ByteSource,
  from: number,
  end: number,
  stepOctets: number,
): AsyncGenerator<Uint8Array> {
  const fill = source.fill?.bind(source)
  const held = fill && new Uint8Array(Math.min(stepOctets, Math.max(0, end - from)))
  for (let at = from; at < end; ) {
    const most = Math.min(stepOctets, end - at)
    const chunk =
      fill === undefined || held === undefined
        ? await source.read(at, most)
        : held.subarray(0, await fill(at, held.subarray(0, most)))
    if (chunk.length === 0) return
    yield chunk
    at += chunk.length
  }
}
