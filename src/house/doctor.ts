// SPDX-License-Identifier: Apache-2.0
import { existsSync, statfsSync, statSync } from 'node:fs'
import { isTwin } from '#core/authority/twin.ts'
import { keyWasHere } from '#core/ledger/authority-origin.ts'
import type { Authority } from '#core/ledger/tables.ts'
import { fullCrl, latestCrl } from '#core/revocation/publish.ts'
import { statusFileLife } from '#core/status-files/make-status-file.ts'
import { tlsSettings } from '#trust/tls-settings.ts'
import type { Configuration } from './configuration.ts'
import { type Core, ownIssuer } from './core.ts'
import { checkArtefacts } from './doctor/artefacts.ts'
import { checkAttestedKeys } from './doctor/attested-keys.ts'
import { checkCustody, checkModuleCertificates, examineBackends } from './doctor/key-checks.ts'
import { checkKeyLists, checkKnownKeys } from './doctor/key-lists.ts'
import { checkKeyWatch } from './doctor/key-watch.ts'
import { checkVendorRoots } from './doctor/vendor-roots.ts'
import { checkNodes } from './nodes/node-checks.ts'
import { responderStates } from './ocsp.ts'
import { unlockFile } from './unlock.ts'

export interface Examined {
  readonly check: string
  readonly verdict: 'good' | 'warning' | 'bad'
  /** What was found; both values where there are two. */
  readonly found: string
  readonly remedy: string | null
}

interface Patient {
  readonly core: Core
  readonly configuration: Configuration
  /** Whether real devices in the field are meant. */
  readonly production: boolean
}

type Check = (patient: Patient) => Promise<Omit<Examined, 'check'>> | Omit<Examined, 'check'>

const day = 24
/** Below this a busy day may fill the disk. */
const leastFreeBytes = 1_073_741_824

/** Looks at everything that should be well, and says what to do where it is not. */
export async function examine(
  core: Core,
  configuration: Configuration,
  { production }: { readonly production: boolean },
): Promise<readonly Examined[]> {
  const patient = { core, configuration, production }
  const wanted = production ? [...always, ...forProduction] : always
  const examined = wanted.map(async ([check, look]) => ({ check, ...(await look(patient)) }))
  const backends = await examineBackends(core)
  return [...(await Promise.all(examined)), ...backends, ...(await examineNodes(core))]
}

/** Only where there can be several. */
async function examineNodes({ thisNode }: Core): Promise<readonly Examined[]> {
  if (!thisNode.isShared) return []
  const checks = checkNodes(await thisNode.running(), thisNode.sharedClock.now())
  return checks.map(([check, found]) => ({ check, ...found }))
}

const always: readonly (readonly [string, Check])[] = [
  ['data directory', ({ configuration: { data } }) => checkMode(data)],
  ['free space', ({ configuration: { data } }) => checkSpace(data)],
  ['authorities', ({ core }) => checkAuthorities(core)],
  ['entrances', ({ core }) => checkDoors(core)],
  ['chip makers', ({ core }) => checkVendorRoots(core)],
  ['keys made by the server', ({ core }) => checkServerKeys(core)],
  ['attested keys', ({ core }) => checkAttestedKeys(core)],
  ['weak keys', ({ core }) => checkKeyWatch(core)],
  ['lists of weak keys', ({ core }) => checkKeyLists(core.keyLists)],
  ['artefacts', ({ core }) => checkArtefacts(core)],
  ['revocation lists', ({ core }) => checkLists(core)],
  ['status files', ({ core }) => checkStatusFiles(core)],
  ['OCSP', ({ core }) => checkResponders(core)],
  ['upstreams', ({ core }) => checkUpstreams(core)],
  ['integrations', ({ core }) => checkIntegrations(core)],
  ['clock', ({ core }) => checkClock(core)],
  ['recovery', ({ core }) => checkRecovery(core)],
  ['TLS', ({ configuration }) => checkTls(configuration)],
  ['administrator', ({ core }) => checkAdministrator(core)],
  ['restores', ({ core }) => checkRestores(core)],
]

const forProduction: readonly (readonly [string, Check])[] = [
  ['environment', ({ core }) => checkEnvironment(core)],
  ['public address', ({ core }) => checkPublicAddress(core)],
  ['passphrase of the keys', ({ configuration }) => checkUnlockFile(configuration)],
  ['strength of the passphrase', ({ core }) => checkPassphraseJudged(core)],
  ['root directory', ({ core }) => checkRootAway(core)],
  ['hardware custody', ({ core }) => checkCustody(core)],
  ['FIPS 140-3', ({ core }) => checkModuleCertificates(core)],
  ['known weak keys', ({ core }) => checkKnownKeys(core.keyLists)],
  ['backup', ({ core }) => checkBackup(core)],
]

function good(found: string): Omit<Examined, 'check'> {
  return { verdict: 'good', found, remedy: null }
}

function warning(found: string, remedy: string): Omit<Examined, 'check'> {
  return { verdict: 'warning', found, remedy }
}

function bad(found: string, remedy: string): Omit<Examined, 'check'> {
  return { verdict: 'bad', found, remedy }
}

function checkMode(data: string) {
  const mode = statSync(data).mode & 0o777
  if ((mode & 0o077) === 0) return good(`${data} is closed to others`)
  return bad(`${data} has mode ${mode.toString(8)}, others can look in`, `chmod 700 ${data}`)
}

function checkSpace(data: string) {
  const { bavail, bsize } = statfsSync(data)
  const free = bavail * bsize
  const found = `${(free / 2 ** 30).toFixed(1)} GiB are free, ${leastFreeBytes / 2 ** 30} GiB are asked for`
  return free >= leastFreeBytes ? good(found) : warning(found, 'free space before it runs out')
}

/** A backup is as old as what it loses. */
const oldestBackup = 7 * day

async function checkBackup({ ledger, clock, restores }: Core) {
  const [newest] = (await ledger.list('backup', { by: 'made', descending: true, limit: 1 })).items
  const remedy = 'run "vitalsign backup make", and keep the file elsewhere'
  if (newest === undefined) return bad('no backup was ever made', remedy)
  const found = `the newest is of ${newest.moment}`
  const restored = restores.at(-1)?.at
  if (restored !== undefined && Temporal.Instant.compare(newest.madeAt, restored) < 0)
    return bad(`${found}, before the last restore`, remedy)
  const isOld = -hoursUntil(newest.moment, clock.now()) > oldestBackup
  return isOld ? warning(`${found}, over ${oldestBackup / day} days ago`, remedy) : good(found)
}

async function checkRestores({ ledger, restores, doors }: Core) {
  const last = restores.at(-1)
  if (last === undefined) return good('it was never restored')
  const learnt = await ledger.count('learnt', { by: 'epoch', equal: [last.epoch] })
  const found = `epoch ${last.epoch} began ${last.at} from a backup of ${last.moment}; ${learnt} certificate${learnt === 1 ? '' : 's'} of the lost time, learnt from devices`
  for (const { id, name, kind, crlNumberFrom } of doors.own) {
    if (kind !== 'root') continue
    const list = await latestCrl(id, fullCrl, ledger)
    if (list === undefined || list.number >= (crlNumberFrom ?? 0)) continue
    return warning(
      `${found}; the list of ${name} is number ${list.number}, of before the restore`,
      'bring the directory "root" back and start once: the root signs its list anew, above all numbers of the lost time',
    )
  }
  return good(found)
}

function checkAuthorities({ doors, clock }: Core) {
  const now = clock.now()
  const own = doors.own
  const ended = own.find(({ notAfter }) => hoursUntil(notAfter, now) <= 0)
  if (ended !== undefined) return bad(`${ended.name} ended ${ended.notAfter}`, remedyFor(ended))
  const ending = own.find(({ notAfter }) => hoursUntil(notAfter, now) < 30 * day)
  if (ending !== undefined) {
    return warning(`${ending.name} ends ${ending.notAfter}`, remedyFor(ending))
  }
  if (own.length === 0) {
    return bad(
      'it waits for the certificate of its first authority, whose root is elsewhere',
      'look at "vitalsign authority requests", and bring what came back: "vitalsign ceremony import"',
    )
  }
  if (ownIssuer({ doors, clock }) === undefined) {
    return bad('no authority issues any more', 'look at "vitalsign authority list"')
  }
  if (own.some(isTwin) && ownIssuer({ doors, clock }, true) === undefined) {
    return warning('no twin issues any more', 'look at "vitalsign authority list"')
  }
  return good(
    own
      .map(({ name, algorithm, notAfter }) => `${name} (${algorithm}) until ${notAfter}`)
      .join(', '),
  )
}

function remedyFor({ environment }: Authority): string {
  return environment === 'trial' ? 'a trial ends; found a new installation' : 'roll it over'
}

function checkDoors({ doors: { troubles } }: Core) {
  if (troubles.length === 0) return good('all stand open')
  return bad(troubles.join('; '), 'apply a profile without fault, or restore a backup')
}

function checkServerKeys({ doors: { open } }: Core) {
  const those = open.filter(({ profile }) => profile.serverKeys.length > 0)
  if (those.length === 0) return good('no entrance gives any')
  return warning(
    those
      .map(
        ({ entrance, profile }) => `entrance ${entrance.label}: ${profile.serverKeys.join(', ')}`,
      )
      .join('; '),
    'keep such entrances to devices that cannot make a key: each key was in two places for a moment',
  )
}

function checkLists({ shelf: { troubles } }: Core) {
  if (troubles.length === 0) return good('all are up to date')
  return warning(
    troubles.join('; '),
    'mend the cause, or bring the root directory back; it is tried again every 10 minutes',
  )
}

/** On whichever node: the one that makes them knows why it cannot, every other one sees that none came. */
async function checkStatusFiles({ statusFiles, clock }: Core) {
  const late: string[] = []
  let count = 0
  for (const { digest, products } of await statusFiles.sets()) {
    const newest = await statusFiles.newest(digest.toHex())
    if (newest === undefined) continue
    count++
    const due = newest.createdAt.add({ hours: statusFileLife.renewedAfterHours + 1 })
    if (Temporal.Instant.compare(due, clock.now()) < 0)
      late.push(`the one for ${products.join(', ')} is of ${newest.createdAt}`)
  }
  const wrong = [...statusFiles.troubles, ...late]
  if (wrong.length > 0)
    return warning(
      wrong.join('; '),
      'look whether an authority below these roots signs, and has a responder; it is tried again every minute',
    )
  return good(count === 0 ? 'nobody has asked for any yet' : `${count} are up to date`)
}

async function checkResponders(core: Core) {
  const states = await responderStates(core)
  const wrong = states.flatMap(({ authority, responder, isNear }) => {
    if (responder === undefined) return [`nobody answers for ${authority.name}`]
    return isNear ? [`who answers for ${authority.name} ends ${responder.notAfter}`] : []
  })
  if (wrong.length > 0)
    return warning(
      wrong.join('; '),
      'look why the key of the authority does not sign, and at profile ocsp-signer; it is tried again every hour',
    )
  const names = states.map(({ authority }) => authority.name).join(', ')
  return good(names === '' ? 'nobody has asked yet' : `${names} are answered for`)
}

/** Less than this before its end, what proves us to an upstream has to be made anew. */
const leastCredentialHours = 30 * day

async function checkUpstreams({ doors, upstreams, clock, ledger }: Core) {
  if (doors.upstreams.length === 0) return good('everything is signed here')
  const wrong: string[] = []
  for (const { upstream } of doors.upstreams) {
    const { id, name, credentialEndsAt } = upstream
    const trouble = upstreams.health.troubleOf(id)
    if (trouble !== undefined) wrong.push(`${name} does not answer: ${trouble}`)
    if (credentialEndsAt && hoursUntil(credentialEndsAt, clock.now()) < leastCredentialHours)
      wrong.push(`what proves this server to ${name} ends at ${credentialEndsAt}`)
    const walk = { by: 'upstream', equal: [id, 'open'] } as const
    const open = await ledger.count('upstreamOrder', walk)
    if (trouble !== undefined && open > 0)
      wrong.push(`${open} ${open === 1 ? 'request waits' : 'requests wait'} for ${name}`)
  }
  const names = doors.upstreams.map(({ upstream }) => upstream.name).join(', ')
  if (wrong.length === 0) return good(`${names} answered last, or were not asked yet`)
  return warning(
    wrong.join('; '),
    '"vitalsign upstream test NAME" reaches one; "vitalsign upstream credential NAME" renews what proves us',
  )
}

function checkClock({ guard, clock }: Core) {
  const behind = guard.check(clock.now())
  if (behind === undefined) return good(`${clock.now()}, not behind the last event`)
  return bad(behind.detail, 'set the clock; nothing is signed until it is past the last event')
}

function checkRecovery({ recovered }: Core) {
  if (recovered === 0) return good('nothing was cut off by an earlier stop')
  return warning(
    `${recovered} certificates were cut off by a crash, abandoned and revoked at this start`,
    'their devices repeat their requests by themselves',
  )
}

function checkTls({ legacyListen }: Configuration) {
  const { versions, groups } = tlsSettings.devices
  if (legacyListen === undefined)
    return good(`devices are served over ${versions[0]} alone, ${groups[0]} first`)
  return warning(
    `old devices are let in with ${tlsSettings.legacy.versions[0]} at port ${legacyListen.port} (legacy-listen): what they say can be read once a quantum computer can`,
    'close it when no device needs it any more: vitalsign_tls_handshakes_by_version_total tells how many came',
  )
}

async function checkAdministrator({ ledger }: Core) {
  const people = await ledger.list('person', { by: 'state', equal: ['active'], limit: 1000 })
  const count = people.items.filter(({ role }) => role === 'administrator').length
  if (count === 0) return warning('nobody has claimed it', 'run "vitalsign claim"')
  if (count === 1)
    return warning('there is one administrator', 'invite a second: "vitalsign person invite"')
  return good(`${count} administrators`)
}

function checkEnvironment({ environment }: Core) {
  if (environment === 'production') return good('production')
  return bad(
    `this is a ${environment} installation, for ever`,
    'found another: npm start -- --data OTHER --environment production --public-url http://NAME',
  )
}

function checkPublicAddress({ installation: { publicUrl } }: Core) {
  if (publicUrl !== null) return good(`${publicUrl} is written into certificates`)
  return bad('certificates carry a local address', 'give --public-url at the first start')
}

function checkUnlockFile({ data, passphraseFile }: Configuration) {
  if (passphraseFile === undefined && existsSync(unlockFile(data))) {
    return bad(
      `${unlockFile(data)} lies beside the keys that it opens`,
      'give the passphrase as a systemd credential or with --passphrase-file on another medium',
    )
  }
  return good('it is not kept beside the keys')
}

/** The passphrase itself is not kept, so all that is known is whether founding judged it. */
function checkPassphraseJudged({ environment }: Core) {
  if (environment !== 'trial') return good('it was judged when the keys were made')
  return warning(
    'it cannot be judged: a trial takes any',
    'found the installation for real devices with one of 20 characters or more',
  )
}

async function checkRootAway({ doors, keys, ledger }: Core) {
  const roots = doors.own.filter(({ kind }) => kind === 'root')
  const elsewhere = new Set<string>()
  const inFiles: string[] = []
  for (const { name, key } of roots) {
    const custody = key === null ? undefined : (await ledger.read('key', key))?.custody
    if (custody && custody !== 'file') elsewhere.add(custody)
    else if (key !== null && (await keys.has(key))) inFiles.push(name)
  }
  if (inFiles.length > 0)
    return warning(
      'the root key is on this machine',
      'take the directory "root" away; the server runs without it until the root has to sign',
    )
  if (elsewhere.size > 0) return good(`the root key is in ${[...elsewhere].join(', ')}`)
  const once = roots.filter(keyWasHere).map(({ name }) => name)
  if (once.length === 0) return good('no root key was ever here')
  return warning(
    `the key of ${once.join(' and ')} is not here, and was once: nobody can tell who copied it`,
    'for a root that was never on a server see docs/guides/ceremony.md; this one is marked so for ever',
  )
}

function hoursUntil(end: Temporal.Instant, now: Temporal.Instant): number {
  return now.until(end).total('hours')
}

/** Where sessions are to end with their trust: one that does not answer leaves them open. */
async function checkIntegrations({ ledger, clock }: Core) {
  const { items } = await ledger.list('integration', { by: 'state', equal: ['active'], limit: 100 })
  const troubled = items.filter(({ trouble }) => trouble !== null)
  const [first] = troubled
  if (first === undefined) return good(`${items.length} end sessions, none is in trouble`)
  const since = first.troubledSince ?? clock.now()
  const found = `${troubled.length} of ${items.length} in trouble, ${first.name} since ${since}: ${first.trouble}`
  return bad(found, `"vitalsign integration test ${first.name}", and mend what it says`)
}
