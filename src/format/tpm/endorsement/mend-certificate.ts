// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { DerReader } from '#format/der/reader.ts'
import { contextConstructed, tag } from '#format/der/tag.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { type Certificate, checkSerialNumber, parseCertificate } from '#format/x509/certificate.ts'
import { mendPublicKey, mendSignatureAlgorithm } from './mend-algorithm.ts'
import { mendExtensions } from './mend-extensions.ts'
import { mendName } from './mend-name.ts'
import { mendTime } from './mend-time.ts'
import type { Note, Oddity } from './oddities.ts'

export interface MendedCertificate {
  /**
   * What the certificate says, with its oddities set right. `der`, `tbs` and `signature` are views of the bytes as
   * they came (without padding), so that the signature is checked over what was signed; `serialNumber` is as it
   * came, too. Names and key are of the mended form.
   */
  readonly certificate: Certificate
  /** Sorted; empty if the strict parser takes the bytes as they are. */
  readonly oddities: readonly Oddity[]
}

/** More than any serial number that was ever seen; a bound, not a rule. */
const maxSerialOctets = 64

/**
 * Parses a certificate with the leniency that the world's TPMs demand: what is known to be odd is rewritten, listed,
 * and then parsed as strictly as any other.
 *
 * Never for what this house signs, or for any certificate but those of TPMs and their makers.
 *
 * @throws FormatError for everything that is not in the table of oddities
 */
export function parseOddCertificate(bytes: Uint8Array): MendedCertificate {
  const found = new Set<Oddity>()
  const note: Note = (oddity) => found.add(oddity)
  const outer = DerReader.over(bytes, limits.certificate)
  const whole = outer.sequence()
  const der = outer.since(0)
  if (outer.hasMore) checkPadding(outer, note)
  const start = whole.offset
  const tbs = whole.sequence()
  const toBeSigned = whole.since(start)
  const { mendedTbs, serialNumber } = mendToBeSigned(tbs, note)
  const mended = encodeDer((writer) =>
    writer.sequence(() => {
      writer.raw(mendedTbs)
      writer.raw(mendSignatureAlgorithm(whole, note))
      writer.raw(copyOne(whole))
    }),
  )
  whole.end()
  const oddities = [...found].sort()
  const certificate = parseMended(mended, oddities)
  return { certificate: { ...certificate, der, tbs: toBeSigned, serialNumber }, oddities }
}

function parseMended(mended: Uint8Array, oddities: readonly Oddity[]): Certificate {
  try {
    return parseCertificate(mended)
  } catch (error) {
    // An offset counts in what was handed in, which was other bytes.
    if (!(error instanceof FormatError) || oddities.length === 0) throw error
    const where = `at offset ${error.offset} with ${oddities.join(', ')} set right`
    throw new FormatError(error.code, 0, where)
  }
}

/** A memory of a TPM is as long as its maker said, and is filled up. */
function checkPadding(outer: DerReader, note: Note): void {
  const rest = outer.rest()
  const [first] = rest
  const filled = (first === 0x00 || first === 0xff) && rest.every((octet) => octet === first)
  if (!filled) throw new FormatError('trailing-bytes', outer.offset, `${rest.length} bytes`)
  note('trailing-padding')
}

function mendToBeSigned(tbs: DerReader, note: Note) {
  const version = copyOne(tbs)
  const { serialNumber, mendedSerial } = mendSerialNumber(tbs, note)
  const parts = [
    version,
    mendedSerial,
    mendSignatureAlgorithm(tbs, note),
    mendName(tbs, note),
    mendValidity(tbs, note),
    mendName(tbs, note),
    mendPublicKey(tbs, note),
  ]
  while (tbs.hasMore)
    parts.push(tbs.peek() === contextConstructed(3) ? mendExtensions(tbs, note) : copyOne(tbs))
  const mendedTbs = encodeDer((writer) =>
    writer.sequence(() => {
      for (const part of parts) writer.raw(part)
    }),
  )
  return { mendedTbs, serialNumber }
}

function mendSerialNumber(tbs: DerReader, note: Note) {
  const start = tbs.offset
  const serialNumber = tbs.octets(tag.integer)
  if (serialNumber.length === 0 || serialNumber.length > maxSerialOctets)
    throw new FormatError('serial-number-wrong', start, `${serialNumber.length} octets`)
  if (isSound(tbs.since(start), serialNumber))
    return { serialNumber, mendedSerial: tbs.since(start) }
  note('serial-number')
  // It stands in for the odd one while the strict parser reads; nobody sees it.
  return { serialNumber, mendedSerial: Uint8Array.of(tag.integer, 1, 1) }
}

function isSound(encoded: Uint8Array, content: Uint8Array): boolean {
  try {
    DerReader.over(encoded, limits.small).integerBytes()
    checkSerialNumber(content, 0)
    return true
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return false
  }
}

function mendValidity(tbs: DerReader, note: Note): Uint8Array {
  const validity = tbs.sequence()
  const notBefore = mendTime(validity, note)
  const notAfter = mendTime(validity, note)
  validity.end()
  return encodeDer((writer) =>
    writer.sequence(() => {
      writer.raw(notBefore)
      writer.raw(notAfter)
    }),
  )
}

/** One value as it stands; the strict parser judges it. */
function copyOne(reader: DerReader): Uint8Array {
  const start = reader.offset
  reader.octets(reader.peek())
  return reader.since(start)
}
