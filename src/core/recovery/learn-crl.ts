// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { type Crl, parseCrl, type RevokedCertificate } from '#format/x509/crl.ts'
import { readExtension } from '#format/x509/extension.ts'
import { formatName, type Name, sameName } from '#format/x509/name.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { certificateHold } from '../ledger/hold-certificate.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { type RevocationReason, revocationReasons, revoke } from '../revocation/revoke.ts'
import type { Restore } from './epoch.ts'
import { signerOf } from './signer.ts'

export interface CrlLearningPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  readonly restores: readonly Restore[]
  /** The house's own authorities. */
  issuers(): readonly Authority[]
}

export interface LearntCrl {
  readonly kind: 'learnt'
  readonly authority: string
  readonly number: number
  /** Certificates that were in force here. */
  readonly revoked: number
  /** Serial numbers whose certificates were issued in the lost time, too, and are not here. */
  readonly unknown: number
  /** Those that were revoked here already. */
  readonly unchanged: number
}

/**
 * Revokes what a revocation list of the lost time lists: our own signature says that it was revoked, and
 * only the book of it is gone. Of a certificate that is not here its serial number is listed and refused.
 *
 * It may be repeated, and goes on where it was cut off.
 */
export async function learnCrl(
  der: Uint8Array,
  actor: Actor,
  ports: CrlLearningPorts,
): Promise<LearntCrl | Refused> {
  const crl = parseOrRefuse(der)
  if ('kind' in crl) return crl
  const authority = await signerOf(crl, ports.issuers())
  if (authority === undefined) {
    const isNamed = ports.issuers().some((one) => sameName(nameOf(one), crl.issuer))
    const issuer = formatName(crl.issuer)
    return isNamed
      ? refuse('signature-wrong', `no authority here of the name ${issuer} signed this list`)
      : refuse('not-found', `no authority here has the name ${issuer}`)
  }
  const number = Number(readExtension(crl.extensions, 'cRLNumber') ?? 0)
  const early = refuseEarly(crl, number, ports.restores)
  if (early !== undefined) return early
  const tally = { revoked: 0, unknown: 0, unchanged: 0 }
  for (const entry of crl.revoked) {
    const done = await revokeEntry(entry, { authority, number, actor }, ports)
    if (typeof done !== 'string') return done
    tally[done]++
  }
  return { kind: 'learnt', authority: authority.id, number, ...tally }
}

function parseOrRefuse(der: Uint8Array): Crl | Refused {
  try {
    return parseCrl(der)
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    return refuse('input-wrong', `crl: it is no revocation list: ${cause.message}`)
  }
}

function nameOf({ certificate }: Authority): Name {
  return parseCertificate(certificate, { unknownCritical: 'keep' }).subject
}

/** What was signed before a backup tells nothing that the backup does not hold. */
function refuseEarly(
  { thisUpdate }: Crl,
  number: number,
  [first]: readonly Restore[],
): Refused | undefined {
  if (first === undefined)
    return refuse('not-permitted', 'this installation was never restored: no time is lost')
  if (Temporal.Instant.compare(thisUpdate, first.moment.subtract({ seconds: 1 })) > 0)
    return undefined
  const detail = `list ${number} is of ${thisUpdate}, the backup of ${first.moment}: nothing in it is lost`
  return refuse('input-wrong', detail)
}

interface Source {
  readonly authority: Authority
  readonly number: number
  readonly actor: Actor
}

async function revokeEntry(
  entry: RevokedCertificate,
  source: Source,
  ports: CrlLearningPorts,
): Promise<'revoked' | 'unknown' | 'unchanged' | Refused> {
  const { authority, number, actor } = source
  const sought = [authority.id, entry.serialNumber]
  const known = await ports.ledger.find('certificate', 'serialNumber', sought)
  if (known === undefined) return bookBare(entry, source, ports)
  const isOver = known.state === 'revoked' || known.state === 'abandoned'
  // What is on hold ends, unless that is all that the list says.
  if (isOver || (known.state === 'held' && entry.reason === certificateHold)) return 'unchanged'
  const because = `revoked ${entry.revokedAt} by list ${number} of the time that a restore lost`
  const revoked = await revoke({ id: known.id, reason: reasonOf(entry), because }, actor, ports)
  if (revoked.kind === 'revoked' || revoked.reason === 'certificate-revoked') return 'revoked'
  return revoked
}

/** In words; what only a list can say, as that it was on hold, is unspecified. */
function reasonOf({ reason }: RevokedCertificate): RevocationReason {
  const names = Object.keys(revocationReasons) as RevocationReason[]
  return names.find((name) => revocationReasons[name] === reason) ?? 'unspecified'
}

async function bookBare(
  { serialNumber, revokedAt, reason = 0 }: RevokedCertificate,
  { authority, number, actor }: Source,
  ports: CrlLearningPorts,
): Promise<'unknown' | 'unchanged' | Refused> {
  const sought = [authority.id, serialNumber]
  const known = await ports.ledger.find('bareRevocation', 'serialNumber', sought)
  if (known !== undefined) return 'unchanged'
  const id = newId('bareRevocation', ports)
  const refused = await settle(
    {
      puts: [
        {
          kind: 'bareRevocation',
          record: { id, version: 1, authority: authority.id, serialNumber, revokedAt, reason },
        },
      ],
      events: [
        {
          type: 'revocation-learnt',
          at: ports.clock.now(),
          actor,
          subjects: [id, authority.id],
          facts: {
            serialNumber: serialNumber.toHex(),
            revokedAt: revokedAt.toString(),
            ...{ crlReason: reason, crlNumber: number },
          },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? 'unknown'
}
