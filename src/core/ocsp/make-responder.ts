// SPDX-License-Identifier: Apache-2.0
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { isKeyAlgorithmName, type KeyAlgorithmName, keyAlgorithms } from '#trust/algorithms.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { longestSigning } from '../authority/abandon.ts'
import { checkReady, type IssuingPorts, issue, type Occasion } from '../authority/issue.ts'
import { readyIssuer } from '../authority/issuer.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import type { Authority, Key, Setting } from '../ledger/tables.ts'
import { newestProfile } from '../policy/apply-profile.ts'
import { approveOwn } from '../policy/decide.ts'
import { parseProfile } from '../policy/document/parse-profile.ts'
import type { Profile } from '../policy/profile.ts'
import type { Refused } from '../refusal.ts'
import { responderOwner } from './find-responder.ts'

export interface MakingPorts extends IssuingPorts {
  readonly environment: Key['environment']
  /** Stands in the subject. */
  readonly maker: string
}

/** The profile by which responders are certified. */
const profileName = 'ocsp-signer'

/**
 * Makes a responder for an authority: a key of its own, and a certificate on the way of all others.
 *
 * Of several nodes that try at once one makes it, and the others are refused with `busy`: who is at it is
 * booked before the key is made. What a crash cut off counts for nothing after two minutes.
 *
 * @returns the id of its certificate
 * @throws Fault as `issue` and `SigningKeys.make` do
 */
export async function makeResponder(
  authority: Authority,
  ports: MakingPorts,
): Promise<{ readonly kind: 'made'; readonly id: string } | Refused> {
  if (authority.key === null || authority.state === 'retired')
    return refuse('responder-missing', `${authority.name} signs nothing here any more`)
  const signer = { kind: 'issuer', issuer: readyIssuer(authority) } as const
  const profile = await readyProfile(ports)
  if ('reason' in profile) return profile
  const algorithm = algorithmFor(authority, profile)
  if (algorithm === undefined)
    return refuse(
      'responder-missing',
      `profile ${profileName} admits no key that is as good as ${authority.algorithm}`,
    )
  const notReady = await checkReady(signer, ports)
  if (notReady !== undefined) return notReady
  const claim = await claimMaking(authority, ports)
  if (claim === undefined)
    return refuse('busy', `another node is making the responder of ${authority.name}`)
  const keyId = newId('key', ports)
  const made = await ports.keys.make(algorithm, keyId, 'authority')
  const publicKey = importPublicKey(parseSubjectPublicKeyInfo(made.spki))
  if ('kind' in publicKey) return publicKey
  const verdict = approveOwn({
    ...{ profile, publicKey, environment: ports.environment },
    facts: { maker: ports.maker, name: `${authority.name} OCSP` },
    owner: responderOwner(authority.id),
  })
  if (verdict.kind === 'refused') return verdict
  const done: Put = {
    kind: 'setting',
    record: { ...claim, version: claim.version + 1, value: 'made' },
  }
  const issued = await issue(
    verdict.approved,
    signer,
    {
      ...occasion,
      newKeyId: keyId,
      keyFacts: made.facts,
      environment: ports.environment,
      reserveWith: () => [done],
    },
    ports,
  )
  if (issued.kind === 'conflict')
    return refuse('busy', `another node made the responder of ${authority.name}`)
  return issued.kind === 'refused' ? issued : { kind: 'made', id: issued.id }
}

const occasion: Pick<Occasion, 'actor' | 'key' | 'enrolment'> = {
  actor: { kind: 'house', id: 'ocsp' },
  key: undefined,
  enrolment: {
    ...{ protocol: 'local', operation: 'enrol', entrance: null, request: new Uint8Array() },
    ...{ proof: 'self', credential: null, possession: 'none', sourceAddress: null },
  },
}

async function readyProfile({ ledger }: MakingPorts): Promise<Profile | Refused> {
  const record = await newestProfile(profileName, ledger)
  const parsed = record && parseProfile(record.document)
  if (record === undefined || parsed?.kind !== 'profile')
    return refuse('responder-missing', `profile ${profileName} is not there, or does not read`)
  return { ...parsed.profile, version: record.number }
}

/**
 * What the responder signs with: as the authority does, so that whoever checks the one can check the other;
 * else the first of its kin that the profile admits and that is as strong. One that withstands quantum
 * computers is never answered for by one that does not.
 */
function algorithmFor(
  { algorithm }: Authority,
  { keyAlgorithms: admitted }: Profile,
): KeyAlgorithmName | undefined {
  if (!isKeyAlgorithmName(algorithm)) return undefined
  if (admitted.includes(algorithm)) return algorithm
  const issuer = keyAlgorithms[algorithm]
  return admitted.find((name) => {
    const own = keyAlgorithms[name]
    const isKin = own.postQuantum
      ? issuer.postQuantum
      : !issuer.postQuantum && (own.canonical === 'modulus') === (issuer.canonical === 'modulus')
    return isKin && own.strength >= issuer.strength
  })
}

/** Says that this node is at it; undefined: another one is. */
async function claimMaking({ id }: Authority, ports: MakingPorts): Promise<Setting | undefined> {
  const { ledger, clock } = ports
  const name = `ocsp-responder ${id}`
  const now = clock.now()
  const found = await ledger.find('setting', 'name', [name])
  const isHeld =
    found?.value === 'making' &&
    Temporal.Instant.compare(now, found.changedAt.add(longestSigning)) < 0
  if (isHeld) return undefined
  const record: Setting = {
    ...{ id: found?.id ?? newId('setting', ports), version: (found?.version ?? 0) + 1 },
    ...{ name, value: 'making', changedAt: now },
  }
  const { kind } = await ledger.commit({ puts: [{ kind: 'setting', record }], events: [] })
  return kind === 'committed' ? record : undefined
}
