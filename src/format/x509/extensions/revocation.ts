// SPDX-License-Identifier: Apache-2.0
import { oid } from '#format/der/oid.ts'
import { tag } from '#format/der/tag.ts'
import { FormatError } from '#format/format-error.ts'
import { type GeneralName, readGeneralNames, writeGeneralNames } from '#format/x509/general-name.ts'
import type { ExtensionCodec } from './codec.ts'

/** An extension that says all by standing there. */
function mark(text: string): ExtensionCodec<null> {
  return {
    oid: oid(text),
    critical: false,
    read(reader) {
      reader.null()
      return null
    },
    write: (writer) => writer.null(),
  }
}

/** RFC 9608: there is and will be no revocation information. */
export const noRevAvail = mark('2.5.29.56')

/** RFC 6960 4.2.2.2.1: do not ask whether this responder's certificate is revoked. */
export const ocspNoCheck = mark('1.3.6.1.5.5.7.48.1.5')

/** RFC 5280 5.2.3: up to 20 octets. */
function crlNumber(number: number, critical: boolean): ExtensionCodec<bigint> {
  return {
    oid: oid(`2.5.29.${number}`),
    critical,
    read: (reader) => reader.bigInteger(20),
    write: (writer, value) => writer.integer(value),
  }
}

/** RFC 5280 5.2.3. */
export const cRLNumber = crlNumber(20, false)

/** RFC 5280 5.2.4: the number of the base CRL. */
export const deltaCRLIndicator = crlNumber(27, true)

/** RFC 5280 5.3.1: 0 to 10, without 7. */
export const cRLReason: ExtensionCodec<number> = {
  oid: oid('2.5.29.21'),
  critical: false,
  read(reader) {
    const start = reader.offset
    const reason = reader.smallInteger(10, tag.enumerated)
    if (reason === 7) throw new FormatError('value-not-allowed', start, 'reason 7')
    return reason
  },
  write: (writer, value) => writer.integer(value, tag.enumerated),
}

/** RFC 5280 5.3.2: since when the key is known or thought to be lost. */
export const invalidityDate: ExtensionCodec<Temporal.Instant> = {
  oid: oid('2.5.29.24'),
  critical: false,
  read: (reader) => reader.generalizedTime(),
  write: (writer, value) => writer.generalizedTime(value),
}

/** RFC 5280 5.3.3: whose certificate an entry of an indirect CRL means. */
export const certificateIssuer: ExtensionCodec<readonly GeneralName[]> = {
  oid: oid('2.5.29.29'),
  critical: true,
  read: (reader) => readGeneralNames(reader),
  write: writeGeneralNames,
}
