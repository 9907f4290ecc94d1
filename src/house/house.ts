// SPDX-License-Identifier: Apache-2.0
/** The only place that sees all: it makes the parts and hands them to each other, nothing more. */
import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { exportLog } from '#core/audit/export-log.ts'
import type { LogStore } from '#core/audit/log-store.ts'
import { sequenceOnce } from '#core/audit/sequencer.ts'
import type { SigningKeys } from '#core/authority/signing-key.ts'
import type { WaitingLimits } from '#core/enrolment/approval/waiting-limits.ts'
import type { Fault } from '#core/fault.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { AuthorityRequest } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import { openArtefactDirectory } from '#edge/artefacts/directory-store.ts'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { runJobs } from '#edge/clock/run-jobs.ts'
import { systemClock } from '#edge/clock/system-clock.ts'
import {
  type DeviceFrontOptions,
  openDeviceFront,
  type TlsIdentity,
} from '#edge/http/device-front.ts'
import type { ListenAddress } from '#edge/http/front.ts'
import { deviceLimits, statusLimits } from '#edge/http/limits.ts'
import type { RequestSeen } from '#edge/http/seen.ts'
import { openStatusFront } from '#edge/http/status-front.ts'
import type { Cost } from '#edge/keystore/derivation.ts'
import { holdDirectory } from '#edge/store/directory-lock.ts'
import type { Elsewhere } from '#edge/store/store.ts'
import { awaitedAuthorities, writeRequests } from './awaited.ts'
import { ThreadedBlockBuilder } from './block-builder.ts'
import { Closers, type Report } from './closers.ts'
import { type Configuration, statusUrl, urlOf } from './configuration.ts'
import { type Core, openCore, touches } from './core.ts'
import {
  type ClosableDesk,
  EnforcementRunner,
  enforcementJobs,
  integrationDesk,
} from './enforcement.ts'
import { Feed } from './feed.ts'
import { deviceRoutes, publicRoutes } from './fronts.ts'
import { jobsOf } from './jobs.ts'
import { keyPlaces, openKept } from './kept.ts'
import { HouseKeyLists, keyListJob } from './key-lists.ts'
import { keyMakerOf } from './key-maker.ts'
import { KeyWatch } from './keywatch/runner.ts'
import { signatureJobs } from './keywatch/signature-jobs.ts'
import { LogRunner, sequenceAnywhere, sequencerOf } from './log-runner.ts'
import type { PortName } from './logging.ts'
import { HouseMetrics } from './metrics.ts'
import {
  frontSource,
  houseSources,
  identitySource,
  processSource,
  readinessSource,
} from './metrics-sources.ts'
import { beginNode, factsOf } from './nodes/this-node.ts'
import { openKeyBackends } from './open-key-backends.ts'
import { openOperatorSide } from './operator-side.ts'
import { knownProxies, passingProxies } from './proxies.ts'
import { settleWhenPublished } from './published.ts'
import { readinessOf } from './readiness.ts'
import { ServerIdentities } from './server-identity-ports.ts'
import { ShownIdentity } from './shown-identity.ts'
import { noteStart, noteStop } from './start-events.ts'
import { TlsIdentityFile } from './tls-identity-file.ts'
import { noteTlsSettings } from './tls-settings-event.ts'
import { challengeAnswer, upstreamDesk, upstreamJobs, upstreamSecrets } from './upstreams.ts'
import { programVersion } from './version.ts'
import { watchJobs } from './watch.ts'
import { watchBackends } from './watch-backends.ts'

/** An open house: it serves until it is closed. */
export interface House {
  readonly core: Core
  readonly log: LogStore
  /** Hears of each change right after it became durable. */
  readonly feed: Feed
  readonly addresses: {
    readonly devices: ListenAddress
    readonly operators: ListenAddress
    readonly status: ListenAddress
    /** For proxies that pass TLS through, if any do. */
    readonly proxied: ListenAddress | undefined
    /** For devices that know no TLS 1.3, if the configuration lets them in. */
    readonly legacy: ListenAddress | undefined
  }
  /**
   * Authorities whose certificates are awaited from a root elsewhere. While there are any and none issues
   * yet, no device is served, and the devices' address is the one that will be.
   */
  readonly awaits: readonly AuthorityRequest[]
  /** The path of the local administrator's socket. */
  readonly socket: string
  /** The link by which the first administrator claims it; undefined if it is claimed. */
  readonly claimLink: string | undefined
  /** Numbers and signs now all that was committed. */
  sequence(): Promise<void>
  /** The log with its ledger as one file, in pieces, for the offline verifier. */
  exportLog(): AsyncIterable<Uint8Array>
  /** Resolves if it can book nothing more: whoever runs it should end it. */
  readonly broken: Promise<Fault>
  close(): Promise<void>
}

/** What tests and crash harnesses put in the place of the machine's own. */
export interface Replacements {
  readonly clock?: Clock
  readonly random?: Randomness
  /** What unlocking costs. */
  readonly keyCost?: Cost
  readonly wrapLedger?: (ledger: Ledger) => Ledger
  readonly wrapElsewhere?: (elsewhere: Elsewhere) => Elsewhere
  readonly wrapKeys?: (keys: SigningKeys) => SigningKeys
  /** Hears of each request that was answered; MUST NOT throw. */
  readonly journal?: (port: PortName, seen: RequestSeen) => void
  /** How many requests may wait for a person, and how long their devices. */
  readonly waiting?: WaitingLimits | undefined
  /** Who speaks to brokers and programs. */
  readonly integrations?: ClosableDesk
  /** How timed work waits for its time. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

/**
 * Opens everything; what opened is closed again if a later part does not.
 *
 * @throws Fault with what to do about it
 */
export async function openHouse(
  configuration: Configuration,
  report: Report,
  replacements: Replacements = {},
): Promise<House> {
  const closers = new Closers(report)
  try {
    return await open(configuration, report, replacements, closers)
  } catch (error) {
    await closers.close()
    throw error
  }
}

/**
 * The order is the safety property: nobody else in the directory; keys before anything needs them;
 * core founded or recovered before a door for devices opens. Only the status port opens earlier, since
 * its address is written into the first certificate; its requests wait.
 */
async function open(
  configuration: Configuration,
  report: Report,
  replacements: Replacements,
  closers: Closers,
): Promise<House> {
  const { data } = configuration
  const { clock = systemClock, random = systemRandomness } = replacements
  // SQLite makes its files with the mode that the process gives: nobody else's, wherever DIR came from.
  process.umask(0o077)
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const lock = holdDirectory(data, clock)
  closers.add(() => lock.release())
  const { keyCost } = replacements
  const { store, keystore } = await openKept(configuration, { clock, random, keyCost })
  closers.add(() => store.close())
  const backends = await openKeyBackends(configuration, {
    ...{ keystore, random, report, ledger: store.ledger },
  })
  closers.add(() => backends.close())
  const keys = replacements.wrapKeys?.(backends) ?? backends

  const opened = Promise.withResolvers<Core>()
  opened.promise.catch(() => {}) // whoever waits hears of it, and so does our caller, below
  const wrapped = replacements.wrapLedger?.(store.ledger) ?? store.ledger
  let doors: 'opening' | 'open' | 'closing' = 'opening'
  let core: Core | undefined
  const readiness = () =>
    readinessOf({
      ...{ clock, ledger: wrapped, doors: () => doors, core: () => core },
      keysAway: () => backends.away(),
    })
  const metrics = new HouseMetrics({
    ...{ readers: configuration.metricsFrom, journal: replacements.journal },
    report,
  })
  const status = await openStatusFront({
    listen: configuration.statusListen,
    routes: publicRoutes({
      clock,
      log: store.log,
      core: opened.promise,
      readiness,
      metrics: metrics.route,
      challenge: async (token) => challengeAnswer(token, await opened.promise, keystore),
      report: (cause) => report('OCSP could not be answered', cause),
    }),
    witness: metrics.witness('status'),
    ...{ limits: statusLimits, random },
    report: ({ cause, ...facts }) => report('a request broke on the status port', cause, facts),
  })
  closers.add(() => status.close())
  const feed = new Feed((cause) => report('a change could not be told on', cause))
  closers.add(feed.hear(replacements.wrapElsewhere?.(store.elsewhere) ?? store.elsewhere))
  feed.followElsewhere((news) =>
    touches(news, ['authority', 'setting']) ? keystore.refresh() : undefined,
  )
  const ledger = metrics.measuring(wrapped)
  const node = await beginNode(factsOf(configuration), {
    ...{ ledger, clock, random, shared: store.shared },
  })
  // Closed behind every door: only who signs nothing any more has stopped.
  closers.add(() => node.end())
  const keyLists = await HouseKeyLists.open(data)
  closers.add(() => keyLists.close())
  const artefacts = await openArtefactDirectory(configuration.artefacts, random)
  const blocks = new ThreadedBlockBuilder()
  closers.add(() => blocks.close())
  core = await openCore({
    ...{ configuration, ledger, keys, clock, random, feed, node, log: store.log, report },
    ...{ rows: store.rows, epochs: store.epochs, artefacts, buildBlock: blocks.build, keyLists },
    // A node that waited while another founded may have been given another passphrase.
    checkKeys: () => keystore.checkPassphrase(),
    keyBackends: () => backends.states(),
    statusUrl: statusUrl(configuration, status.address),
    waiting: replacements.waiting,
    desk: upstreamDesk({ clock, random, keys: keystore, secrets: upstreamSecrets(data) }),
  }).catch((error: unknown) => {
    opened.reject(error)
    throw error
  })
  opened.resolve(core)
  closers.add(() => core?.keeper.close())
  const backendWatch = watchBackends(backends, core, report)
  closers.add(() => backendWatch.close())
  metrics.follow(feed)
  closers.add(settleWhenPublished(core, feed, report))

  const sequencer = sequencerOf(core.installation, store.log, keys, node)
  const log = new LogRunner(
    feed,
    () => sequenceOnce(sequencer),
    (cause) => report('the log could not be numbered', cause),
  )
  closers.add(() => log.close())
  log.wake()

  const identities = new ServerIdentities(
    configuration,
    core,
    (name) => new TlsIdentityFile(keyPlaces(data).keys, keystore, random, name),
  )
  const addresses: Addresses = {
    ...{ devices: '', legacy: null, operators: '', status: urlOf('http', status.address) },
  }
  const keyWatch = new KeyWatch(core, feed, data, report)
  closers.add(() => keyWatch.close())
  const desk = replacements.integrations ?? integrationDesk(core, data)
  closers.add(() => desk.close())
  const operators = await openOperatorSide({
    ...{ configuration, core, log: store.log, sequencer, feed, keys: keystore, desk, keyWatch },
    backup: {
      dump: () => store.dump(),
      sealed: store.shared?.sealed,
      sequence: () => sequenceAnywhere(sequencer),
    },
    facts: {
      ...{ configuration, version: programVersion(), startedAt: clock.now() },
      addresses: () => addresses,
    },
    witness: (port) => metrics.witness(port),
    report: ({ cause, ...facts }) => report('an operation broke', cause, facts),
  })
  closers.add(() => operators.close())
  addresses.operators = urlOf('http', operators.address)
  const common = {
    ...{ core, log: store.log, feed, socket: operators.socket, claimLink: operators.claimLink },
    sequence: () => sequenceAnywhere(sequencer),
    exportLog: () =>
      exportLog({
        ...{ store: store.log, signer: sequencer.signer },
        sequence: () => sequenceAnywhere(sequencer),
      }),
    ...{ broken: store.broken, close: () => closers.close() },
  }
  const awaits = await awaitedAuthorities(core)
  if (awaits.length > 0) {
    // Nothing can prove this server to a device yet; whoever brings the certificates comes by the socket.
    await writeRequests(data, awaits)
    const known = { operators: operators.address, status: status.address }
    return { ...common, awaits, addresses: { ...known, ...waitingDoors(configuration) } }
  }
  const first = await identities.open()
  const alike: Omit<DeviceFrontOptions, 'listen'> = {
    routes: deviceRoutes(core, () => keyMakerOf(identities.usual)),
    ...{ limits: deviceLimits, random },
    report: ({ cause, ...facts }) => report('a request broke on the device port', cause, facts),
    identity: first,
    adminHandler: operators.machineHandler,
    proxies: knownProxies(core),
  }
  const devices = await openDeviceFront({
    ...{ ...alike, listen: configuration.listen, witness: metrics.witness('devices') },
    proxied: passingProxies(configuration, core, report),
  })
  closers.add(() => devices.close())
  addresses.devices = urlOf('https', devices.address)
  const { legacyListen } = configuration
  const legacy =
    legacyListen &&
    (await openDeviceFront({
      ...{ ...alike, listen: legacyListen, witness: metrics.witness('legacy') },
      settings: 'legacy',
    }))
  if (legacy !== undefined) {
    closers.add(() => legacy.close())
    addresses.legacy = urlOf('https', legacy.address)
  }
  const swap = (identity: TlsIdentity) => {
    devices.swapIdentity(identity)
    legacy?.swapIdentity(identity)
  }
  const shown = new ShownIdentity({ identities, first, swap })
  shown.follow(feed, report)
  const { legacy: _, ...announced } = addresses
  await node.announce(announced)
  const timed = jobsOf(core, {
    renewIdentity: () => shown.renew(),
    beat: () => node.beat({ keyLists: keyLists.digest }),
  })
  const enforcement = new EnforcementRunner(core, desk, feed, report)
  closers.add(() => enforcement.close())
  const more = [
    ...[...watchJobs(core, data), ...upstreamJobs(core), ...enforcementJobs(enforcement)],
    ...[...keyWatch.jobs(), keyListJob(keyLists, core, configuration, report)],
    ...signatureJobs(core, keyLists),
  ]
  const jobs = runJobs([...timed, ...more], {
    ...{ ledger: core.ledger, clock, random, node: node.name, sharedClock: node.sharedClock },
    report: (job, cause) => report(`job ${job} failed`, cause),
    ...(replacements.wait && { wait: replacements.wait }),
  })
  closers.add(() => jobs.stop())
  await noteStart(core, configuration, node)
  await noteTlsSettings(core, configuration, node)
  closers.add(() => noteStop(core, node))
  closers.add(() => store.hasten?.())
  metrics.add(
    ...houseSources(core, store.log),
    identitySource(() => shown.certificate),
    processSource({
      ...{ version: programVersion(), environment: core.environment, node: node.name },
    }),
    frontSource({ devices, ...(legacy && { legacy }), status }),
    readinessSource(readiness),
  )
  doors = 'open'
  closers.add(async () => {
    doors = 'closing'
    await sleep(configuration.drainSeconds * 1000)
  })
  return {
    ...{ ...common, awaits },
    addresses: {
      ...{ devices: devices.address, operators: operators.address, status: status.address },
      ...{ proxied: devices.proxiedAddress, legacy: legacy?.address },
    },
  }
}

/** Filled in as the doors open. */
interface Addresses {
  devices: string
  legacy: string | null
  operators: string
  status: string
}

/** The address that devices will have. */
function waitingDoors({ listen }: Configuration) {
  return { devices: listen, proxied: undefined, legacy: undefined }
}
