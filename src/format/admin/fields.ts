// SPDX-License-Identifier: Apache-2.0
/** The words of which inputs and answers are made. */
import { z } from 'zod'
import { personRoles, roles, signer } from './operation.ts'

/** An id as shown: three letters and the 32 hexadecimal digits of a UUIDv7. */
export function id(prefix: string) {
  return z
    .string()
    .regex(new RegExp(`^${prefix}_[0-9a-f]{32}$`), `not an id such as ${prefix}_0197…`)
}

/** RFC 3339 in UTC, with a `Z`. */
export const instant = z.iso.datetime()

/** A name that a person gave: printable, no blank at either end. */
export const name = z
  .string()
  .min(1)
  .max(100)
  .regex(
    /^[^\p{C}\p{Z}](?:[^\p{C}]*[^\p{C}\p{Z}])?$/u,
    'not printable text without blanks at its ends',
  )

/** A device's serial as a certificate can carry it: PrintableString (X.680 section 41.4). */
export const serial = z
  .string()
  .min(1)
  .max(64)
  .regex(
    /^[A-Za-z0-9'()+,\-./:=?](?:[A-Za-z0-9 '()+,\-./:=?]*[A-Za-z0-9'()+,\-./:=?])?$/,
    "a serial holds letters, digits and ' ( ) + , - . / : = ? only",
  )

/** A short remark such as a lot or a hardware revision. */
export const label = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^\p{C}]+$/u, 'not printable text')

/** Why somebody did something: written to the log for ever. */
export const reason = z
  .string()
  .min(3, 'say in a few words why')
  .max(500)
  .regex(/^[^\p{Cc}]+$/u, 'not printable text')

/** The certificate in PEM; 64 kB is over ten times what the largest ML-DSA certificate takes. */
export const certificatePem = z.string().min(1).max(65_536)

/** Of a machine. */
export const role = z.enum([...roles, signer])
export const personRole = z.enum(personRoles)
export const environment = z.enum(['trial', 'test', 'production'])
export const exposure = z.enum(['therapy', 'patient-data', 'telemetry', 'none'])
export const deviceState = z.enum(['expected', 'provisioned', 'active', 'quarantined', 'retired'])
export const certificateState = z.enum([
  ...(['reserved', 'issued', 'abandoned', 'held', 'revoked', 'retired'] as const),
])
export const certificateKind = z.enum([
  'birth',
  'working',
  'server',
  'client',
  'signer',
  'ocsp',
  'attestation',
  'issuing',
  'root',
  'link',
])

/** CRLReason words that a person may choose (RFC 5280 section 5.3.1), in its spelling. */
export const revocationReason = z.enum([
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
])

/** What every list takes. */
export const paging = {
  limit: z.int().min(1).max(1000).default(100).describe('how many at most, 1 to 1000'),
  after: z.string().max(1000).optional().describe('the `next` of the page before'),
}

/** What every answer about nothing but success says. */
export const done = z.object({ done: z.literal(true) })
