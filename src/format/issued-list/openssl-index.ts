// SPDX-License-Identifier: Apache-2.0
import { type RevokedThere, RowFault, reasonOf, serialOfHex, shown } from './issued-row.ts'

/** One line of the file `index.txt` of `openssl ca` (and of easy-rsa, which stands on it). */
export interface IndexLine {
  /** As it stands there: the name of the certificate's file in `newcerts`. */
  readonly serialHex: string
  /** Content octets of the INTEGER. */
  readonly serialNumber: Uint8Array
  readonly revoked: RevokedThere | undefined
}

/**
 * Reads a line: state, end, revocation, serial number, file and subject, parted by tabs.
 *
 * @throws RowFault
 * @see openssl-ca(1), and its text database in `apps/lib/apps.c`
 */
export function parseIndexLine(line: string): IndexLine {
  const fields = line.split('\t')
  const [state = '', , revocation = '', serialHex = ''] = fields
  if (fields.length !== 6) throw new RowFault(`${fields.length} fields where an index has 6`)
  const serialNumber = serialOfHex(serialHex, 'serial number')
  if (state === 'V' || state === 'E') return { serialHex, serialNumber, revoked: undefined }
  if (state !== 'R') throw new RowFault(`state "${shown(state)}" is none of V, R and E`)
  const [at = '', reason = ''] = revocation.split(',')
  return {
    serialHex,
    serialNumber,
    revoked: { at: instantOf(at), reason: reasonOf(reason, 'reason') },
  }
}

/** ASN.1 UTCTime or GeneralizedTime; two digits of a year are read as RFC 5280 section 4.1.2.5.1 does. */
function instantOf(field: string): Temporal.Instant {
  const match = /^(\d\d)?(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(field)
  if (match === null) throw new RowFault(`revocation: "${shown(field)}" is no time`)
  const [, century, year = '', month, day, hour, minute, second] = match
  const years = century ?? (Number(year) < 50 ? '20' : '19')
  try {
    return Temporal.Instant.from(`${years}${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  } catch {
    throw new RowFault(`revocation: "${shown(field)}" is no time`)
  }
}
