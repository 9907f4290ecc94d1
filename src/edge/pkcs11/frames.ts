// SPDX-License-Identifier: Apache-2.0
/**
 * What goes over the pipe between the server and the process that has the module: four octets of length, four
 * of the question's number, one of kind, and the content. Small and binary, for it is paid at every signature.
 */

export const frameKinds = {
  findToken: 1,
  logIn: 2,
  make: 3,
  findKey: 4,
  sign: 5,
  check: 6,
  destroy: 7,
  describe: 8,
  answer: 128,
  failure: 129,
} as const
export type FrameKind = (typeof frameKinds)[keyof typeof frameKinds]

export interface Frame {
  readonly question: number
  readonly kind: FrameKind
  /** A view. */
  readonly content: Uint8Array
}

const headOctets = 9
/** A revocation list of a million entries, for the algorithms that take the whole message, has 40 MB. */
export const mostContentOctets = 67_108_864

const known: ReadonlySet<number> = new Set(Object.values(frameKinds))

/** One frame; the content is copied. */
export function encodeFrame({ question, kind, content }: Frame): Uint8Array {
  const frame = new Uint8Array(headOctets + content.length)
  const view = new DataView(frame.buffer)
  view.setUint32(0, headOctets - 4 + content.length)
  view.setUint32(4, question)
  frame[8] = kind
  frame.set(content, headOctets)
  return frame
}

/** Cuts what comes over the pipe into frames. The other side is ours, yet a module may have written into its memory. */
export class FrameReader {
  #pieces: Uint8Array[] = []
  #length = 0
  /** So many octets are needed before anything can be read. */
  #needed = 4

  /**
   * The frames that are whole with this piece.
   *
   * @throws RangeError if the other side speaks no frames: nothing after it can be understood
   */
  read(piece: Uint8Array): readonly Frame[] {
    this.#pieces.push(piece)
    this.#length += piece.length
    // A great frame comes in many pieces, which are joined once.
    if (this.#length < this.#needed) return []
    const frames: Frame[] = []
    const bytes = joined(this.#pieces, this.#length)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    let start = 0
    this.#needed = 4
    while (bytes.length - start >= 4) {
      const length = view.getUint32(start)
      if (length < headOctets - 4 || length > headOctets - 4 + mostContentOctets)
        throw new RangeError(`a frame of ${length} octets`)
      const end = start + 4 + length
      if (end > bytes.length) {
        this.#needed = 4 + length
        break
      }
      const kind = bytes[start + 8] ?? 0
      if (!isKind(kind)) throw new RangeError(`a frame of kind ${kind}`)
      const content = bytes.subarray(start + headOctets, end)
      frames.push({ question: view.getUint32(start + 4), kind, content })
      start = end
    }
    const rest = bytes.slice(start)
    this.#pieces = rest.length === 0 ? [] : [rest]
    this.#length = rest.length
    return frames
  }
}

function isKind(kind: number): kind is FrameKind {
  return known.has(kind)
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = pieces
  if (only !== undefined && pieces.length === 1) return only
  const whole = new Uint8Array(length)
  let start = 0
  for (const piece of pieces) {
    whole.set(piece, start)
    start += piece.length
  }
  return whole
}
