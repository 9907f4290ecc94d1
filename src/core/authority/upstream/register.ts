// SPDX-License-Identifier: Apache-2.0
/** Whoever signs for us is registered first, with its authorities and what proves us to it. */

import type { Actor, AuditEvent, EventType } from '#core/audit/event.ts'
import type { KeptKeys } from '#core/authority/signing-key.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Ledger, Put } from '#core/ledger/ledger.ts'
import { settle } from '#core/ledger/settle.ts'
import type { Key, Upstream } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import type { Refused } from '#core/refusal.ts'
import { sameBytes } from '#format/bytes.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import { type KeyPair, parsePrivateKey } from '#trust/private-key.ts'
import { refuse } from '#trust/refusal.ts'
import { importSoundKey } from '#trust/sound-key.ts'
import type { UpstreamDesk } from './desk.ts'
import { authorityEvent, checkAuthority, upstreamAuthority } from './upstream-authorities.ts'

export interface RegisteringPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  readonly keys: KeptKeys
  readonly environment: Key['environment']
  readonly desk: Pick<UpstreamDesk, 'examine'>
  within(milliseconds: number): AbortSignal
}

/** A key with what shows it; the bytes (PKCS #8, DER) stay the caller's. */
export interface NewCredential {
  readonly privateKey: Uint8Array
  /** Leaf first; none where the key alone is the account. */
  readonly chain: readonly Certificate[]
}

export interface NewUpstream
  extends Pick<
    Upstream,
    'name' | 'protocol' | 'address' | 'settings' | 'secretFile' | 'repeatsMinutes'
  > {
  readonly serverRoots: readonly Certificate[]
  readonly credential: NewCredential | undefined
  /** What its certificates shall lead to; none: whatever it says of itself. */
  readonly anchors: readonly Certificate[]
  /** Reads what the upstream says. @throws FormatError */
  read(der: Uint8Array): Certificate
}

export type Registered = { readonly kind: 'registered'; readonly upstream: Upstream } | Refused

const examiningMilliseconds = 20_000

/**
 * Registers an upstream after it was reached once.
 *
 * Its own word about its authorities came over a connection that the given roots vouch for; the event
 * names each by its digest, and an operator can give them instead.
 */
export async function addUpstream(
  asked: NewUpstream,
  actor: Actor,
  ports: RegisteringPorts,
): Promise<Registered> {
  const namesake = await ports.ledger.find('upstream', 'name', [asked.name])
  if (namesake !== undefined)
    return refuse('exists-already', `an upstream named ${asked.name} is here, or was`)
  const id = newId('upstream', ports)
  const credential = await keepCredential(asked.credential, id, ports)
  if (credential.kind === 'refused') return credential
  const draft: Upstream = {
    ...{ id, version: 1, name: asked.name, protocol: asked.protocol, address: asked.address },
    ...{ settings: asked.settings, secretFile: asked.secretFile },
    serverRoots: asked.serverRoots.map(({ der }) => der.toBase64()),
    ...credential.columns,
    ...{ repeatsMinutes: asked.repeatsMinutes, authorities: [], state: 'active' },
    ...{ createdAt: ports.clock.now(), createdBy: actor.id },
  }
  const says = await ports.desk.examine(draft, ports.within(examiningMilliseconds))
  if (says.kind === 'refused') return says
  const certificates =
    asked.anchors.length > 0 ? asked.anchors : says.authorities.map((der) => asked.read(der))
  const known = await authoritiesOf(certificates, draft, ports)
  if (known.kind === 'refused') return known
  const upstream = { ...draft, authorities: known.ids }
  const refused = await settle(
    {
      puts: [...credential.puts, ...known.puts, { kind: 'upstream', record: upstream }],
      events: [...known.events, eventOf('upstream-added', upstream, actor, ports)],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'registered', upstream }
}

/** Proves us to an upstream by another key from now on; the former one stays in the key store, unused. */
export async function changeCredential(
  upstream: Upstream,
  credential: NewCredential,
  actor: Actor,
  ports: RegisteringPorts,
): Promise<Registered> {
  const kept = await keepCredential(credential, upstream.id, ports)
  if (kept.kind === 'refused') return kept
  const record: Upstream = { ...upstream, ...kept.columns, version: upstream.version + 1 }
  const events = [eventOf('upstream-changed', record, actor, ports)]
  const puts: readonly Put[] = [...kept.puts, { kind: 'upstream', record }]
  const refused = await settle({ puts, events }, ports.ledger)
  return refused ?? { kind: 'registered', upstream: record }
}

/** Takes what an upstream says of its authorities now into what its answers may lead to. */
export async function acceptAuthorities(
  upstream: Upstream,
  certificates: readonly Certificate[],
  actor: Actor,
  ports: RegisteringPorts,
): Promise<Registered> {
  const known = await authoritiesOf(certificates, upstream, ports)
  if (known.kind === 'refused') return known
  const authorities = [...new Set([...upstream.authorities, ...known.ids])]
  if (authorities.length === upstream.authorities.length) return { kind: 'registered', upstream }
  const record: Upstream = { ...upstream, version: upstream.version + 1, authorities }
  const events = [...known.events, eventOf('upstream-changed', record, actor, ports)]
  const puts: readonly Put[] = [...known.puts, { kind: 'upstream', record }]
  const refused = await settle({ puts, events }, ports.ledger)
  return refused ?? { kind: 'registered', upstream: record }
}

/** From now on it signs nothing for us, and its authorities are shown to no device. */
export async function removeUpstream(
  upstream: Upstream,
  actor: Actor,
  ports: Pick<RegisteringPorts, 'ledger' | 'clock'>,
): Promise<Registered> {
  const walk = { by: 'upstream', equal: [upstream.id, 'open'] } as const
  const open = await ports.ledger.count('upstreamOrder', walk)
  if (open > 0)
    return refuse('conflict', `${open} requests wait for it; wait until they are answered`)
  const record: Upstream = { ...upstream, version: upstream.version + 1, state: 'removed' }
  const events = [eventOf('upstream-removed', record, actor, ports)]
  const refused = await settle({ puts: [{ kind: 'upstream', record }], events }, ports.ledger)
  return refused ?? { kind: 'registered', upstream: record }
}

type Credential = Pick<Upstream, 'credentialKey' | 'credentialChain' | 'credentialEndsAt'>

type KeptCredential =
  | { readonly kind: 'kept'; readonly columns: Credential; readonly puts: readonly Put[] }
  | Refused

/** The key is kept before anything is booked: a crash in between leaves a key that nobody uses. */
async function keepCredential(
  credential: NewCredential | undefined,
  owner: string,
  ports: RegisteringPorts,
): Promise<KeptCredential> {
  if (credential === undefined) {
    const columns = { credentialKey: null, credentialChain: [], credentialEndsAt: null }
    return { kind: 'kept', columns, puts: [] }
  }
  const read = await parsePrivateKey(credential.privateKey)
  if (read.kind === 'refused') return read
  const [leaf] = credential.chain
  const no = leaf && checkLeaf(leaf, read.pair, ports.clock.now())
  if (no !== undefined) return no
  const { fingerprint } = read.pair.publicKey
  if ((await ports.ledger.find('key', 'fingerprint', [fingerprint])) !== undefined)
    return refuse('key-has-another-owner', 'this key is known here already; make a new one for it')
  const keyId = newId('key', ports)
  await ports.keys.keep(keyId, credential.privateKey, 'authority')
  return {
    kind: 'kept',
    columns: {
      credentialKey: keyId,
      credentialChain: credential.chain.map(({ der }) => der.toBase64()),
      credentialEndsAt: leaf?.notAfter ?? null,
    },
    puts: [{ kind: 'key', record: keyRecord(keyId, read.pair, owner, ports) }],
  }
}

function checkLeaf(leaf: Certificate, pair: KeyPair, now: Temporal.Instant): Refused | undefined {
  const shown = importSoundKey(leaf.publicKey)
  if ('kind' in shown) return shown
  if (!sameBytes(shown.fingerprint, pair.publicKey.fingerprint))
    return refuse('key-malformed', 'the private key is not that of the certificate')
  return Temporal.Instant.compare(leaf.notAfter, now) > 0
    ? undefined
    : refuse('certificate-expired', `the certificate that shall prove us ended at ${leaf.notAfter}`)
}

function keyRecord(id: string, pair: KeyPair, owner: string, ports: RegisteringPorts): Key {
  const { fingerprint, algorithm, bits, spki } = pair.publicKey
  return {
    ...{ id, version: 1, fingerprint, algorithm, bits, spki, owner },
    ...{ origin: 'server', protection: 'software', attested: false, exportable: true },
    ...{ purpose: 'client', environment: ports.environment, state: 'active', custody: null },
    ...{ moduleCertificate: null, activatedAt: ports.clock.now(), deactivateAt: null },
  }
}

type KnownAuthorities =
  | {
      readonly kind: 'known'
      readonly ids: readonly string[]
      readonly puts: readonly Put[]
      readonly events: readonly AuditEvent[]
    }
  | Refused

/** Roots first, so that each finds the one above it; one whose issuer did not come is believed itself. */
async function authoritiesOf(
  certificates: readonly Certificate[],
  { name }: Upstream,
  ports: RegisteringPorts,
): Promise<KnownAuthorities> {
  if (certificates.length === 0)
    return refuse('input-wrong', 'it tells no authorities: give the roots of its certificates')
  const puts: Put[] = []
  const events: AuditEvent[] = []
  const done: { readonly subject: Uint8Array; readonly id: string }[] = []
  for (const certificate of rootsFirst(certificates)) {
    const no = checkAuthority(certificate)
    if (no !== undefined) return no
    const known = await ports.ledger.find('authority', 'certificate', [sha256(certificate.der)])
    if (known !== undefined && known.key !== null)
      return refuse('exists-already', `${known.name} signs here already; it is no upstream`)
    const above = done.find(({ subject }) => sameBytes(subject, certificate.issuer.der))
    const parent = isSelfIssued(certificate) ? null : (above?.id ?? null)
    const record = known ?? upstreamAuthority(certificate, name, parent, ports.environment, ports)
    if (known === undefined) {
      puts.push({ kind: 'authority', record })
      events.push(authorityEvent(record, name))
    }
    done.push({ subject: certificate.subject.der, id: record.id })
  }
  return { kind: 'known', ids: done.map(({ id }) => id), puts, events }
}

function rootsFirst(certificates: readonly Certificate[]): readonly Certificate[] {
  const rest = [...certificates]
  const sorted: Certificate[] = []
  while (rest.length > 0) {
    const at = rest.findIndex(
      (one) =>
        isSelfIssued(one) ||
        !rest.some((other) => other !== one && sameBytes(other.subject.der, one.issuer.der)),
    )
    sorted.push(...rest.splice(Math.max(at, 0), 1))
  }
  return sorted
}

function isSelfIssued({ subject, issuer }: Certificate): boolean {
  return sameBytes(subject.der, issuer.der)
}

function eventOf(
  type: EventType & `upstream-${string}`,
  { id, name, protocol, address }: Upstream,
  actor: Actor,
  { clock }: Pick<RegisteringPorts, 'clock'>,
): AuditEvent {
  return { type, at: clock.now(), actor, subjects: [id], facts: { name, protocol, address } }
}
