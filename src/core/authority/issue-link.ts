// SPDX-License-Identifier: Apache-2.0
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { importPublicKey } from '#trust/public-key.ts'
import type { Actor } from '../audit/event.ts'
import { Fault } from '../fault.ts'
import type { Authority } from '../ledger/tables.ts'
import { approveOwn } from '../policy/decide.ts'
import type { Profile } from '../policy/profile.ts'
import type { Refused } from '../refusal.ts'
import { newSerialNumber } from './draft.ts'
import { checkReady, type IssuingPorts, issueDrafted } from './issue.ts'
import { readyIssuer } from './issuer.ts'
import { draftLink } from './link.ts'

/** A link between two roots of ours that is to be made here. */
export interface LinkWish {
  /** The root whose key will be certified. */
  readonly certified: Authority
  /** The root that will sign, whose key must be here. */
  readonly signer: Authority
  /** By which roots are made: a link has no profile of its own, it says again what two roots say. */
  readonly profile: Profile
  readonly actor: Actor
}

/**
 * Signs the link between two roots, booked like every other certificate.
 *
 * A root past its time of issuing signs it all the same: a change of roots is what then is left to do.
 *
 * @throws Fault as `issue`
 */
export async function issueLink(
  wish: LinkWish,
  ports: IssuingPorts,
): Promise<{ readonly kind: 'link'; readonly certificate: Certificate } | Refused> {
  const { certified, signer, profile, actor } = wish
  const issuer = readyIssuer(signer)
  const notReady = await checkReady({ kind: 'issuer', issuer }, ports)
  if (notReady !== undefined) return notReady
  const certificate = parseCertificate(certified.certificate)
  const publicKey = importPublicKey(certificate.publicKey)
  if ('kind' in publicKey) return publicKey
  const verdict = approveOwn({
    ...{ profile, publicKey, owner: certified.id, environment: certified.environment },
    ...{ facts: { maker: '', name: certified.name }, subject: certificate.subject },
  })
  if (verdict.kind === 'refused') return verdict
  const shard = await ports.shards.next()
  const draft = draftLink({
    certified: certificate,
    signer: issuer.certificate,
    serialNumber: newSerialNumber(ports.clock.now(), ports.random),
    crlUrl: ports.pointers.crlUrl(signer.name, shard),
    issuerUrl: ports.pointers.issuerUrl(signer.name),
  })
  if (draft.kind === 'refused') return draft
  const issued = await issueDrafted(
    { ...draft, terms: verdict.approved.terms, shard },
    { kind: 'issuer', issuer },
    await occasionOf(certified, actor, ports),
    ports,
  )
  if (issued.kind === 'refused') return issued
  if (issued.kind === 'conflict')
    throw new Fault('ledger-damaged', `a link to ${certified.name}: ${issued.record} is taken`)
  return { kind: 'link', certificate: parseCertificate(issued.certificate) }
}

/** The key is the root's, which the ledger has since the root was made. */
async function occasionOf(
  { key: id, name, environment }: Authority,
  actor: Actor,
  ports: IssuingPorts,
) {
  const key = id === null ? undefined : await ports.ledger.read('key', id)
  if (key === undefined)
    throw new Fault('ledger-damaged', `the key of ${name} is not in the ledger`)
  return {
    ...{ actor, key, environment },
    keyFacts: key,
    enrolment: {
      ...({ protocol: 'local', operation: 'found', entrance: null, proof: 'self' } as const),
      ...({ request: new Uint8Array(), credential: null, possession: 'none' } as const),
      sourceAddress: null,
    },
    reserveWith: () => [],
  }
}
