// SPDX-License-Identifier: Apache-2.0
/** HSS keys and signatures, octet by octet. Big-endian. @see RFC 8554 section 3.3 and appendix A */
import { FormatError } from '#format/format-error.ts'
import {
  type LmsParameters,
  lmsParameters,
  mostLevels,
  type OtsParameters,
  otsParameters,
} from './parameters.ts'

export interface LmsPublicKey {
  /** As it is encoded, which is what the level above signs: a view, as all octets in here. */
  readonly bytes: Uint8Array
  readonly lms: LmsParameters
  readonly otsType: number
  readonly ots: OtsParameters
  /** I. */
  readonly identifier: Uint8Array
  /** T[1]. */
  readonly root: Uint8Array
}

export interface HssPublicKey {
  readonly bytes: Uint8Array
  readonly levels: number
  readonly top: LmsPublicKey
}

export interface LmsSignature {
  /** q: which of the one-time keys. */
  readonly leaf: number
  readonly otsType: number
  readonly ots: OtsParameters
  /** C. */
  readonly randomizer: Uint8Array
  /** y, one after the other. */
  readonly chains: Uint8Array
  readonly lms: LmsParameters
  /** The siblings from the leaf to the root, one after the other. */
  readonly path: Uint8Array
}

export interface HssSignature {
  /** From the top: each signs the next key; the last signs the message. */
  readonly signed: readonly { readonly signature: LmsSignature; readonly key: LmsPublicKey }[]
  readonly last: LmsSignature
}

/** @throws FormatError */
export function parseHssPublicKey(bytes: Uint8Array): HssPublicKey {
  const cursor = new Cursor(bytes)
  const levels = cursor.between(1, mostLevels, 'levels')
  const top = readPublicKey(cursor)
  cursor.end()
  return { bytes, levels, top }
}

/** @throws FormatError */
export function parseHssSignature(bytes: Uint8Array): HssSignature {
  const cursor = new Cursor(bytes)
  const count = cursor.between(0, mostLevels - 1, 'signed keys')
  const signed: { signature: LmsSignature; key: LmsPublicKey }[] = []
  for (let index = 0; index < count; index++) {
    const signature = readSignature(cursor)
    signed.push({ signature, key: readPublicKey(cursor) })
  }
  const last = readSignature(cursor)
  cursor.end()
  return { signed, last }
}

function readPublicKey(cursor: Cursor): LmsPublicKey {
  const start = cursor.offset
  const lms = cursor.rowOf(lmsParameters, 'LMS')
  const otsType = cursor.integer()
  const ots = rowOf(otsParameters, otsType, 'LM-OTS', cursor.offset - 4)
  checkFit(lms, ots, start)
  const identifier = cursor.take(16)
  const root = cursor.take(lms.octets)
  return { bytes: cursor.since(start), lms, otsType, ots, identifier, root }
}

function readSignature(cursor: Cursor): LmsSignature {
  const start = cursor.offset
  const leaf = cursor.integer()
  const otsType = cursor.integer()
  const ots = rowOf(otsParameters, otsType, 'LM-OTS', cursor.offset - 4)
  const randomizer = cursor.take(ots.octets)
  const chains = cursor.take(ots.chains * ots.octets)
  const lms = cursor.rowOf(lmsParameters, 'LMS')
  checkFit(lms, ots, start)
  // Algorithm 6a step 2i.
  if (leaf >= 2 ** lms.height)
    throw new FormatError('value-not-allowed', start, `leaf ${leaf} of ${lms.name}`)
  return { leaf, otsType, ots, randomizer, chains, lms, path: cursor.take(lms.height * lms.octets) }
}

/** SP 800-208 section 4: one hash, of one length, throughout. */
function checkFit(lms: LmsParameters, ots: OtsParameters, offset: number): void {
  if (lms.hash !== ots.hash || lms.octets !== ots.octets)
    throw new FormatError('value-not-allowed', offset, `${lms.name} with ${ots.name}`)
}

function rowOf<Row>(
  rows: ReadonlyMap<number, Row>,
  type: number,
  what: string,
  offset: number,
): Row {
  const row = rows.get(type)
  if (row === undefined) throw new FormatError('version-unknown', offset, `${what} type ${type}`)
  return row
}

class Cursor {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #next = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get offset(): number {
    return this.#next
  }

  take(octets: number): Uint8Array {
    if (octets > this.#bytes.length - this.#next)
      throw new FormatError('truncated', this.#next, `${octets} octets`)
    this.#next += octets
    return this.#bytes.subarray(this.#next - octets, this.#next)
  }

  integer(): number {
    const at = this.#next
    this.take(4)
    return this.#view.getUint32(at)
  }

  between(least: number, most: number, what: string): number {
    const at = this.#next
    const value = this.integer()
    if (value < least || value > most)
      throw new FormatError('value-not-allowed', at, `${value} ${what}, ${least} to ${most}`)
    return value
  }

  rowOf<Row>(rows: ReadonlyMap<number, Row>, what: string): Row {
    const at = this.#next
    return rowOf(rows, this.integer(), what, at)
  }

  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#next)
  }

  end(): void {
    if (this.#next !== this.#bytes.length)
      throw new FormatError(
        'trailing-bytes',
        this.#next,
        `${this.#bytes.length - this.#next} bytes`,
      )
  }
}
