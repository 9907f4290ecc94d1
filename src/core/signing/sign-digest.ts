// SPDX-License-Identifier: Apache-2.0
import { memorySource } from '#format/archive/byte-source.ts'
import { sameBytes } from '#format/bytes.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import type { SignatureWanted } from '#trust/artefact/form.ts'
import type { ArtefactFormName } from '#trust/artefact/form-names.ts'
import { judgeSpan } from '#trust/artefact/judge-span.ts'
import { sha256 as sha256Of } from '#trust/digest.ts'
import { digestOctets } from '#trust/digest-signature.ts'
import { refuse } from '#trust/refusal.ts'
import { verifyOver } from '#trust/verify-digest.ts'
import type { Actor } from '../audit/event.ts'
import { Fault } from '../fault.ts'
import type { ArtefactKey, Release, ReleasePart } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { isByDigest, isContent, type ToBeSignedPart, toBeSignedIn } from '../releases/by-digest.ts'
import { partsOf } from '../releases/parts-of.ts'
import type { PlanLine } from '../releases/plan-lines.ts'
import { checkSecurityVersion } from '../releases/security-version.ts'
import { submittedSigning } from '../releases/signing-of.ts'
import { endOf, isFormName } from './artefact-key.ts'
import {
  bookSignature,
  type DigestSigned,
  judged,
  type MadeSignature,
  repeatedSignature,
} from './book-signature.ts'
import { signableStates } from './digest-bookings.ts'
import type { ReleaseInHand } from './releases-in-hand.ts'
import type { ReleaseSigningPorts } from './sign-release.ts'
import { type UsableKey, usableKeys } from './usable-keys.ts'

/** A signature over the digest of an artefact, which may never have left the site of its build. */
export interface DigestAsked {
  readonly release: Release
  readonly key: ArtefactKey
  /** SHA-256 of an artefact of the release, or of what is to be signed of one. */
  readonly sha256: Uint8Array
  /** What is to be signed, where that digest does not say it: of keys that sign messages, or longer digests. */
  readonly message?: Uint8Array | undefined
}

/**
 * Signs the digest of an artefact that belongs to an approved release, and of no other octets: whoever has a
 * credential to ask signs nothing that people did not approve. Asked again, the same signature comes.
 */
export async function signDigest(
  { release, key, sha256, message }: DigestAsked,
  actor: Actor,
  ports: ReleaseSigningPorts,
): Promise<DigestSigned> {
  const { ledger } = ports
  if (!signableStates.includes(release.state))
    return refuse(
      'release-state-wrong',
      `${release.id} is ${release.state}; digests are signed of what is approved`,
    )
  const hand = await ports.inHand.of(release)
  const parts = await hand.know('parts', () => partsOf(release.id, ledger), always)
  const ofDigest = parts.filter((one) => one.role === 'artefact' && sameBytes(one.sha256, sha256))
  const part = ofDigest.find((one) => toBeSignedIn(one)?.key === key.id) ?? ofDigest.find(isContent)
  if (part === undefined)
    return refuse('not-found', `${release.id} has no artefact of the digest ${sha256.toHex()}`)
  const name = `${part.name}.${key.name}.sig`
  const [there, falls] = await Promise.all([
    ledger.find('signedArtefact', 'name', [release.id, name]),
    checkSecurityVersion(release, ledger),
  ])
  if (there !== undefined) return repeatedSignature(there, { part, key }, ports)
  const no = ports.guard.check(ports.clock.now()) ?? falls ?? (await judged(hand, ports))
  if (no !== undefined) return no
  const toBeSigned = toBeSignedIn(part)
  if (toBeSigned !== undefined)
    return signAsSaid({ hand, part, name, key, toBeSigned, message }, actor, ports)
  const absent = await refuseAbsent(part, ports)
  if (absent !== undefined) return absent
  const usable = await usableFor(hand, key, 'raw', ports)
  if ('reason' in usable) return usable
  const other = await refuseOtherKey(hand, key, ports)
  if (other !== undefined) return other
  const unfit = refuseUnfit(usable)
  if (unfit !== undefined) return unfit
  const signature = await sign(usable, part, ports)
  if (!(signature instanceof Uint8Array)) return signature
  return bookSignature({ hand, part, name, usable, signature }, actor, ports)
}

const always = () => true

/** Whether the octets are where they were is no matter of records: it is looked at each time, of the one that counts. */
async function refuseAbsent(
  part: ReleasePart,
  { artefacts }: ReleaseSigningPorts,
): Promise<Refused | undefined> {
  return isByDigest(part) || (await artefacts.size(part.sha256)) === part.octets
    ? undefined
    : refuse('artefact-missing', `the octets of ${part.name} are not here`)
}

interface Said extends Pick<MadeSignature, 'hand' | 'part' | 'name'> {
  readonly key: ArtefactKey
  readonly toBeSigned: ToBeSignedPart
  readonly message: Uint8Array | undefined
}

/** Signs what people approved as that which the key signs of an artefact: its digest, or the octets of that digest. */
async function signAsSaid(
  { hand, part, name, key, toBeSigned, message }: Said,
  actor: Actor,
  ports: ReleaseSigningPorts,
): Promise<DigestSigned> {
  const { form, over, of } = toBeSigned
  if (!isFormName(form)) return refuse('signing-plan-wrong', `${form} is no form`)
  const usable = await usableFor(hand, key, form, ports)
  if ('reason' in usable) return usable
  const ended = refuseEnded(usable.key, form, ports)
  if (ended !== undefined) return ended
  const { digest } = signatureAlgorithms[usable.signer.algorithm]
  const isItself = over === 'digest' && digest === 'sha256'
  const bytes = isItself ? part.sha256 : message
  if (bytes === undefined)
    return refuse(
      'digest-not-signable',
      `${usable.signer.algorithm} does not sign a SHA-256: send what it signs, whose digest was approved`,
    )
  if (!isItself && !sameBytes(sha256Of(bytes), part.sha256))
    return refuse('digest-not-approved', `what was sent is not what was approved as ${part.name}`)
  if (over === 'digest' && bytes.length !== (digest === null ? 0 : digestOctets[digest]))
    return refuse(
      'digest-not-signable',
      `${bytes.length} octets are no digest that ${key.name} signs`,
    )
  const signature = await signedBy(usable, { over, bytes }, ports)
  if (!(signature instanceof Uint8Array)) return signature
  const facts = { asForm: form, of, signedDigest: part.sha256.toHex() }
  return bookSignature({ hand, part, name, usable, signature, facts }, actor, ports)
}

/** Whether it may sign was looked up in this epoch; what ends it in any other way is looked up after it has signed. */
function usableFor(
  hand: ReleaseInHand,
  key: ArtefactKey,
  form: ArtefactFormName,
  ports: ReleaseSigningPorts,
): Promise<UsableKey | Refused> {
  return hand.know(
    `usable ${form} ${key.id}`,
    () => findUsable(hand.release, key, form, ports),
    (found) => !('reason' in found),
  )
}

async function findUsable(
  release: Release,
  key: ArtefactKey,
  name: ArtefactFormName,
  ports: ReleaseSigningPorts,
): Promise<UsableKey | Refused> {
  const form = ports.forms[name]
  const product = await ports.ledger.read('product', release.product)
  if (form === undefined || product === undefined)
    return refuse('not-found', `there is no product ${release.product}`)
  const line: PlanLine = {
    ...{ form: name, artefacts: undefined, of: undefined, options: {}, keys: [key.name] },
    ...{ devices: undefined, name: undefined },
  }
  const found = await usableKeys(line, form, { release, product }, ports.ledger)
  if (found.kind === 'refused') return found
  const [usable] = found.keys
  if (usable?.key.id !== key.id)
    return refuse('signing-key-missing', `${key.name} is no key of ${product.name}`)
  return usable
}

/** Of a form whose verifier looks at the clock; what is signed whole is refused when it is read as a device does. */
function refuseEnded(
  key: ArtefactKey,
  form: ArtefactFormName,
  { clock }: ReleaseSigningPorts,
): Refused | undefined {
  const end = endOf(key)
  const asked = { form, setting: undefined, notAfter: end, supportUntil: clock.now() }
  const stranded = judgeSpan({ ...asked, isStamped: false })
  return (
    stranded &&
    refuse(
      stranded.reason,
      `the certificate of signing key ${key.name} ended ${end}, and devices believe nothing that it signs from then on: sign with another key`,
    )
  )
}

/** Who approved it saw which keys may sign its digests. */
async function refuseOtherKey(
  hand: ReleaseInHand,
  { name }: ArtefactKey,
  { ledger }: ReleaseSigningPorts,
): Promise<Refused | undefined> {
  const { release } = hand
  const approved = await hand.know('signing', () => submittedSigning(release, ledger), always)
  if (approved?.bare.some((key) => key.name === name)) return undefined
  return refuse(
    'signing-plan-changed',
    `${name} was not among the keys for bare signatures when ${release.id} was submitted; submit it again and have it approved`,
  )
}

function refuseUnfit(usable: UsableKey): Refused | undefined {
  const { digest } = signatureAlgorithms[usable.signer.algorithm]
  if (digest === 'sha256') return undefined
  return refuse(
    'digest-not-signable',
    digest === null
      ? `${usable.signer.algorithm} signs the whole message, and a digest says too little: send the artefact, or sign through CMS or the outer manifest`
      : `${usable.signer.algorithm} signs ${digest}, and a release knows the SHA-256 of its artefacts`,
  )
}

async function sign(
  usable: UsableKey,
  part: ReleasePart,
  ports: ReleaseSigningPorts,
): Promise<Uint8Array | Refused> {
  const form = ports.forms.raw
  if (form === undefined) return refuse('not-implemented', 'bare signatures are not made here yet')
  const options = { digest: part.sha256.toHex() }
  const plan = await form.plan(memorySource(new Uint8Array()), options, [usable.signer])
  if (plan.kind === 'refused') return plan
  const [wanted] = plan.wanted
  if (wanted === undefined) throw new TypeError('a bare signature without a signature')
  return signedBy(usable, wanted, ports)
}

/** One signature by a key that may sign, held against its public half before anybody sees it. */
export async function signedBy(
  { key, signer: { algorithm, publicKey } }: UsableKey,
  { over, bytes }: Pick<SignatureWanted, 'over' | 'bytes'>,
  ports: ReleaseSigningPorts,
): Promise<Uint8Array | Refused> {
  try {
    const signature = await ports.keys.sign(key.key, bytes, { algorithm, over })
    const row = signatureAlgorithms[algorithm]
    // Whoever asks cannot look at the artefact, and a module of somebody's make may err.
    if (await verifyOver(over, row, publicKey, bytes, signature)) return signature
    return refuse(
      'signing-failed-check',
      `what signing key ${key.name} made is no signature of it; nothing was signed`,
    )
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.code !== 'key-unreachable') throw cause
    return refuse('key-backend-away', `signing key ${key.name} cannot sign just now; ask later`)
  }
}
