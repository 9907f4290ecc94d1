// SPDX-License-Identifier: Apache-2.0
import { shellWord } from '#format/admin/shell-word.ts'
import { encodeSigned } from '#format/x509/certificate.ts'
import { encodeCertificationRequestInfo } from '#format/x509/certification-request.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { type KeyAlgorithmName, signatureAlgorithmFor } from '#trust/algorithms.ts'
import { sha256 } from '#trust/digest.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { KeyLists } from '#trust/weak-keys/key-lists.ts'
import { refuseWeakKey } from '#trust/weak-keys/weak-keys.ts'
import type { Actor } from '../audit/event.ts'
import { Fault } from '../fault.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Authority, AuthorityRequest, Key } from '../ledger/tables.ts'
import { checkKey } from '../policy/check-key.ts'
import { extensionsFor } from '../policy/extensions-for.ts'
import type { Profile } from '../policy/profile.ts'
import { checkFacts, drawSubject } from '../policy/templates.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { keyIdentifier } from './draft.ts'
import type { Custody, KeyFacts, SigningKeys } from './signing-key.ts'
import { authorityName } from './subject-name.ts'

/** An issuing authority that somebody else is to certify. */
export interface AuthorityWish {
  readonly name: string
  readonly algorithm: KeyAlgorithmName
  /** Written into the subject. */
  readonly maker: string
  /** Where its key is made; undefined: in an encrypted file. */
  readonly custody: Custody | undefined
  /** The id of the authority that it will stand beside as a twin, made or asked for. */
  readonly twin: string | null
  readonly environment: Authority['environment']
  /** Draws subject and extensions; who certifies it may grant others. */
  readonly profile: Profile
}

export interface RequestingPorts {
  readonly ledger: Ledger
  readonly keys: SigningKeys
  readonly clock: Clock
  readonly random: Randomness
  readonly keyLists: KeyLists
}

type Requested = { readonly kind: 'requested'; readonly request: AuthorityRequest } | Refused

/**
 * Makes the key of an authority, and the request for its certificate.
 *
 * Asked again while it waits, the very same request is given: the key is made once. A crash between key and
 * booking leaves a key that nobody uses.
 */
export async function requestAuthority(
  wish: AuthorityWish,
  actor: Actor,
  ports: RequestingPorts,
): Promise<Requested> {
  const { ledger } = ports
  const waiting = await ledger.find('authorityRequest', 'openName', [wish.name])
  if (waiting !== undefined) return sameWish(waiting, wish)
  if ((await ledger.find('authority', 'name', [wish.name])) !== undefined)
    return refuse('exists-already', `an authority is named "${wish.name}"; choose another name`)
  const unable = wish.custody && ports.keys.unable?.(wish.algorithm, wish.custody)
  if (unable !== undefined) return refuse('input-wrong', `keysIn: ${unable}`)
  const keyId = newId('key', ports)
  const made = await ports.keys.make(wish.algorithm, keyId, 'authority', wish.custody)
  const publicKey = imported(made.spki)
  const facts = { maker: wish.maker, name: authorityName('issuing', wish.twin !== null, publicKey) }
  const unfit =
    refuseWeakKey(publicKey, ports.keyLists) ??
    checkKey(wish.profile, publicKey) ??
    checkFacts(wish.profile, facts)
  if (unfit !== undefined) return unfit
  const request = await signedRequest(keyId, publicKey, wish.profile, facts, ports)
  return book({ wish, keyId, keyFacts: made.facts, publicKey, request }, actor, ports)
}

function sameWish(waiting: AuthorityRequest, { algorithm, name, twin }: AuthorityWish): Requested {
  if (waiting.algorithm === algorithm && waiting.twin === twin)
    return { kind: 'requested', request: waiting }
  return refuse(
    'exists-already',
    `a request for "${name}" waits already, with a key of ${waiting.algorithm}; withdraw it first: "vitalsign authority withdraw ${shellWord(name)}"`,
  )
}

function imported(spki: Uint8Array): PublicKey {
  const key = importPublicKey(parseSubjectPublicKeyInfo(spki))
  if ('kind' in key) throw new Fault('signing-failed', `the new key does not read: ${key.detail}`)
  return key
}

/** RFC 2986, with what the certificate is wished to say as its extensionRequest (RFC 2985 section 5.4.2). */
async function signedRequest(
  keyId: string,
  { spki, algorithm }: PublicKey,
  profile: Profile,
  facts: { readonly maker: string; readonly name: string },
  { keys }: RequestingPorts,
): Promise<Uint8Array> {
  const info = encodeCertificationRequestInfo({
    subject: drawSubject(profile, facts),
    publicKey: spki,
    extensions: extensionsFor(profile, facts, { subjectKeyIdentifier: keyIdentifier(spki) }),
  })
  const { identifier } = signatureAlgorithmFor(algorithm)
  return encodeSigned(info, identifier, await keys.sign(keyId, info))
}

interface Made {
  readonly wish: AuthorityWish
  readonly keyId: string
  readonly keyFacts: KeyFacts
  readonly publicKey: PublicKey
  readonly request: Uint8Array
}

async function book(
  { wish, keyId, keyFacts, publicKey, request }: Made,
  actor: Actor,
  ports: RequestingPorts,
): Promise<Requested> {
  const now = ports.clock.now()
  const record: AuthorityRequest = {
    ...{ id: newId('authorityRequest', ports), version: 1, name: wish.name, key: keyId },
    authority: newId('authority', ports),
    ...{ algorithm: wish.algorithm, request, requestSha256: sha256(request), twin: wish.twin },
    ...{
      state: 'waiting',
      createdAt: now,
      createdBy: actor.id,
      endedAt: null,
      openName: wish.name,
    },
  }
  const key: Key = {
    ...{ id: keyId, version: 1, owner: record.authority, environment: wish.environment },
    ...{ fingerprint: publicKey.fingerprint, spki: publicKey.spki },
    ...{ algorithm: publicKey.algorithm, bits: publicKey.bits },
    ...keyFacts,
    ...{ attested: false, purpose: 'issuing', state: 'active' },
    ...{ activatedAt: now, deactivateAt: null },
  }
  const refused = await settle(
    {
      puts: [
        { kind: 'key', record: key },
        { kind: 'authorityRequest', record },
      ],
      events: [
        {
          type: 'authority-requested',
          at: now,
          actor,
          subjects: [record.id, record.authority, keyId],
          facts: {
            name: wish.name,
            algorithm: wish.algorithm,
            sha256: record.requestSha256.toHex(),
            custody: keyFacts.custody,
            protection: keyFacts.protection,
            exportable: keyFacts.exportable,
            moduleCertificate: keyFacts.moduleCertificate,
          },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'requested', request: record }
}

/** Gives up a request that waits: its key certifies nothing, ever. */
export async function withdrawRequest(
  name: string,
  actor: Actor,
  { ledger, clock }: Pick<RequestingPorts, 'ledger' | 'clock'>,
): Promise<Requested> {
  const waiting = await ledger.find('authorityRequest', 'openName', [name])
  const key = waiting && (await ledger.read('key', waiting.key))
  if (waiting === undefined || key === undefined)
    return refuse('not-found', `no request for an authority "${name}" waits`)
  const now = clock.now()
  const record: AuthorityRequest = {
    ...waiting,
    ...{ version: waiting.version + 1, state: 'withdrawn', endedAt: now, openName: null },
  }
  const refused = await settle(
    {
      puts: [
        { kind: 'authorityRequest', record },
        { kind: 'key', record: { ...key, version: key.version + 1, state: 'retired' } },
      ],
      events: [
        {
          type: 'authority-request-withdrawn',
          at: now,
          actor,
          subjects: [record.id, record.authority, record.key],
          facts: { name, sha256: record.requestSha256.toHex() },
        },
      ],
    },
    ledger,
  )
  return refused ?? { kind: 'requested', request: record }
}
