// SPDX-License-Identifier: Apache-2.0
/** The authorities of an upstream: ours to show, not ours to sign with. */

import type { AuditEvent } from '#core/audit/event.ts'
import { keyIdentifier } from '#core/authority/draft.ts'
import { Fault } from '#core/fault.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Ledger, Put } from '#core/ledger/ledger.ts'
import type { Authority } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import type { Refused } from '#core/refusal.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { keyAlgorithms } from '#trust/algorithms.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { anchorOf } from '#trust/trust-anchor.ts'
import type { CheckedAnswer } from './check-answer.ts'
import type { ReadyUpstream } from './ready-upstream.ts'

interface NamingPorts {
  readonly clock: Clock
  readonly random: Randomness
}

/** Whether a certificate can stand for an authority of an upstream. */
export function checkAuthority(certificate: Certificate): Refused | undefined {
  if (readExtension(certificate.extensions, 'basicConstraints')?.ca !== true)
    return refuse('input-wrong', 'a certificate among them is no authority: it does not say CA')
  const read = anchorOf(certificate)
  if (read.kind === 'refused') return read
  const { algorithm } = read.anchor.publicKey
  return keyAlgorithms[algorithm].signsWith === null
    ? refuse('input-wrong', `a key of ${algorithm} signs nothing`)
    : undefined
}

/**
 * The record of an authority whose key we do not hold, as a foreign one that vouches for no device.
 *
 * @param parent the authority above it; null for one that is believed as it stands
 */
export function upstreamAuthority(
  certificate: Certificate,
  upstream: string,
  parent: string | null,
  environment: Authority['environment'],
  ports: NamingPorts,
): Authority {
  const read = anchorOf(certificate)
  if (read.kind === 'refused') throw new Fault('ledger-damaged', read.detail)
  const digest = sha256(certificate.der)
  return {
    ...{ id: newId('authority', ports), version: 1, kind: 'foreign', environment, parent },
    // Part of the digest keeps the generations of an upstream apart.
    name: `${upstream}-${digest.slice(0, 4).toHex()}`,
    algorithm: read.anchor.publicKey.algorithm,
    ...{ key: null, certificate: certificate.der, certificateSha256: digest },
    subjectKeyIdentifier:
      readExtension(certificate.extensions, 'subjectKeyIdentifier') ??
      keyIdentifier(certificate.publicKey.der),
    ...{ state: 'active', notAfter: certificate.notAfter, issueUntil: certificate.notAfter },
    ...{ successor: null, createdAt: ports.clock.now(), products: [] },
    ...{ crlNumberFrom: null, origin: null, twin: null, keyEverHere: false },
  }
}

export function authorityEvent(authority: Authority, upstream: string): AuditEvent {
  return {
    ...{ type: 'authority-trusted', at: authority.createdAt },
    actor: { kind: 'house', id: 'upstream' },
    subjects: [authority.id],
    facts: { name: authority.name, sha256: authority.certificateSha256.toHex(), upstream },
  }
}

/** Who signed an answer, and what has to be booked if that was not known here. */
export async function newAuthorities(
  { above, anchor }: CheckedAnswer & { kind: 'good' },
  host: ReadyUpstream,
  ports: NamingPorts & { readonly ledger: Ledger },
): Promise<{
  readonly issuer: string
  readonly puts: readonly Put[]
  readonly events: AuditEvent[]
}> {
  const puts: Put[] = []
  const events: AuditEvent[] = []
  // As it is now: another order may have learnt the same a moment ago.
  const upstream = (await ports.ledger.read('upstream', host.upstream.id)) ?? host.upstream
  const ids = new Set(upstream.authorities)
  let issuer = host.signer.authority.id
  for (const certificate of [...above, anchor].toReversed()) {
    const digest = sha256(certificate.der)
    const known = await ports.ledger.find('authority', 'certificate', [digest])
    if (known === undefined) {
      const { environment } = host.signer.authority
      const record = upstreamAuthority(certificate, upstream.name, issuer, environment, ports)
      puts.push({ kind: 'authority', record })
      events.push(authorityEvent(record, upstream.name))
      issuer = record.id
    } else issuer = known.id
    ids.add(issuer)
  }
  if (ids.size > upstream.authorities.length) {
    const record = { ...upstream, version: upstream.version + 1, authorities: [...ids] }
    puts.push({ kind: 'upstream', record })
  }
  return { issuer, puts, events }
}
