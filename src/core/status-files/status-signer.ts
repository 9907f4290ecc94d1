// SPDX-License-Identifier: Apache-2.0
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { type IssuingPorts, issue } from '../authority/issue.ts'
import { type Issuer, readyIssuer } from '../authority/issuer.ts'
import { isTwin, twinAlgorithms } from '../authority/twin.ts'
import { Fault } from '../fault.ts'
import { newId } from '../ledger/ids.ts'
import type { Authority, Key } from '../ledger/tables.ts'
import { newestProfile } from '../policy/apply-profile.ts'
import { approveOwn } from '../policy/decide.ts'
import { parseProfile } from '../policy/document/parse-profile.ts'

/** Whose certificate it is, in the ledger. */
export const signerOwner = 'status-files'

/** A signer is made anew when its certificate would not outlive a file by this. */
const spareHours = 30 * 24

export interface SignerPorts extends IssuingPorts {
  readonly environment: Key['environment']
  /** Whom its subject names. */
  readonly maker: string
}

/** Who signs status files for those who believe one root. */
export interface StatusSigner {
  readonly keyId: string
  readonly algorithm: KeyAlgorithmName
  /** DER: its certificate, and that of its issuer. */
  readonly certificates: readonly [Uint8Array, Uint8Array]
  readonly issuer: Authority
}

/** Who issues for a root now: the newest of those below it that may, with its key here. */
export function issuerBelow(
  root: string,
  authorities: readonly Authority[],
  above: (authority: Authority) => readonly Authority[],
  now: Temporal.Instant,
): Authority | undefined {
  return authorities.findLast(
    (one) =>
      one.kind === 'issuing' &&
      one.state === 'active' &&
      one.key !== null &&
      Temporal.Instant.compare(now, one.issueUntil) < 0 &&
      above(one).some(({ id }) => id === root),
  )
}

/**
 * The signer below an issuer, with a certificate that is good until then: the one that there is, or a new one with
 * a key of its own, from the profile `ocsp-signer`. Its key is in a file, whatever keeps the issuer's: it says
 * status, and nothing else.
 *
 * @throws Fault as `issue` does; `configuration-wrong` if policy or lint refuse it
 */
export async function readySigner(
  issuer: Authority,
  goodUntil: Temporal.Instant,
  ports: SignerPorts,
): Promise<StatusSigner> {
  return (await standing(issuer, goodUntil, ports)) ?? make(readyIssuer(issuer), ports)
}

async function standing(
  issuer: Authority,
  goodUntil: Temporal.Instant,
  { ledger, keys, clock }: SignerPorts,
): Promise<StatusSigner | undefined> {
  const { items } = await ledger.list('certificate', {
    ...{ by: 'owner', equal: [signerOwner], descending: true, limit: 100 },
    where: { authority: issuer.id, state: 'issued', kind: 'ocsp' },
  })
  const least = [goodUntil, clock.now()].map((at) => at.add({ hours: spareHours }))
  for (const { id, key, algorithm, notAfter } of items) {
    // An issuer that ends soon makes none that lasts longer.
    const lasts = least.every((at) => Temporal.Instant.compare(notAfter, at) > 0)
    const ends = Temporal.Instant.compare(notAfter, issuer.notAfter) >= 0
    if (!(lasts || ends) || !(await keys.has(key))) continue
    const encoding = await ledger.read('encoding', id)
    if (encoding === undefined) continue
    return {
      ...{ keyId: key, algorithm: algorithm as KeyAlgorithmName, issuer },
      certificates: [encoding.der, issuer.certificate],
    }
  }
  return undefined
}

async function make(issuer: Issuer, ports: SignerPorts): Promise<StatusSigner> {
  const { authority } = issuer
  const algorithm = isTwin(authority) ? twinAlgorithms.issuing : 'p-256'
  const record = await newestProfile('ocsp-signer', ports.ledger)
  const profile = record && parseProfile(record.document)
  if (profile?.kind !== 'profile') throw wrong('the profile ocsp-signer is not readable')
  const keyId = newId('key', ports)
  const { spki, facts: keyFacts } = await ports.keys.make(algorithm, keyId, 'authority')
  const publicKey = importPublicKey(parseSubjectPublicKeyInfo(spki))
  if ('kind' in publicKey) throw new Fault('signing-failed', `the new key: ${publicKey.detail}`)
  const verdict = approveOwn({
    ...{ profile: profile.profile, publicKey, owner: signerOwner },
    facts: { maker: ports.maker, name: 'status files' },
    environment: ports.environment,
  })
  if (verdict.kind === 'refused') throw wrong(verdict.detail)
  const issued = await issue(
    verdict.approved,
    { kind: 'issuer', issuer },
    {
      actor: { kind: 'house', id: signerOwner },
      ...{ key: undefined, newKeyId: keyId, keyFacts, environment: ports.environment },
      enrolment: {
        ...{ protocol: 'local', operation: 'enrol', entrance: null, request: new Uint8Array() },
        ...{ proof: 'self', credential: null, possession: 'none', sourceAddress: null },
      },
      reserveWith: () => [],
    },
    ports,
  )
  if (issued.kind !== 'issued') throw wrong(issued.kind === 'refused' ? issued.detail : 'conflict')
  const certificates = [issued.certificate, authority.certificate] as const
  return { keyId, algorithm, certificates, issuer: authority }
}

function wrong(detail: string): Fault {
  return new Fault('configuration-wrong', `no signer of status files can be made: ${detail}`)
}
