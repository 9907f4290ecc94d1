// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { splitEcdsaSignature } from '#format/ecdsa-signature.ts'
import { keyAlgorithms, type SignatureAlgorithm, signatureAlgorithms } from '#trust/algorithms.ts'
import { algorithmFor } from '#trust/artefact/algorithm-for.ts'
import type { ArtefactFormName } from '#trust/artefact/form-names.ts'
import { type DigestName, digestBy } from '#trust/digest-signature.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import type { ArtefactKey, Product, Release, SignedArtefactRecord } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { toBeSignedIn } from '../releases/by-digest.ts'
import { signingStates } from '../releases/keys-of-line.ts'
import { partsOf } from '../releases/parts-of.ts'
import { checkSecurityVersion } from '../releases/security-version.ts'
import { refuseOtherPlan } from '../releases/signing-of.ts'
import { publicKeyOf } from './artefact-key.ts'
import { bookSignature, judged, repeatedSignature } from './book-signature.ts'
import { signDigest, signedBy } from './sign-digest.ts'
import type { ReleaseSigningPorts } from './sign-release.ts'
import type { UsableKey } from './usable-keys.ts'
import { foretoldForms, type WantedByPlans, type WantedSignature } from './wanted-by-plans.ts'

/** What is to be signed: a digest that the asker computed, or the octets themselves. */
export type ToBeSigned =
  | { readonly kind: 'digest'; readonly digest: DigestName; readonly bytes: Uint8Array }
  | { readonly kind: 'message'; readonly bytes: Uint8Array }

export type SignedForWorker =
  | {
      readonly kind: 'signed'
      /** ECDSA in DER, but r and s side by side where the form is Mender's. */
      readonly signature: Uint8Array
      readonly publicKey: PublicKey
      readonly record: SignedArtefactRecord
      readonly form: ArtefactFormName
      readonly isRepeated: boolean
    }
  | Refused

export interface WorkerPorts extends ReleaseSigningPorts {
  readonly wantedByPlans: WantedByPlans
}

/** Releases of a product that are looked at, the newest first: more are not under way at one time. */
const mostReleases = 20

/**
 * Signs what an approved release of the key's product has, or would have signed by this key: the digest of an
 * artefact, or a message that a form of the key signs of it, computed here of the very octets that were approved.
 * Nothing else is signed, whoever asks.
 *
 * Asked again, the same signature comes.
 */
export async function signForWorker(
  key: ArtefactKey,
  asked: ToBeSigned,
  actor: Actor,
  ports: WorkerPorts,
): Promise<SignedForWorker> {
  const { ledger } = ports
  const product = await ledger.read('product', key.product)
  const record = await ledger.read('key', key.key)
  if (product === undefined || record === undefined)
    return refuse('signing-key-missing', `the key of ${key.name} is gone`)
  if (!signingStates.includes(key.state))
    return refuse('key-retired', `signing key ${key.name} is ${key.state}, and signs nothing`)
  const publicKey = publicKeyOf(record)
  if ('reason' in publicKey) return publicKey
  const algorithm = algorithmOf(key, publicKey, ports)
  if ('reason' in algorithm) return algorithm
  const digest = digestFor(key, algorithm, asked)
  const momentary = refuseMomentary(key, ports)
  if (!(digest instanceof Uint8Array)) return momentary ?? digest
  const own = algorithm.digest === null ? undefined : await ofAnArtefact(key, digest, ports)
  if (own !== undefined) {
    const done = await signDigest({ release: own, key, sha256: digest }, actor, ports)
    return done.kind === 'refused' ? done : { ...done, publicKey, form: 'raw' }
  }
  if (momentary !== undefined) return momentary
  const releases = await approvedOf(product, key, ports)
  let no: Refused | undefined
  for (const release of releases) {
    const wanted = await ports.wantedByPlans.of(release, product, key, ports)
    if ('reason' in wanted) {
      no ??= wanted
      continue
    }
    const found = wanted.find((one) => sameBytes(one.digest, digest))
    if (found === undefined) continue
    const done = await signWanted({ release, wanted: found, asked }, actor, ports)
    return done.kind === 'refused' ? done : { ...done, publicKey, form: found.form }
  }
  return refuseUnapproved(key, product, releases, no)
}

/** Where what is signed has the moment of its signing in it, nothing can be foretold. */
function refuseMomentary(key: ArtefactKey, ports: WorkerPorts): Refused | undefined {
  return foretoldForms(key, ports).length > 0
    ? undefined
    : refuse(
        'digest-not-signable',
        `${key.name} signs ${key.forms.join(', ')}, in which the moment of signing is signed, too: use "vitalsign release sign"`,
      )
}

/** What is looked for: a digest as the key signs it, or SHA-256 of a message for keys that sign no digest. */
function digestFor(
  key: ArtefactKey,
  { digest, name }: SignatureAlgorithm,
  asked: ToBeSigned,
): Uint8Array | Refused {
  if (asked.kind === 'message') return digestBy(digest ?? 'sha256', asked.bytes)
  if (digest === null)
    return refuse(
      'digest-not-signable',
      `${name} signs the whole message, and a digest says too little: send the message, or sign through CMS or the outer manifest`,
    )
  return digest === asked.digest
    ? asked.bytes
    : refuse(
        'digest-not-signable',
        `key ${key.name} signs ${digest}, the digest is ${asked.digest}`,
      )
}

/** The forms of one key agree on how it signs: it was made for all of them. */
function algorithmOf(
  { name, forms }: ArtefactKey,
  publicKey: PublicKey,
  ports: WorkerPorts,
): SignatureAlgorithm | Refused {
  for (const form of Object.values(ports.forms)) {
    if (form === undefined || !forms.includes(form.name)) continue
    const algorithm = algorithmFor(form, publicKey)
    return typeof algorithm === 'string' ? signatureAlgorithms[algorithm] : algorithm
  }
  return refuse('signing-key-missing', `signing key ${name} is for no form that is signed here`)
}

const signable: readonly Release['state'][] = ['approved', 'signed', 'published']

async function approvedOf(
  product: Product,
  { environment }: ArtefactKey,
  { ledger }: WorkerPorts,
): Promise<readonly Release[]> {
  const { items } = await ledger.list('release', {
    ...{ by: 'product', equal: [product.id], descending: true, limit: 10 * mostReleases },
    where: { environment },
  })
  return items.filter(({ state }) => signable.includes(state)).slice(0, mostReleases)
}

/** The newest release that has an artefact of this digest, or that says that this key has to sign it. */
async function ofAnArtefact(
  key: ArtefactKey,
  digest: Uint8Array,
  { ledger }: WorkerPorts,
): Promise<Release | undefined> {
  const { items } = await ledger.list('releasePart', {
    ...{ by: 'sha256', equal: [digest], descending: true, limit: 100 },
  })
  const ids = items.flatMap((part) => {
    if (part.role !== 'artefact' || part.slot === null) return []
    const said = toBeSignedIn(part)
    const isOurs = said === undefined ? key.forms.includes('raw') : said.key === key.id
    return isOurs ? [part.release] : []
  })
  const releases = await Promise.all([...new Set(ids)].map((id) => ledger.read('release', id)))
  const { product, environment } = key
  return releases
    .flatMap((one) => one ?? [])
    .filter((one) => one.product === product && one.environment === environment)
    .filter(({ state }) => signable.includes(state))
    .toSorted((one, other) => (one.id < other.id ? 1 : -1))[0]
}

interface Work {
  readonly release: Release
  readonly wanted: WantedSignature
  readonly asked: ToBeSigned
}

async function signWanted({ release, wanted, asked }: Work, actor: Actor, ports: WorkerPorts) {
  const { form, part, usable, digest } = wanted
  const name = `${part.name}.${usable.key.name}.${digest.toHex().slice(0, 16)}.sig`
  const { ledger } = ports
  const hand = await ports.inHand.of(release)
  const there = await ledger.find('signedArtefact', 'name', [release.id, name])
  if (there !== undefined) return repeatedSignature(there, { part, key: usable.key }, ports)
  const no =
    ports.guard.check(ports.clock.now()) ??
    (await checkSecurityVersion(release, ledger)) ??
    (await hand.know(
      'other plan',
      async () => refuseOtherPlan(release, await partsOf(release.id, ledger), ledger),
      (found) => found === undefined,
    )) ??
    (await judged(hand, ports))
  if (no !== undefined) return no
  const signature = await signedBy(usable, { over: asked.kind, bytes: asked.bytes }, ports)
  if (!(signature instanceof Uint8Array)) return signature
  const written = asForm(form, usable, signature)
  const facts = { asForm: form, signedDigest: digest.toHex() }
  return bookSignature({ hand, part, name, usable, signature: written, facts }, actor, ports)
}

/** Clients of Mender write what they are given into the artifact as it is. */
function asForm(form: ArtefactFormName, { signer }: UsableKey, signature: Uint8Array): Uint8Array {
  if (form !== 'mender' || !signer.algorithm.startsWith('ecdsa-')) return signature
  return splitEcdsaSignature(
    signature,
    keyAlgorithms[signer.publicKey.algorithm].materialOctets / 2,
  )
}

function refuseUnapproved(
  key: ArtefactKey,
  product: Product,
  releases: readonly Release[],
  no: Refused | undefined,
): Refused {
  const whole = `no approved release of ${product.name} has these octets, or has them signed by ${key.name}`
  if (releases.length === 0) return refuse('digest-not-approved', `${whole}: none is approved`)
  return refuse('digest-not-approved', no === undefined ? whole : `${whole}: ${no.detail}`)
}
