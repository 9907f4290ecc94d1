// SPDX-License-Identifier: Apache-2.0
/** What the columns of each form mean: one table, one row a form. */
import {
  derOf,
  type IssuedRow,
  instantOfMilliseconds,
  instantOfText,
  type Listed,
  type RevokedThere,
  RowFault,
  reasonOf,
  serialOfDecimal,
  serialOfHex,
  shown,
} from './issued-row.ts'

interface Form {
  /** The names that are looked for in the first row; others are passed over. */
  readonly columns: readonly string[]
  /** Those without which a list of this form is of no use. */
  readonly needed: readonly string[]
  /** @throws RowFault; a field that the list does not have is empty */
  readonly read: (row: number, field: (name: string) => string) => IssuedRow
}

/**
 * What EJBCA's CertificateData.status means (CertificateConstants): 0 unassigned, 10 inactive, 11 waiting
 * for a rollover, 20 active, 21 told of its end, 30 held back (old versions only), 40 revoked, also on
 * hold, 60 ended and archived, of which the reason says whether it was revoked before.
 */
const ejbcaStatus: ReadonlyMap<string, 'in-force' | 'revoked' | 'archived'> = new Map([
  ...(['0', '10', '11', '20', '21'] as const).map((one) => [one, 'in-force'] as const),
  ...(['30', '40'] as const).map((one) => [one, 'revoked'] as const),
  ['60', 'archived'],
])

/** NOT_REVOKED, and removeFromCRL: it was on hold once. */
const ejbcaNotRevoked: ReadonlySet<string> = new Set(['', '-1', '8'])

export const issuedColumns = {
  /** Our own form: what a person writes, and what the command line makes of a directory of openssl. */
  csv: {
    columns: ['certificate', 'serialNumber', 'revokedAt', 'reason'],
    needed: ['certificate'],
    read: (row, field) => {
      const revoked = field('revokedAt').trim() === '' ? undefined : revokedIn(field)
      if (field('certificate').trim() !== '') {
        return {
          kind: 'certificate',
          row,
          certificate: derOf(field('certificate'), 'certificate'),
          revoked,
          listed: listedAs(revoked, field('serialNumber'), serialOfHex),
        }
      }
      return bare(row, serialOfHex(field('serialNumber'), 'serialNumber'), revoked)
    },
  },

  /** Rows of EJBCA's table CertificateData; serial numbers in decimal, times in milliseconds. */
  ejbca: {
    columns: ['base64Cert', 'serialNumber', 'status', 'revocationDate', 'revocationReason'],
    needed: ['base64Cert', 'serialNumber', 'status', 'revocationDate', 'revocationReason'],
    read: (row, field) => {
      const revoked = ejbcaRevoked(field)
      if (field('base64Cert').trim() !== '') {
        return {
          kind: 'certificate',
          row,
          certificate: derOf(field('base64Cert'), 'base64Cert'),
          revoked,
          listed: listedAs(revoked, field('serialNumber'), serialOfDecimal),
        }
      }
      return bare(row, serialOfDecimal(field('serialNumber'), 'serialNumber'), revoked)
    },
  },

  /** Rows of step-ca's table x509_certs: the value is DER, printed in base64. */
  'step-ca': {
    columns: ['nkey', 'nvalue'],
    needed: ['nvalue'],
    read: (row, field) => {
      const certificate = derOf(field('nvalue'), 'nvalue')
      return { kind: 'certificate', row, certificate, revoked: undefined, listed: undefined }
    },
  },

  /** Rows of step-ca's table revoked_x509_certs: the value is JSON, as it stands or in base64. */
  'step-ca-revoked': {
    columns: ['nkey', 'nvalue'],
    needed: ['nvalue'],
    read: (row, field) => stepRevoked(row, field('nvalue')),
  },
} as const satisfies Record<string, Form>

function bare(row: number, serialNumber: Uint8Array, revoked: RevokedThere | undefined): IssuedRow {
  if (revoked === undefined)
    throw new RowFault('the certificate is missing; only a revocation can stand without it')
  return { kind: 'revocation', row, serialNumber, revoked }
}

function revokedIn(field: (name: string) => string): RevokedThere {
  return {
    at: instantOfText(field('revokedAt'), 'revokedAt'),
    reason: reasonOf(field('reason'), 'reason'),
  }
}

/** The number is needed only of what is revoked, and asked for only there. */
function listedAs(
  revoked: RevokedThere | undefined,
  serialNumber: string,
  read: (field: string, column: string) => Uint8Array,
): Listed {
  const isTold = revoked !== undefined && serialNumber.trim() !== ''
  return {
    inForce: revoked === undefined,
    serialNumber: isTold ? read(serialNumber, 'serialNumber') : undefined,
  }
}

function ejbcaRevoked(field: (name: string) => string): RevokedThere | undefined {
  const status = ejbcaStatus.get(field('status').trim())
  const reason = field('revocationReason').trim()
  // What is not understood may be a revocation: it is never passed over as good.
  if (status === undefined)
    throw new RowFault(`status: "${shown(field('status'))}" is none of EJBCA's`)
  if (status === 'in-force' || (status === 'archived' && ejbcaNotRevoked.has(reason)))
    return undefined
  return {
    at: instantOfMilliseconds(field('revocationDate'), 'revocationDate'),
    reason: reason === '-1' ? 0 : reasonOf(reason, 'revocationReason'),
  }
}

function stepRevoked(row: number, value: string): IssuedRow {
  const text = value.trim().startsWith('{') ? value : utf8Of(derOf(value, 'nvalue'))
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    throw new RowFault('nvalue: not the JSON of a revocation')
  }
  if (typeof read !== 'object' || read === null) throw new RowFault('nvalue: not an object')
  const found: Readonly<Record<string, unknown>> = { ...read }
  return {
    kind: 'revocation',
    row,
    serialNumber: serialOfDecimal(String(found['Serial'] ?? ''), 'Serial'),
    revoked: {
      at: instantOfText(String(found['RevokedAt'] ?? ''), 'RevokedAt'),
      reason: reasonOf(String(found['ReasonCode'] ?? ''), 'ReasonCode'),
    },
  }
}

function utf8Of(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new RowFault('nvalue: not UTF-8')
  }
}
