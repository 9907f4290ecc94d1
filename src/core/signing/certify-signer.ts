// SPDX-License-Identifier: Apache-2.0
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import {
  bootloaderRule,
  mustOutliveSupport,
  needsCertificate,
} from '#trust/artefact/bootloader-rules.ts'
import { judgeSpan } from '#trust/artefact/judge-span.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { foundSigners } from '../authority/founding.ts'
import { issue, type Occasion } from '../authority/issue.ts'
import { type Issuer, readyIssuer } from '../authority/issuer.ts'
import type { MadeKey } from '../authority/signing-key.ts'
import { isForSigners } from '../ledger/authority-origin.ts'
import type { Authority } from '../ledger/tables.ts'
import { newestProfile } from '../policy/apply-profile.ts'
import { approveOwn } from '../policy/decide.ts'
import { parseProfile } from '../policy/document/parse-profile.ts'
import type { Profile } from '../policy/profile.ts'
import { validityFor } from '../policy/validity.ts'
import type { Refused } from '../refusal.ts'
import type { KeyWish } from './make-key.ts'
import type { KeyPorts } from './ports.ts'

/** Who will certify a signer, and by which profile. */
export interface SignerPlan {
  readonly kind: 'plan'
  readonly issuer: Issuer
  /** From the issuer to the root. */
  readonly above: readonly Authority[]
  readonly profile: Profile
  /** Whether devices have identities under the same root. */
  readonly isShared: boolean
}

/** A certificate with those above it, DER, the root last. */
export interface Certified {
  readonly kind: 'certified'
  readonly certificate: string
  readonly chain: readonly Uint8Array[]
}

/**
 * Who certifies a signer, found before its key is made; makes the authorities for signers where there are none yet.
 *
 * @throws Fault as `foundSigners`
 */
export async function planSigner(
  wish: KeyWish & { readonly algorithm: KeyAlgorithmName },
  ports: KeyPorts,
): Promise<SignerPlan | Refused> {
  const profile = await profileFor(wish, ports)
  if (profile.kind === 'refused') return profile
  const issuing = wish.authority ?? (await authorityForSigners(wish, ports))
  if ('reason' in issuing) return issuing
  if (issuing.kind !== 'issuing' || issuing.state !== 'active' || issuing.key === null)
    return refuse(
      'input-wrong',
      `${issuing.name} is ${issuing.kind}, ${issuing.state}; an issuing one that is active here is asked for`,
    )
  if (issuing.environment !== ports.environment)
    return refuse(
      'environment-wrong',
      `${issuing.name} is of ${issuing.environment}, the key is for ${ports.environment}: chains of environments never meet`,
    )
  const above = await chainAbove(issuing, ports)
  const isShared = !isForSigners(issuing) && (await hasBirths(above, ports))
  if (isShared && wish.because === undefined)
    return refuse(
      'signer-chain-shared',
      `devices have birth identities under the root of ${issuing.name}, and RAUC as delivered takes what any of their keys signs; leave out the authority, or say why it has to be this one`,
    )
  const stranded = checkSpan(wish, issuing, profile.profile, ports)
  const plan = { issuer: readyIssuer(issuing), above, profile: profile.profile, isShared }
  return stranded ?? { kind: 'plan', ...plan }
}

/** The lasting one where a verifier of one of the forms looks at the clock, whatever time-stamp there is. */
async function profileFor({ forms }: KeyWish, { ledger }: KeyPorts) {
  const lasts = forms.some((form) => {
    const usual = bootloaderRule(form).expiry[0]?.does
    return needsCertificate(form) && usual !== undefined && mustOutliveSupport(usual, true)
  })
  const name = lasts ? 'artefact-signer-lasting' : 'artefact-signer'
  const record = await newestProfile(name, ledger)
  const parsed = record && parseProfile(record.document)
  if (record === undefined || parsed?.kind !== 'profile')
    return refuse('profile-wrong', `profile ${name} is not there, or does not read`)
  return { kind: 'profile', profile: { ...parsed.profile, version: record.number } } as const
}

/** The authority for signers that is in office, or the first one, made now. */
async function authorityForSigners(wish: KeyWish, ports: KeyPorts): Promise<Authority | Refused> {
  const { items } = await ports.ledger.list('authority', {
    ...{ by: 'kind', equal: ['issuing'], descending: true, limit: 1000 },
  })
  const now = ports.clock.now()
  const there = items.find(
    (one) =>
      isForSigners(one) &&
      one.state === 'active' &&
      one.key !== null &&
      Temporal.Instant.compare(now, one.issueUntil) < 0,
  )
  if (there !== undefined) return there
  if (!ports.hasRootsHere)
    return refuse(
      'issuing-stopped',
      'roots of this installation are made elsewhere: ask there for an authority for signers ("vitalsign authority request signers"), and name it',
    )
  const custody = wish.custody
  return (
    await foundSigners(ports.founding({ root: custody, issuing: custody, twin: custody }), ports)
  ).issuing
}

async function chainAbove(issuing: Authority, { ledger }: KeyPorts): Promise<readonly Authority[]> {
  const chain = [issuing]
  for (let at = issuing; at.parent !== null && chain.length < 8; ) {
    const parent = await ledger.read('authority', at.parent)
    if (parent === undefined) break
    chain.push(parent)
    at = parent
  }
  return chain
}

/** A birth identity says no purpose (RFC 8995 section 2.3), and so is taken for any. */
async function hasBirths(above: readonly Authority[], { ledger }: KeyPorts): Promise<boolean> {
  const root = above.at(-1)
  const { items } = await ledger.list('authority', { limit: 1000 })
  const under = items.filter(({ parent, id }) => parent === root?.id || id === root?.id)
  for (const { id } of under) {
    const walk = { by: 'under', equal: [id, 'birth'], limit: 1 } as const
    if ((await ledger.list('certificate', walk)).items.length > 0) return true
  }
  return false
}

/** A trial ends with its root, and so does all that was promised in it. */
function checkSpan(
  { forms, supportUntil }: KeyWish,
  issuing: Authority,
  profile: Profile,
  { clock, environment }: KeyPorts,
): Refused | undefined {
  if (environment === 'trial') return undefined
  const { notAfter } = validityFor(profile, clock.now(), issuing.notAfter)
  for (const form of forms) {
    const no = judgeSpan({ form, setting: undefined, notAfter, supportUntil, isStamped: true })
    if (no !== undefined) return no
  }
  return undefined
}

interface SignerKey {
  /** The id that the artefact key will have. */
  readonly owner: string
  readonly keyId: string
  readonly made: MadeKey
  readonly publicKey: PublicKey
  readonly actor: Actor
  readonly wish: KeyWish
}

/** Draft, lint, book, sign, as every certificate is made. @throws Fault as `issue` */
export async function certifySigner(
  { issuer, above, profile }: SignerPlan,
  { owner, keyId, made, publicKey, actor, wish }: SignerKey,
  ports: KeyPorts,
): Promise<Certified | Refused> {
  const { environment, maker } = ports
  const { product, name } = wish
  const verdict = approveOwn({
    ...{ profile, publicKey, environment, owner },
    facts: { maker, product: product.name, name: `${product.name} ${name}` },
  })
  if (verdict.kind === 'refused') return verdict
  const occasion: Occasion = {
    ...{ actor, key: undefined, newKeyId: keyId, keyFacts: made.facts, environment },
    enrolment: {
      ...{ protocol: 'local', operation: 'enrol', entrance: null, request: new Uint8Array() },
      ...{ proof: 'operator', credential: null, possession: 'none', sourceAddress: null },
    },
    reserveWith: () => [],
  }
  const issued = await issue(verdict.approved, { kind: 'issuer', issuer }, occasion, ports)
  if (issued.kind === 'refused') return issued
  if (issued.kind === 'conflict')
    return refuse('conflict', `another ${issued.record} holds this ${issued.rule}; try again`)
  const chain = [issued.certificate, ...above.map(({ certificate }) => certificate)]
  return { kind: 'certified', certificate: issued.id, chain }
}
