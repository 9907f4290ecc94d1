// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { type DerWriter, encodeDer } from '#format/der/writer.ts'
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from './algorithm-identifier.ts'
import { readExplicitExtensions, readSameAlgorithm } from './certificate.ts'
import { readCrlVersion, type TbsCrl } from './crl.ts'
import { type Extension, writeExtensions } from './extension.ts'
import { type Name, readName } from './name.ts'

/** A CRL without a look at its entries: a million of them cost nothing here. Views of the bytes that were read. */
export interface CrlOutline {
  readonly signatureAlgorithm: AlgorithmIdentifier
  readonly issuer: Name
  readonly thisUpdate: Temporal.Instant
  readonly nextUpdate: Temporal.Instant
  /** The entries one after the other, as `readPlainEntry` takes them; they are not checked. */
  readonly entries: Uint8Array
  readonly extensions: readonly Extension[]
}

/** The outline of a TBSCertList. @throws FormatError if what stands around the entries is not DER of RFC 5280 section 5.1 */
export function outlineTbsCrl(toBeSigned: Uint8Array): CrlOutline {
  return readDer(toBeSigned, limits.crl, (reader) => readOutline(reader.sequence()))
}

/** The same of a signed list; the signature is not checked. @throws as `outlineTbsCrl` */
export function outlineCrl(der: Uint8Array): CrlOutline {
  return readDer(der, limits.crl, (reader) => {
    const outer = reader.sequence()
    const outline = readOutline(outer.sequence())
    readSameAlgorithm(outer, outline.signatureAlgorithm)
    outer.bitStringOctets()
    outer.end()
    return outline
  })
}

function readOutline(tbs: DerReader): CrlOutline {
  readCrlVersion(tbs)
  const signatureAlgorithm = readAlgorithmIdentifier(tbs)
  const issuer = readName(tbs)
  const [thisUpdate, nextUpdate] = [tbs.time(), tbs.time()]
  const entries = tbs.peek() === tag.sequence ? tbs.nonEmpty(tag.sequence).rest() : new Uint8Array()
  const extensions = tbs.hasMore ? readExplicitExtensions(tbs, 0, 'refuse') : []
  tbs.end()
  return { signatureAlgorithm, issuer, thisUpdate, nextUpdate, entries, extensions }
}

/** A list to be signed, in one piece of memory that has room for what signing adds. */
export interface SealableCrl {
  readonly toBeSigned: Uint8Array
  /** The signed list, in the same memory. To be called once. */
  seal(signature: Uint8Array): Uint8Array
}

/** Tag and length of what is below 4 GB. */
const mostHeaderBytes = 6

/** A signature of SLH-DSA has up to 49,856 bytes. */
const mostTrailerBytes = 65_536

/**
 * Puts a list together around entries that are encoded already, without a second copy of them: a list of a
 * million is 37 MB.
 *
 * @param entries pieces of the list, as `encodeRevoked` gives them
 * @throws FormatError as `encodeTbsCrl`
 */
export function assembleCrl(
  frame: Omit<TbsCrl, 'revoked'>,
  entries: readonly Uint8Array[],
): SealableCrl {
  const { signatureAlgorithm, issuer, thisUpdate, nextUpdate, extensions } = frame
  const length = entries.reduce((sum, piece) => sum + piece.length, 0)
  const before = encodeDer((writer) => {
    writer.integer(1)
    writer.raw(signatureAlgorithm.der)
    writer.raw(issuer.der)
    writer.time(thisUpdate)
    writer.time(nextUpdate)
    // RFC 5280 section 5.1.2.6: absent if nothing is revoked, never empty.
    if (length > 0) writer.raw(header(tag.sequence, length))
  })
  const after = encodeDer((writer: DerWriter) => {
    if (extensions.length > 0) writer.context(0, () => writeExtensions(writer, extensions))
  })
  const head = header(tag.sequence, before.length + length + after.length)
  const whole = new Uint8Array(
    mostHeaderBytes + head.length + before.length + length + after.length + mostTrailerBytes,
  )
  let at = mostHeaderBytes
  for (const piece of [head, before, ...entries, after]) {
    whole.set(piece, at)
    at += piece.length
  }
  const end = at
  return {
    toBeSigned: whole.subarray(mostHeaderBytes, end),
    seal(signature) {
      const trailer = encodeDer((writer) => {
        writer.raw(signatureAlgorithm.der)
        writer.bitStringOctets(signature)
      })
      whole.set(trailer, end)
      const outer = header(tag.sequence, end - mostHeaderBytes + trailer.length)
      whole.set(outer, mostHeaderBytes - outer.length)
      const sealed = whole.subarray(mostHeaderBytes - outer.length, end + trailer.length)
      // A short list shall not hold the room that it did not need.
      return sealed.length < mostTrailerBytes * 4 ? sealed.slice() : sealed
    },
  }
}

function header(octet: number, length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(octet, length)
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return Uint8Array.of(octet, 0x80 | octets.length, ...octets)
}
