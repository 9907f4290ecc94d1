// SPDX-License-Identifier: Apache-2.0
/** Signers of the house itself, each for one thing: who answers OCSP, who stamps time. */
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { newId } from '../ledger/ids.ts'
import type { Put } from '../ledger/ledger.ts'
import type { Authority, Key, Setting } from '../ledger/tables.ts'
import { newestProfile } from '../policy/apply-profile.ts'
import { approveOwn } from '../policy/decide.ts'
import { parseProfile } from '../policy/document/parse-profile.ts'
import type { Profile } from '../policy/profile.ts'
import type { Refused } from '../refusal.ts'
import { longestSigning } from './abandon.ts'
import { checkReady, type IssuingPorts, issue, type Occasion } from './issue.ts'
import { readyIssuer } from './issuer.ts'
import type { Custody } from './signing-key.ts'

export interface OwnSignerPorts extends IssuingPorts {
  readonly environment: Key['environment']
  /** Stands in the subject. */
  readonly maker: string
}

export interface OwnSigner {
  /** In words, as it stands in refusals: `the OCSP responder of ACME issuing`. */
  readonly what: string
  /** Whom its certificates name. */
  readonly owner: string
  /** The profile by which it is certified. */
  readonly profileName: string
  /** The name in its subject. */
  readonly name: string
  readonly actor: string
  readonly custody?: Custody
  /**
   * Of what there is to be one only: whether somebody made it since the caller looked, asked when nobody else can be at
   * it any more. Then a crash between booking and signing holds it up for two minutes.
   */
  readonly isMade?: () => Promise<boolean>
  /** What it signs with; undefined: the profile admits nothing that would do. */
  algorithmFor(profile: Profile): KeyAlgorithmName | undefined
}

/**
 * Makes such a signer: a key of its own, and a certificate on the way of all others.
 *
 * Of several nodes that try at once one makes it, and the others are refused with `busy`: who is at it is
 * booked before the key is made. What a crash cut off counts for nothing after two minutes.
 *
 * @returns the id of its certificate; `responder-missing` says why there is none
 * @throws Fault as `issue` and `SigningKeys.make` do
 */
export async function makeOwnSigner(
  authority: Authority,
  wanted: OwnSigner,
  ports: OwnSignerPorts,
): Promise<{ readonly kind: 'made'; readonly id: string } | Refused> {
  if (authority.key === null || authority.state === 'retired')
    return refuse('responder-missing', `${authority.name} signs nothing here any more`)
  const signer = { kind: 'issuer', issuer: readyIssuer(authority) } as const
  const profile = await readyProfile(wanted, ports)
  if ('reason' in profile) return profile
  const algorithm = wanted.algorithmFor(profile)
  if (algorithm === undefined)
    return refuse(
      'responder-missing',
      `profile ${wanted.profileName} admits no key that is as good as ${authority.algorithm}`,
    )
  const notReady = await checkReady(signer, ports)
  if (notReady !== undefined) return notReady
  const claim = await claimMaking(wanted, ports)
  if (claim === undefined) return refuse('busy', `another node is making ${wanted.what}`)
  const done: Put = {
    kind: 'setting',
    record: { ...claim, version: claim.version + 1, value: 'made' },
  }
  const isOnlyOne = wanted.isMade !== undefined
  if (isOnlyOne && ((await isBeingSigned(wanted, ports)) || (await wanted.isMade()))) {
    await ports.ledger.commit({ puts: [done], events: [] })
    return refuse('busy', `another node made ${wanted.what}`)
  }
  const keyId = newId('key', ports)
  const made = await ports.keys.make(algorithm, keyId, 'authority', wanted.custody)
  const publicKey = importPublicKey(parseSubjectPublicKeyInfo(made.spki))
  if ('kind' in publicKey) return publicKey
  const verdict = approveOwn({
    ...{ profile, publicKey, environment: ports.environment },
    facts: { maker: ports.maker, name: wanted.name },
    owner: wanted.owner,
  })
  if (verdict.kind === 'refused') return verdict
  const issued = await issue(
    verdict.approved,
    signer,
    {
      ...{ actor: { kind: 'house', id: wanted.actor }, key: undefined, enrolment },
      newKeyId: keyId,
      keyFacts: made.facts,
      environment: ports.environment,
      reserveWith: () => [done],
    },
    ports,
  )
  if (issued.kind === 'conflict') return refuse('busy', `another node made ${wanted.what}`)
  return issued.kind === 'refused' ? issued : { kind: 'made', id: issued.id }
}

const enrolment: Occasion['enrolment'] = {
  ...{ protocol: 'local', operation: 'enrol', entrance: null, request: new Uint8Array() },
  ...{ proof: 'self', credential: null, possession: 'none', sourceAddress: null },
}

async function readyProfile(
  { profileName }: OwnSigner,
  { ledger }: OwnSignerPorts,
): Promise<Profile | Refused> {
  const record = await newestProfile(profileName, ledger)
  const parsed = record && parseProfile(record.document)
  if (record === undefined || parsed?.kind !== 'profile')
    return refuse('responder-missing', `profile ${profileName} is not there, or does not read`)
  return { ...parsed.profile, version: record.number }
}

/** A claim ends with the booking of the certificate: whoever comes between that and its signature waits for it. */
async function isBeingSigned(
  { owner }: OwnSigner,
  { ledger, clock }: OwnSignerPorts,
): Promise<boolean> {
  const { items } = await ledger.list('certificate', {
    ...{ by: 'owner', equal: [owner], where: { state: 'reserved' }, descending: true, limit: 10 },
  })
  const since = clock.now().subtract(longestSigning)
  return items.some(({ reservedAt }) => Temporal.Instant.compare(reservedAt, since) > 0)
}

/** Says that this node is at it; undefined: another one is. */
async function claimMaking(
  { owner }: OwnSigner,
  ports: OwnSignerPorts,
): Promise<Setting | undefined> {
  const { ledger, clock } = ports
  const name = `making ${owner}`
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
