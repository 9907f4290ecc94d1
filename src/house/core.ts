// SPDX-License-Identifier: Apache-2.0

import { parseEvent } from '#core/audit/encode-event.ts'
import type { LogStore } from '#core/audit/log-store.ts'
import { RefusalMeter } from '#core/audit/refusal-meter.ts'
import { longestSigning, recoverReserved } from '#core/authority/abandon.ts'
import { claimShard } from '#core/authority/claim-shard.ts'
import { ClockGuard } from '#core/authority/clock-guard.ts'
import type { IssuingPorts } from '#core/authority/issue.ts'
import { type Issuer, readyIssuer } from '#core/authority/issuer.ts'
import { ShardCounter } from '#core/authority/shard-counter.ts'
import type { SigningKeys } from '#core/authority/signing-key.ts'
import type { UpstreamDesk, UpstreamPorts } from '#core/authority/upstream/desk.ts'
import { AnchorSets } from '#core/enrolment/anchors/anchor-sets.ts'
import { type WaitingLimits, waitingLimits } from '#core/enrolment/approval/waiting-limits.ts'
import { Attempts } from '#core/enrolment/attempts.ts'
import { Doors, doorKinds } from '#core/enrolment/doors.ts'
import type { EnrolmentPorts } from '#core/enrolment/enrolment-ports.ts'
import { RegistrarPace } from '#core/enrolment/speakers/pace.ts'
import { RefusedSignatures } from '#core/keywatch/nonces/refused-signatures.ts'
import { SecondOwnerDesk } from '#core/keywatch/second-owners.ts'
import { isForSigners, isOfThisHouse } from '#core/ledger/authority-origin.ts'
import type { Epochs } from '#core/ledger/judged-kinds.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import { deltaCrl } from '#core/ledger/shards.ts'
import type { Kind } from '#core/ledger/tables.ts'
import type { OcspDesk } from '#core/ocsp/desk.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import { epochOf, type Restore, readRestores } from '#core/recovery/epoch.ts'
import { type Learning, type LearningPorts, learnCertificate } from '#core/recovery/learn.ts'
import type { ArtefactStore } from '#core/releases/ports.ts'
import { DigestBookings } from '#core/signing/digest-bookings.ts'
import { ReleasesInHand } from '#core/signing/releases-in-hand.ts'
import type { CertificateRows } from '#core/status-files/certificate-rows.ts'
import { usualBlockSize } from '#core/status-files/make-status-file.ts'
import type { BlockBuilder } from '#core/status-files/refresh-blocks.ts'
import { StampDesk } from '#core/time-stamps/stamp-desk.ts'
import type { StampSource } from '#core/time-stamps/stamp-source.ts'
import { VendorRegister } from '#core/vendors/vendor-trust.ts'
import { KnownPaths } from '#core/verification/known-paths.ts'
import { raise } from '#core/watch/alarm.ts'
import type { News } from '#edge/store/store.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { buildBlock } from '#trust/compact-status/build-block.ts'
import type { KeyLists } from '#trust/weak-keys/key-lists.ts'
import type { Configuration } from './configuration.ts'
import { CrlShelf } from './crl-shelf.ts'
import type { Feed } from './feed.ts'
import { type Installation, ownMaker, readInstallation } from './foundation.ts'
import type { BackendState } from './key-backends.ts'
import { DoorKeeper } from './nodes/door-keeper.ts'
import { foundOnce } from './nodes/found-once.ts'
import type { ThisNode } from './nodes/this-node.ts'
import { openOcsp } from './ocsp.ts'
import { StatusFiles } from './status-files.ts'
import { openStampSource } from './time-stamps.ts'
import { noDesk, type UpstreamHealth, upstreamPorts } from './upstreams.ts'

/** What the machine gives to core. */
export interface Means {
  readonly configuration: Configuration
  readonly ledger: Ledger
  readonly log: LogStore
  readonly rows: CertificateRows
  readonly epochs: Epochs
  /** Where octets of any size are kept. */
  readonly artefacts: ArtefactStore
  /** Builds blocks of status files; absent: on this thread. */
  readonly buildBlock?: BlockBuilder
  readonly keys: SigningKeys
  readonly clock: Clock
  readonly random: Randomness
  readonly feed: Feed
  readonly node: ThisNode
  /** Keys that are known to be weak. */
  readonly keyLists: KeyLists
  /** How the backends that keep keys are doing; absent: there are files only. */
  readonly keyBackends?: () => readonly BackendState[]
  /** Rejects if the passphrase does not open the keys that another node made. */
  readonly checkKeys?: () => Promise<void>
  /** The base of the addresses written into certificates, without a trailing slash. */
  readonly statusUrl: string
  /** How many requests may wait for a person, and how long their devices; undefined: as ever. */
  readonly waiting?: WaitingLimits | undefined
  /** Asks authorities of others; undefined: nobody does. */
  readonly desk?: UpstreamDesk | undefined
  /** Hears of what broke; MUST NOT throw. */
  report(what: string, cause: unknown): void
}

/** Core, ready to be asked: what every edge of the house is made from. */
export interface Core extends EnrolmentPorts {
  readonly installation: Installation
  readonly keeper: DoorKeeper
  readonly shelf: CrlShelf
  readonly ocsp: OcspDesk
  /** Says when a digest was there. */
  readonly timeStamps: StampDesk
  /** Where signatures of releases get their time-stamps. */
  readonly stamps: StampSource
  /** Signatures over digests on their way into the ledger. */
  readonly bookings: DigestBookings
  /** What is known of releases of which digests are being signed. */
  readonly inHand: ReleasesInHand
  /** What those read who cannot ask. */
  readonly statusFiles: StatusFiles
  readonly rows: CertificateRows
  readonly artefacts: ArtefactStore
  /** The largest artefact that may be uploaded, in octets. */
  readonly artefactLimit: number
  readonly anchors: AnchorSets
  /** Whose chips are believed. */
  readonly vendors: VendorRegister
  /** Which paths of certificates were validated lately. */
  readonly paths: KnownPaths
  /** How the backends that keep keys are doing. */
  keyBackends(): readonly BackendState[]
  /** This process's name among the nodes, new at each start. */
  readonly node: string
  readonly thisNode: ThisNode
  /** Every restore of this installation, the first first. */
  readonly restores: readonly Restore[]
  readonly upstreams: UpstreamPorts & { readonly health: UpstreamHealth }
  /** Signatures of requests that were refused, until the watch on nonces takes them. */
  readonly signatures: RefusedSignatures
  /** Certificates whose signing an earlier crash cut off, abandoned at this start. */
  readonly recovered: number
}

/**
 * Founds or recovers the installation, and readies core.
 *
 * The clock is checked against the last event before anything is signed; what a crash left half done
 * is abandoned and put on the CRL before any door opens.
 */
export async function openCore(means: Means): Promise<Core> {
  const { configuration, feed, clock, random, keys, node, report } = means
  const ledger = feed.announcing(means.ledger)
  // Whatever is remembered is listened to before it is read, so that nothing falls between.
  const guard = new ClockGuard(
    Temporal.Instant.fromEpochMilliseconds(0),
    () => node.aheadMilliseconds,
  )
  // A node whose clock runs ahead stops itself; what it books must not stop the others.
  const observe = (at: Temporal.Instant) =>
    guard.observe(node.isShared ? earlier(at, node.sharedClock.now()) : at)
  feed.follow(({ events }) => {
    for (const { at } of events) observe(at)
  })
  feed.followElsewhere(async (news) => {
    if (news.kind === 'missed') observe(await latestDeed(means))
    else for (const { at } of news.events) observe(at)
  })
  observe(await latestDeed(means))
  // A node that was told no public address still writes the one of the installation.
  const founded = await readInstallation(ledger)
  const statusUrl = founded?.publicUrl ?? means.statusUrl
  const crlUrl = (authority: string, shard: number) =>
    `${statusUrl}/crl/${authority}/${shard === deltaCrl ? 'delta' : shard}.crl`
  const doors = new Doors(ledger)
  const keeper = new DoorKeeper({ doors, elsewhere: feed, report, pause })
  const issuing: IssuingPorts = {
    ...{ ledger, keys, clock, random, guard, demandCurrent: keeper.demandCurrent },
    keyLists: means.keyLists,
    pointers: {
      ...{ crlUrl, issuerUrl: (authority) => `${statusUrl}/ca/${authority}.crt` },
      ocspUrl: `${statusUrl}/ocsp`,
    },
    shards: new ShardCounter(() => claimShard({ ledger, clock, random })),
  }
  const anchors = new AnchorSets({ ledger, clock, random, doors })
  const renewAnchors = () =>
    anchors.refresh().catch((cause) => report('the anchor sets could not be renewed', cause))
  // What another node signs just now is no leftover.
  const alone = await node.isAlone()
  const leftBefore = alone ? undefined : clock.now().subtract(longestSigning)
  const recovered = await recoverReserved(issuing, leftBefore)
  const installation = await foundOnce(configuration, node, { ...issuing, pause })
  await means.checkKeys?.()
  feed.follow(({ puts, events }) => {
    const changed = puts.find(({ kind }) => doorKinds.includes(kind))
    if (changed === undefined) return undefined
    if (events.length === 0)
      report(
        'other nodes cannot hear of a change',
        new TypeError(`of a ${changed.kind}, without events`),
      )
    return keeper.renew().then(renewAnchors)
  })
  const { environment } = installation
  const maker = ownMaker(installation)
  const ocsp = openOcsp({ ...issuing, doors, environment, maker, report }, feed)
  const timeStamps = new StampDesk({ ...issuing, environment, maker, report, pause })
  const publishing = { ledger, keys, clock, random, guard, crlUrl, report }
  const shelf = new CrlShelf({ ...publishing, authorities: doors })
  feed.followElsewhere(async (news) => {
    if (touches(news, doorKinds)) await keeper.renew()
    await shelf.hearElsewhere(news)
  })
  await doors.reload()
  await renewAnchors()
  await shelf.begin(doors.own)
  feed.follow((change) => shelf.hear(change))
  const restores = await readRestores(ledger)
  const statusFiles = new StatusFiles({
    ...{ ...issuing, doors, report, restores, responders: ocsp.responders },
    ...{ rows: means.rows, blockSize: usualBlockSize },
    build: means.buildBlock ?? (async (...input) => buildBlock(...input)),
  })
  feed.follow((change) => statusFiles.hear(change))
  feed.followElsewhere((news) => statusFiles.hearElsewhere(news))
  const learning = { ledger, clock, random, environment, restores, issuers: () => doors.own }
  return {
    ...issuing,
    ...{
      installation,
      doors,
      keeper,
      shelf,
      ocsp,
      timeStamps,
      stamps: openStampSource(configuration, timeStamps, random, means.clock),
      statusFiles,
      rows: means.rows,
      artefacts: means.artefacts,
      artefactLimit: configuration.artefactLimit,
      anchors,
      recovered,
      restores,
      node: node.name,
      thisNode: node,
    },
    environment,
    vendors: new VendorRegister(ledger),
    paths: new KnownPaths(),
    ...{ bookings: new DigestBookings(), inHand: new ReleasesInHand(means.epochs) },
    upstreams: upstreamPorts(means.desk ?? noDesk, doors, { ledger, clock, random }, report),
    ...(restores.length > 0 && {
      learn: (certificate: Certificate) => learnAndTell(certificate, learning, report),
    }),
    attempts: new Attempts(),
    registrarPace: new RegistrarPace(),
    signatures: new RefusedSignatures(),
    secondOwners: new SecondOwnerDesk({ ledger, clock, random, environment, report }),
    waiting: means.waiting ?? waitingLimits,
    refusals: new RefusalMeter({ clock, write: (events) => ledger.commit({ puts: [], events }) }),
    keyBackends: means.keyBackends ?? (() => []),
    pause,
  }
}

/** An operator hears that devices taught something; a device is not held up if that cannot be told. */
async function learnAndTell(
  certificate: Certificate,
  ports: LearningPorts,
  report: Means['report'],
): Promise<Learning> {
  const learning = await learnCertificate(certificate, ports)
  if (learning.kind !== 'learnt') return learning
  const epoch = epochOf(ports.restores)
  const count = await ports.ledger.count('learnt', { by: 'epoch', equal: [epoch] })
  await raise(
    {
      ...{ kind: 'certificates-learnt', subject: `epoch ${epoch}`, severity: 'notice' },
      text: `${count} certificate${count === 1 ? '' : 's'} of the time that the restore lost, learnt from devices`,
      facts: { epoch, count },
    },
    ports,
  ).catch((cause) => report('an alarm could not be raised', cause))
  return learning
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

/** Whether another node may have written a record of one of these kinds. */
export function touches(news: News, kinds: readonly Kind[]): boolean {
  return news.kind === 'missed' || kinds.some((kind) => news.kinds.has(kind))
}

/** The house's own issuing authority, of the usual chain or of the twins': the newest that works for it and may still issue. */
export function ownIssuer(
  { doors, clock }: Pick<Core, 'doors' | 'clock'>,
  ofTwins = false,
): Issuer | undefined {
  const now = clock.now()
  const authority = doors.own.findLast(
    ({ kind, state, issueUntil, origin, twin }) =>
      kind === 'issuing' &&
      state === 'active' &&
      isOfThisHouse({ origin }) &&
      !isForSigners({ origin }) &&
      (twin !== null) === ofTwins &&
      Temporal.Instant.compare(now, issueUntil) < 0,
  )
  return authority && readyIssuer(authority)
}

/** When something was last booked; the beginning of time for an empty ledger. */
async function latestDeed({ log, ledger }: Means): Promise<Temporal.Instant> {
  // What waits is what the last fraction of a second left; after a longer halt of the log, certificates
  // still say how late it was.
  const waiting = (await log.waiting(1000)).map(({ bytes }) => bytes)
  const { size } = await log.head()
  const last = size === 0 ? [] : await log.events(size - 1, 1)
  const bodies = [...waiting, ...last.flatMap(({ body }) => (body === null ? [] : [body.bytes]))]
  const { items } = await ledger.list('certificate', { descending: true, limit: 1 })
  const times = [
    ...bodies.map((bytes) => parseEvent(bytes).at),
    ...items.map(({ reservedAt }) => reservedAt),
  ]
  return times.reduce(
    (latest, at) => (Temporal.Instant.compare(at, latest) > 0 ? at : latest),
    Temporal.Instant.fromEpochMilliseconds(0),
  )
}

function earlier(left: Temporal.Instant, right: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(left, right) < 0 ? left : right
}
