// SPDX-License-Identifier: Apache-2.0

import { parseCertificate } from '#format/x509/certificate.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { sha256 } from '#trust/digest.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import type { Actor } from '../audit/event.ts'
import { Fault } from '../fault.ts'
import { isForSigners } from '../ledger/authority-origin.ts'
import { newId } from '../ledger/ids.ts'
import type { Authority } from '../ledger/tables.ts'
import { approveOwn } from '../policy/decide.ts'
import type { Profile } from '../policy/profile.ts'
import { keyIdentifier, type OwnSigner } from './draft.ts'
import { type IssuingPorts, issue, type Occasion } from './issue.ts'
import { readyIssuer } from './issuer.ts'
import type { Custody, KeyFacts } from './signing-key.ts'
import { authorityName, signersAuthorityName } from './subject-name.ts'
import { twinAlgorithms, twinName } from './twin.ts'

/** What the first start decides for the life of the installation. */
export interface Founding {
  readonly environment: Authority['environment']
  /** Who wants it: the house at its first start, later a person. */
  readonly actor: Actor
  readonly rootAlgorithm: KeyAlgorithmName
  readonly issuingAlgorithm: KeyAlgorithmName
  /** Whether each gets a twin beside it. */
  readonly twin: boolean
  /** Where the keys are kept; absent: all in encrypted files. */
  readonly keysIn?: KeysIn
  /** Written into the subjects of root and issuer. */
  readonly maker: string
  readonly rootProfile: Profile
  readonly issuingProfile: Profile
}

/** Which kind of backend keeps the keys of which authorities. */
export interface KeysIn {
  readonly root: Custody
  readonly issuing: Custody
  /** Few modules know the algorithms of twins, so theirs is chosen for itself. */
  readonly twin: Custody
}

/** An authority that is to be made. */
interface Wish {
  readonly name: string
  /** Undefined: it is a root. */
  readonly parent: Authority | undefined
  /** The authority that it will stand beside. */
  readonly beside: Authority | undefined
  /** The root that it follows: it keeps that one's name, and its place beside another. */
  readonly before?: Authority
  /** It certifies signers of artefacts, as all do that follow it or stand below it. */
  readonly forSigners?: true
}

/** How long an issuing authority signs new certificates before it only signs status (standards.md 2.3). */
const issuingSpan = Temporal.Duration.from({ hours: 3 * 365 * 24 })

/**
 * Makes the root and the first issuing authority below it.
 *
 * Each step is safe to repeat after a crash: an authority that is already there is taken as it is.
 */
export async function foundAuthorities(
  founding: Founding,
  ports: IssuingPorts,
): Promise<{ readonly root: Authority; readonly issuing: Authority }> {
  checkCustody(founding, ports)
  const root =
    (await ports.ledger.find('authority', 'name', ['root'])) ??
    (await found(plain('root', undefined), founding, ports))
  const issuing =
    (await ports.ledger.find('authority', 'name', ['issuing-1'])) ??
    (await found(plain('issuing-1', root), founding, ports))
  if (founding.twin) await foundTwins({ root, issuing }, founding, ports)
  return { root, issuing }
}

/** Before the first key is made all must be able to be made: half a chain in a token helps nobody. */
function checkCustody(founding: Founding, { keys }: IssuingPorts): void {
  const { keysIn, rootAlgorithm, issuingAlgorithm } = founding
  if (keysIn === undefined) return
  const wanted: readonly (readonly [string, KeyAlgorithmName, Custody])[] = [
    ['root', rootAlgorithm, keysIn.root],
    ['issuing-1', issuingAlgorithm, keysIn.issuing],
    ...(founding.twin
      ? ([
          ['root-twin', twinAlgorithms.root, keysIn.twin],
          ['issuing-1-twin', twinAlgorithms.issuing, keysIn.twin],
        ] as const)
      : []),
  ]
  for (const [name, algorithm, custody] of wanted) {
    const unable = keys.unable?.(algorithm, custody)
    if (unable !== undefined) throw wrong(name, unable)
  }
}

/**
 * Makes a further issuing authority under the root, whose key must be there.
 *
 * @param beside the authority that it stands beside, if it is a twin under the twin of the root
 * @throws as `foundAuthorities`
 */
export function foundIssuing(
  name: string,
  founding: Founding,
  root: Authority,
  ports: IssuingPorts,
  beside?: Authority,
): Promise<Authority> {
  return found({ name, parent: root, beside }, founding, ports)
}

/**
 * Makes the root that will follow another one: of the same name, so that a link between the two is the root's own
 * (`link.ts`), with a key of its own.
 *
 * @throws as `foundAuthorities`
 */
export function foundRoot(
  name: string,
  before: Authority,
  founding: Founding,
  ports: IssuingPorts,
): Promise<Authority> {
  return found({ name, parent: undefined, beside: undefined, before }, founding, ports)
}

/**
 * Makes a twin of an issuing authority, under the twin of its root, which is made too if there is none.
 *
 * As safe to repeat as `foundAuthorities`.
 */
export async function foundTwins(
  { root, issuing }: { readonly root: Authority; readonly issuing: Authority },
  founding: Founding,
  ports: IssuingPorts,
): Promise<{ readonly root: Authority; readonly issuing: Authority }> {
  const besides = async (beside: Authority, parent: Authority | undefined) => {
    const name = twinName(beside)
    const there = await ports.ledger.find('authority', 'name', [name])
    return there ?? found({ name, parent, beside }, founding, ports)
  }
  const above = await besides(root, undefined)
  return { root: above, issuing: await besides(issuing, above) }
}

/** Under which names the authorities stand that certify signers of artefacts. */
export const signersNames = { root: 'signers-root', issuing: 'signers-1' } as const

/**
 * Makes a root of its own for signers of artefacts, and an issuing authority below it: what bootloaders believe is
 * apart from what identifies devices.
 *
 * As safe to repeat as `foundAuthorities`.
 */
export async function foundSigners(
  founding: Founding,
  ports: IssuingPorts,
): Promise<{ readonly root: Authority; readonly issuing: Authority }> {
  const forSigners = async (name: string, parent: Authority | undefined) => {
    const there = await ports.ledger.find('authority', 'name', [name])
    return there ?? found({ ...plain(name, parent), forSigners: true }, founding, ports)
  }
  const root = await forSigners(signersNames.root, undefined)
  return { root, issuing: await forSigners(signersNames.issuing, root) }
}

function isForSignersToo({ forSigners, parent, before }: Wish): boolean {
  return (
    forSigners === true || [parent, before].some((one) => one !== undefined && isForSigners(one))
  )
}

function plain(name: string, parent: Authority | undefined): Wish {
  return { name, parent, beside: undefined }
}

function algorithmFor({ parent, beside }: Wish, founding: Founding): KeyAlgorithmName {
  if (beside !== undefined) return twinAlgorithms[parent === undefined ? 'root' : 'issuing']
  return parent === undefined ? founding.rootAlgorithm : founding.issuingAlgorithm
}

function custodyFor({ parent, beside }: Wish, { keysIn }: Founding): Custody | undefined {
  if (beside !== undefined) return keysIn?.twin
  return parent === undefined ? keysIn?.root : keysIn?.issuing
}

async function found(wish: Wish, founding: Founding, ports: IssuingPorts): Promise<Authority> {
  const { name, parent } = wish
  const profile = parent === undefined ? founding.rootProfile : founding.issuingProfile
  const algorithm = algorithmFor(wish, founding)
  const keyId = newId('key', ports)
  const place = parent === undefined ? 'root' : 'authority'
  const made = await ports.keys.make(algorithm, keyId, place, custodyFor(wish, founding))
  const publicKey = importOwn(made.spki)
  const id = newId('authority', ports)
  const verdict = approveOwn({
    profile,
    publicKey,
    facts: { maker: founding.maker, name: nameOf(wish, publicKey) },
    owner: id,
    environment: founding.environment,
    ...(wish.before && { subject: parseCertificate(wish.before.certificate).subject }),
  })
  if (verdict.kind === 'refused') throw wrong(name, verdict.detail)
  const issued = await issue(
    verdict.approved,
    parent === undefined
      ? itself(keyId, algorithm)
      : { kind: 'issuer', issuer: readyIssuer(parent) },
    occasionOf(founding, keyId, made.facts),
    ports,
  )
  if (issued.kind !== 'issued') {
    throw wrong(name, issued.kind === 'refused' ? issued.detail : `${issued.record} is taken`)
  }
  const { facts } = made
  return book({ ...wish, id, keyId, algorithm, facts, der: issued.certificate, founding }, ports)
}

function nameOf(wish: Wish, publicKey: PublicKey): string {
  const { parent, beside } = wish
  const rank = parent === undefined ? 'root' : 'issuing'
  return isForSignersToo(wish)
    ? signersAuthorityName(rank, publicKey)
    : authorityName(rank, beside !== undefined, publicKey)
}

function importOwn(spki: Uint8Array): PublicKey {
  const imported = importPublicKey(parseSubjectPublicKeyInfo(spki))
  if ('kind' in imported) throw wrong('key', imported.detail)
  return imported
}

function itself(keyId: string, algorithm: KeyAlgorithmName): OwnSigner {
  return { kind: 'self', keyId, signatureAlgorithm: signatureAlgorithmFor(algorithm) }
}

function occasionOf(founding: Founding, newKeyId: string, keyFacts: KeyFacts): Occasion {
  return {
    actor: founding.actor,
    key: undefined,
    newKeyId,
    keyFacts,
    environment: founding.environment,
    enrolment: {
      protocol: 'local',
      operation: 'found',
      entrance: null,
      request: new Uint8Array(),
      proof: 'self',
      credential: null,
      possession: 'none',
      sourceAddress: null,
    },
    reserveWith: () => [],
  }
}

interface Made extends Wish {
  readonly id: string
  readonly keyId: string
  readonly algorithm: KeyAlgorithmName
  readonly facts: KeyFacts
  readonly der: Uint8Array
  readonly founding: Founding
}

async function book(made: Made, ports: IssuingPorts): Promise<Authority> {
  const certificate = parseCertificate(made.der)
  const now = ports.clock.now()
  const stop = now.add(issuingSpan)
  const { notAfter } = certificate
  const authority: Authority = {
    id: made.id,
    version: 1,
    name: made.name,
    kind: made.parent === undefined ? 'root' : 'issuing',
    environment: made.founding.environment,
    algorithm: made.algorithm,
    parent: made.parent?.id ?? null,
    key: made.keyId,
    certificate: made.der,
    certificateSha256: sha256(made.der),
    subjectKeyIdentifier: keyIdentifier(certificate.publicKey.der),
    state: 'active',
    notAfter,
    issueUntil: Temporal.Instant.compare(stop, notAfter) < 0 ? stop : notAfter,
    successor: null,
    createdAt: now,
    ...{
      products: [],
      crlNumberFrom: null,
      origin: isForSignersToo(made) ? 'signers' : null,
      twin: made.beside?.id ?? made.before?.twin ?? null,
      keyEverHere: true,
    },
  }
  const committed = await ports.ledger.commit({
    puts: [{ kind: 'authority', record: authority }],
    events: [
      {
        type: 'authority-made',
        at: now,
        actor: made.founding.actor,
        subjects: [authority.id],
        facts: {
          name: authority.name,
          environment: authority.environment,
          algorithm: authority.algorithm,
          sha256: authority.certificateSha256.toHex(),
          custody: made.facts.custody,
          protection: made.facts.protection,
          exportable: made.facts.exportable,
          moduleCertificate: made.facts.moduleCertificate,
        },
      },
    ],
  })
  if (committed.kind === 'conflict') throw wrong(made.name, `its ${committed.rule} is taken`)
  return authority
}

function wrong(name: string, detail: string): Fault {
  return new Fault('configuration-wrong', `authority ${name} cannot be made: ${detail}`)
}
