// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { formatName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import { noShard } from '../ledger/shards.ts'
import type { Authority, AuthorityRequest, CertificateRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { keyIdentifier } from './draft.ts'
import { checkMarks } from './environment-mark.ts'
import { judgeChain, type SoundChain } from './judge-chain.ts'

/** A certificate that came back for a request of ours. */
export interface Installation {
  readonly request: AuthorityRequest
  /** Its own certificate first, the root last. */
  readonly chain: readonly Certificate[]
  readonly environment: Authority['environment']
  readonly origin: 'installed' | 'ceremony'
  /** What the root is called here, if it is not here yet. */
  readonly rootName: string
}

export interface InstallingPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

/** What the installation changes; nothing is written yet. */
export interface InstallationPlan {
  readonly kind: 'plan'
  readonly authority: Authority
  readonly root: Authority
  readonly puts: readonly Put[]
  readonly events: readonly AuditEvent[]
}

/** How long an authority of a trial issues, whatever its certificate says. */
const trialSpan = Temporal.Duration.from({ hours: 90 * 24 })
/** How long an issuing authority signs new certificates before it only signs status (standards.md 2.3). */
const issuingSpan = Temporal.Duration.from({ hours: 3 * 365 * 24 })

/**
 * Judges the certificate of an authority whose key was made here, and plans what books it.
 *
 * @param before what the same change installs already: roots that several authorities have above them, and
 *   the authority that a twin stands beside
 */
export async function planInstallation(
  asked: Installation,
  actor: Actor,
  ports: InstallingPorts,
  before: readonly Authority[] = [],
): Promise<InstallationPlan | Refused> {
  const { request, environment } = asked
  const chain = await judgeChain(asked.chain, ports.clock.now())
  if (chain.kind === 'refused') return chain
  const key = await ports.ledger.read('key', request.key)
  if (key?.fingerprint.toHex() !== chain.publicKey.fingerprint.toHex()) {
    return refuse(
      'key-not-requested',
      `the certificate is of another key than the request for "${request.name}"; ask for one by the request itself: "vitalsign authority requests"`,
    )
  }
  const marked = checkMarks(asked.chain, environment)
  if (marked !== undefined) return marked
  const above = await planAbove(asked, chain, actor, ports, before)
  if ('reason' in above) return above
  const own = planOwn(asked, chain, above.parent, actor, ports)
  return {
    kind: 'plan',
    ...{ authority: own.authority, root: above.root },
    puts: [...above.puts, ...own.puts],
    events: [...above.events, ...own.events],
  }
}

type Above = {
  readonly root: Authority
  readonly parent: string
  readonly puts: readonly Put[]
  readonly events: readonly AuditEvent[]
}

/** The authorities above, the root first; those that are here already serve again. */
async function planAbove(
  asked: Installation,
  { above }: SoundChain,
  actor: Actor,
  ports: InstallingPorts,
  before: readonly Authority[],
): Promise<Above | Refused> {
  const puts: Put[] = []
  const events: AuditEvent[] = []
  let parent: Authority | undefined
  let root: Authority | undefined
  for (const [level, certificate] of above.toReversed().entries()) {
    const digest = sha256(certificate.der)
    const known: Authority | undefined =
      before.find((one) => one.certificateSha256.toHex() === digest.toHex()) ??
      (await ports.ledger.find('authority', 'certificate', [digest]))
    const one = known ?? (await recordAbove(asked, certificate, level, parent, ports, before))
    if ('reason' in one) return one
    if (one.environment !== asked.environment) {
      return refuse(
        'environment-wrong',
        `${one.name} is of a ${one.environment} installation, this is a ${asked.environment} one`,
      )
    }
    if (known === undefined) {
      const facts = { name: one.name, sha256: digest.toHex(), origin: asked.origin }
      puts.push({ kind: 'authority', record: one })
      const event = { type: 'authority-installed', at: one.createdAt, actor, facts } as const
      events.push({ ...event, subjects: [one.id] })
    }
    root ??= one
    parent = one
  }
  if (root === undefined || parent === undefined) throw new TypeError('a chain has a root')
  return { root, parent: parent.id, puts, events }
}

/** A root as such; what stands between it and us is there for the chain alone. */
async function recordAbove(
  asked: Installation,
  certificate: Certificate,
  level: number,
  parent: Authority | undefined,
  ports: InstallingPorts,
  before: readonly Authority[],
): Promise<Authority | Refused> {
  const isRoot = parent === undefined
  const name = isRoot ? asked.rootName : `${asked.request.name}-above-${level}`
  if ((await ports.ledger.find('authority', 'name', [name])) !== undefined) {
    return refuse(
      'exists-already',
      `an authority named ${name} is here already, with another certificate`,
    )
  }
  const twin = isRoot ? await besideOf(asked.request, ports, before) : null
  if (twin !== null && typeof twin !== 'string') return twin
  const publicKey = importPublicKey(certificate.publicKey)
  const known =
    'kind' in publicKey
      ? undefined
      : await ports.ledger.find('key', 'fingerprint', [publicKey.fingerprint])
  return {
    ...{ id: newId('authority', ports), version: 1, name, environment: asked.environment },
    kind: isRoot ? 'root' : 'foreign',
    algorithm: 'kind' in publicKey ? 'unknown' : publicKey.algorithm,
    ...{ parent: parent?.id ?? null, key: null, state: 'active', products: [], successor: null },
    ...encodingOf(certificate),
    ...{ notAfter: certificate.notAfter, issueUntil: certificate.notAfter },
    ...{ createdAt: ports.clock.now(), crlNumberFrom: null, origin: asked.origin, twin },
    // Under whichever name: a key that this ledger ever knew was on a server.
    keyEverHere: known !== undefined,
  }
}

/** For a twin: the root above the authority that it stands beside. */
async function besideOf(
  { twin, name }: AuthorityRequest,
  { ledger }: InstallingPorts,
  before: readonly Authority[],
): Promise<string | null | Refused> {
  if (twin === null) return null
  const read = async (id: string) =>
    before.find((one) => one.id === id) ?? (await ledger.read('authority', id))
  let above = await read(twin)
  if (above === undefined) {
    return refuse(
      'not-found',
      `"${name}" is a twin; install the authority that it stands beside first`,
    )
  }
  for (let next = above; next.parent !== null; ) {
    const parent = await read(next.parent)
    if (parent === undefined) break
    above = next = parent
  }
  return above.id
}

function planOwn(
  { request, environment, origin }: Installation,
  { own, publicKey }: SoundChain,
  parent: string,
  actor: Actor,
  ports: InstallingPorts,
) {
  const now = ports.clock.now()
  const stop = now.add(environment === 'trial' ? trialSpan : issuingSpan)
  const { notAfter } = own
  const authority: Authority = {
    ...{ id: request.authority, version: 1, name: request.name, kind: 'issuing', environment },
    ...{ algorithm: publicKey.algorithm, parent, key: request.key, state: 'active' },
    ...encodingOf(own),
    ...{ notAfter, issueUntil: Temporal.Instant.compare(stop, notAfter) < 0 ? stop : notAfter },
    ...{ successor: null, createdAt: now, products: [], crlNumberFrom: null },
    ...{ origin, twin: request.twin, keyEverHere: true },
  }
  const certificate = certificateRecord(authority, own, request, ports)
  const done: AuthorityRequest = {
    ...request,
    ...{ version: request.version + 1, state: 'installed', endedAt: now, openName: null },
  }
  const { sha256: digest } = certificate
  const puts: readonly Put[] = [
    { kind: 'authority', record: authority },
    { kind: 'authorityRequest', record: done },
    { kind: 'certificate', record: certificate },
    { kind: 'encoding', record: { id: certificate.id, version: 1, der: own.der } },
  ]
  const events: readonly AuditEvent[] = [
    {
      type: 'authority-installed',
      at: now,
      actor,
      subjects: [authority.id, request.id, parent],
      facts: {
        ...{ name: authority.name, sha256: authority.certificateSha256.toHex(), origin },
        ...{ algorithm: authority.algorithm, environment },
        request: request.requestSha256.toHex(),
      },
    },
    {
      type: 'certificate-adopted',
      at: now,
      actor,
      subjects: [certificate.id, authority.id, parent, request.key],
      facts: {
        serialNumber: certificate.serialNumber.toHex(),
        sha256: digest?.toHex() ?? '',
        subject: certificate.subject,
        notAfter: certificate.notAfter.toString(),
      },
    },
  ]
  return { authority, puts, events }
}

function certificateRecord(
  { id: owner, parent, algorithm }: Authority,
  own: Certificate,
  { key }: AuthorityRequest,
  ports: InstallingPorts,
): CertificateRecord {
  return {
    ...{ id: newId('certificate', ports), version: 1, kind: 'issuing', authority: parent ?? owner },
    ...{ serialNumber: own.serialNumber, profile: 'installed', profileVersion: 0, enrolment: null },
    ...{ owner, product: null, subject: formatName(own.subject), deviceSerial: null, lot: null },
    ...{ key, algorithm, state: 'issued', notBefore: own.notBefore, notAfter: own.notAfter },
    // Its issuer's lists are made elsewhere.
    ...{ toBeSignedSha256: sha256(own.tbs), sha256: sha256(own.der), shard: noShard },
    ...{ reservedAt: ports.clock.now(), issuedAt: own.notBefore, usedAt: null, replaces: null },
    ...{ revokedAt: null, revocationReason: null, revocation: null, retiresAt: null },
  }
}

function encodingOf({ der, extensions, publicKey }: Certificate) {
  return {
    certificate: der,
    certificateSha256: sha256(der),
    subjectKeyIdentifier:
      readExtension(extensions, 'subjectKeyIdentifier') ?? keyIdentifier(publicKey.der),
  }
}
