// SPDX-License-Identifier: Apache-2.0
import { reasonWords } from './reason-words.ts'

/** That a certificate was revoked, as another authority noted it. */
export interface RevokedThere {
  readonly at: Temporal.Instant
  /** CRLReason, RFC 5280 section 5.3.1. */
  readonly reason: number
}

/** What a list that knows of revocations says of a certificate, beside its bytes. */
export interface Listed {
  /** Whether it is in force over there. */
  readonly inForce: boolean
  /** Content octets of the INTEGER, for a revoked one whose bytes may not read; undefined: not told. */
  readonly serialNumber: Uint8Array | undefined
}

/** One certificate of another authority's list, in no order. */
export type IssuedRow =
  | {
      readonly kind: 'certificate'
      /** Where it stands in the file, counted from 1, a head included. */
      readonly row: number
      /** DER. */
      readonly certificate: Uint8Array
      readonly revoked: RevokedThere | undefined
      /** What the list says besides; undefined: it says nothing of it. */
      readonly listed: Listed | undefined
    }
  /** A revocation of which only the serial number is known. */
  | {
      readonly kind: 'revocation'
      readonly row: number
      /** Content octets of the INTEGER. */
      readonly serialNumber: Uint8Array
      readonly revoked: RevokedThere
    }
  | { readonly kind: 'wrong'; readonly row: number; readonly fault: string }

/** What is wrong with one row: its reader goes on after it. */
export class RowFault extends Error {
  override readonly name = 'RowFault'
}

/** Base64 of DER with or without line breaks, as databases print it. @throws RowFault */
export function derOf(field: string, column: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(field)
  } catch {
    throw new RowFault(`${column}: not base64`)
  }
}

/** A serial number in hexadecimal, with or without colons. @throws RowFault */
export function serialOfHex(field: string, column: string): Uint8Array {
  const hex = field.trim().replaceAll(':', '')
  if (!/^[0-9a-f]{1,40}$/i.test(hex))
    throw new RowFault(`${column}: "${shown(field)}" is no serial number in hexadecimal`)
  return contentOctets(Uint8Array.fromHex(hex.length % 2 === 0 ? hex : `0${hex}`))
}

/** A serial number in decimal digits. @throws RowFault */
export function serialOfDecimal(field: string, column: string): Uint8Array {
  if (!/^[0-9]{1,49}$/.test(field.trim()))
    throw new RowFault(`${column}: "${shown(field)}" is no serial number in decimal`)
  return serialOfHex(BigInt(field.trim()).toString(16), column)
}

/** Unix milliseconds. @throws RowFault */
export function instantOfMilliseconds(field: string, column: string): Temporal.Instant {
  const milliseconds = /^[0-9]{1,14}$/.test(field.trim()) ? Number(field) : Number.NaN
  if (!Number.isSafeInteger(milliseconds))
    throw new RowFault(`${column}: "${shown(field)}" is no time in Unix milliseconds`)
  return Temporal.Instant.fromEpochMilliseconds(milliseconds)
}

/** RFC 3339. @throws RowFault */
export function instantOfText(field: string, column: string): Temporal.Instant {
  try {
    return Temporal.Instant.from(field.trim()).round({
      smallestUnit: 'millisecond',
      roundingMode: 'floor',
    })
  } catch {
    throw new RowFault(`${column}: "${shown(field)}" is no time such as 2026-01-31T12:00:00Z`)
  }
}

/** The number of a CRLReason, from its number or its word. @throws RowFault */
export function reasonOf(field: string, column: string): number {
  const word = field.trim().toLowerCase()
  if (word === '') return 0
  const number = /^[0-9]{1,2}$/.test(word) ? Number(word) : reasonWords.get(word)
  if (number === undefined || number > 10 || number === 7 || number === 8)
    throw new RowFault(`${column}: "${shown(field)}" is no reason of RFC 5280 section 5.3.1`)
  return number
}

/** A stranger's word as it may stand in an answer. */
export function shown(field: string): string {
  return field.slice(0, 40)
}

/** The content octets of the INTEGER: no more leading zeros than its sign asks for. */
function contentOctets(bytes: Uint8Array): Uint8Array {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const digits = bytes.slice(start)
  return digits[0]! < 0x80 ? digits : Uint8Array.of(0, ...digits)
}
