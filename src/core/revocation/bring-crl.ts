// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { type Crl, parseCrl } from '#format/x509/crl.ts'
import { readExtension } from '#format/x509/extension.ts'
import { formatName, sameName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { verifySignature } from '#trust/signature.ts'
import { anchorOf } from '#trust/trust-anchor.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Authority, CrlRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { changesOf } from './brought-entries.ts'
import { fullCrl, latestCrl } from './publish.ts'

export interface BringingPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

/** What a list that was brought changes; nothing is written yet. */
export interface BroughtPlan {
  readonly kind: 'plan'
  readonly record: CrlRecord
  /** Certificates that were in force here until now. */
  readonly revoked: number
  readonly puts: readonly Put[]
  readonly events: readonly AuditEvent[]
}

export type Brought =
  | { readonly kind: 'brought'; readonly list: CrlRecord; readonly revoked: number }
  | { readonly kind: 'unchanged'; readonly list: CrlRecord; readonly revoked: 0 }
  | Refused

/** Clocks of two machines may differ by so much before a list counts as of the future. */
const mostAhead = Temporal.Duration.from({ minutes: 10 })

/**
 * Takes the newest full revocation list of an authority that signs elsewhere: it is served from then on, and
 * what it lists is revoked here, or held, too; an authority of ours that it lists issues nothing more.
 */
export async function bringCrl(
  der: Uint8Array,
  authority: Authority,
  actor: Actor,
  ports: BringingPorts,
): Promise<Brought> {
  const plan = await planBrought(der, authority, actor, ports)
  if (plan.kind !== 'plan') return plan
  const refused = await settle({ puts: plan.puts, events: plan.events }, ports.ledger)
  return refused ?? { kind: 'brought', list: plan.record, revoked: plan.revoked }
}

/** Judges a list, and plans what books it; one that is here already is `unchanged`. */
export async function planBrought(
  der: Uint8Array,
  authority: Authority,
  actor: Actor,
  ports: BringingPorts,
): Promise<BroughtPlan | (Brought & { readonly kind: 'unchanged' }) | Refused> {
  const crl = parseOrRefuse(der)
  if ('reason' in crl) return crl
  const number = numberOf(crl)
  const flaw =
    refuseOwn(authority) ??
    (await refuseUnproved(crl, authority)) ??
    refusePartial(crl) ??
    refuseUntimely(crl, ports.clock.now())
  if (flaw !== undefined) return flaw
  if (number === undefined) return refuse('input-wrong', 'crl: it has no number that fits')
  const latest = await latestCrl(authority.id, fullCrl, ports.ledger)
  if (latest?.number === number && latest.der.toHex() === crl.der.toHex())
    return { kind: 'unchanged', list: latest, revoked: 0 }
  if (latest !== undefined && latest.number >= number) {
    return refuse(
      'crl-outdated',
      `list ${latest.number} of ${authority.name} is here already; this is list ${number}, and numbers must grow`,
    )
  }
  return plan(crl, number, authority, actor, ports)
}

function parseOrRefuse(der: Uint8Array): Crl | Refused {
  try {
    return parseCrl(der)
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    return refuse('input-wrong', `crl: it is no revocation list: ${cause.message}`)
  }
}

/** The numbers that the ledger keeps; a list a second for a million years stays below. */
const mostNumber = 2n ** 46n

function numberOf({ extensions }: Crl): number | undefined {
  const number = readExtension(extensions, 'cRLNumber')
  return number === undefined || number > mostNumber ? undefined : Number(number)
}

function refuseOwn({ name, key }: Authority): Refused | undefined {
  if (key === null) return undefined
  return refuse(
    'not-permitted',
    `${name} signs its revocation lists here, nobody else may bring one`,
  )
}

async function refuseUnproved(
  crl: Crl,
  { certificate, name }: Authority,
): Promise<Refused | undefined> {
  const read = parseCertificate(certificate, { unknownCritical: 'keep' })
  if (!sameName(read.subject, crl.issuer)) {
    return refuse(
      'certificate-not-trusted',
      `the list is by "${formatName(crl.issuer)}", ${name} is "${formatName(read.subject)}"`,
    )
  }
  const anchor = anchorOf(read)
  if (anchor.kind === 'refused') return anchor
  const { signatureAlgorithm, tbs, signature } = crl
  const genuine = await verifySignature(signatureAlgorithm, anchor.anchor.publicKey, tbs, signature)
  if (genuine === true) return undefined
  return genuine === false ? refuse('signature-wrong', `${name} did not sign this list`) : genuine
}

/** RFC 5280 sections 5.2.4 and 5.2.5: what we serve as the list of an authority holds all of it. */
function refusePartial({ extensions }: Crl): Refused | undefined {
  for (const name of ['issuingDistributionPoint', 'deltaCRLIndicator'] as const) {
    if (readExtension(extensions, name) !== undefined)
      return refuse('input-wrong', `crl: it is a partial list (${name}); the full one is needed`)
  }
  return undefined
}

function refuseUntimely(
  { thisUpdate, nextUpdate }: Crl,
  now: Temporal.Instant,
): Refused | undefined {
  if (Temporal.Instant.compare(thisUpdate, now.add(mostAhead)) > 0)
    return refuse('input-wrong', `crl: it is of ${thisUpdate}, and it is ${now}`)
  if (Temporal.Instant.compare(nextUpdate, now) <= 0)
    return refuse('crl-outdated', `this list ended ${nextUpdate}; bring a newer one`)
  return undefined
}

async function plan(
  crl: Crl,
  number: number,
  authority: Authority,
  actor: Actor,
  ports: BringingPorts,
): Promise<BroughtPlan> {
  const now = ports.clock.now()
  const { thisUpdate, nextUpdate, der } = crl
  const record: CrlRecord = {
    ...{ id: newId('crl', ports), version: 1, authority: authority.id, shard: fullCrl, number },
    ...{ der, thisUpdate, nextUpdate, sha256: sha256(der), entries: crl.revokedCount },
    ...{ issue: null, base: null, endedBefore: null, parts: null },
  }
  const published: AuditEvent = {
    type: 'crl-published',
    at: now,
    actor,
    subjects: [record.id, authority.id],
    facts: {
      ...{ number, shard: fullCrl, nextUpdate: nextUpdate.toString(), bytes: der.length },
      madeElsewhere: true,
    },
  }
  const brought = { id: record.id, number, authority, entries: crl.revoked }
  const changes = await changesOf(brought, actor, ports)
  return {
    ...{ kind: 'plan', record, revoked: changes.revoked },
    puts: [{ kind: 'crl', record }, ...changes.puts],
    events: [published, ...changes.events],
  }
}
