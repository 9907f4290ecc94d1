// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import { askCertificate } from './ask-certificate.ts'
import { type Bond, lineOf, readBond } from './bond.ts'
import type { Later } from './connection/answer.ts'
import type { Line } from './connection/line.ts'
import type { Whoami } from './connection/whoami.ts'
import type { Credential } from './credential.ts'
import { dueOf, lastResortOf } from './due.ts'
import { DeviceFault } from './fault.ts'
import { followRoots, type RootNews } from './follow-roots.ts'
import { heal } from './heal.ts'
import { forbidsKeys } from './keys/how-made.ts'
import { obtain } from './obtain.ts'
import type { DevicePorts } from './ports.ts'
import { bringToPrograms } from './programs/bring.ts'
import type { Refused } from './refusal.ts'
import { algorithmOf, wantedFor, wantedLike } from './request.ts'
import { type Proved, prove, settle, type Unheard } from './settle.ts'
import { fileOf, readCredential } from './state/state.ts'
import { latest } from './time.ts'

/** The device has a working identity that is not due, and what was done for that. */
export interface Kept {
  readonly kind: 'kept'
  readonly what: 'nothing-due' | 'renewed' | 'recovered'
  readonly credential: Credential
  readonly due: Temporal.Instant
  /** How long until then, as well as it is known. */
  readonly untilDue: Temporal.Duration
  /** Why the server could not be asked, if it could not. */
  readonly unheard: string | undefined
  /** What came of the look at the server's roots; undefined: it was not looked at. */
  readonly roots: RootNews | undefined
}

/**
 * One pass of a device's care for its identity: finish what was interrupted, ask how it stands, renew
 * what is due, come back through the birth identity where the working one is not accepted any more; and
 * follow the server's root to the next one.
 *
 * @param now renew although nothing is due
 */
export async function keepUp(
  ports: DevicePorts,
  { now: renewNow }: { readonly now: boolean },
): Promise<Kept | Refused | Later> {
  heal(ports.files)
  const bond = readBond(ports.files)
  if (bond === undefined) return refuse('not-enrolled', 'the state directory holds no enrolment')
  const kept = await keepIdentity(ports, bond, renewNow)
  if (kept.kind !== 'kept') return kept
  const roots =
    kept.unheard === undefined ? await followRoots(ports, bond, kept.credential) : undefined
  await bringToPrograms(ports, kept.credential)
  return { ...kept, roots }
}

async function keepIdentity(
  ports: DevicePorts,
  bond: Bond,
  renewNow: boolean,
): Promise<Kept | Refused | Later> {
  const { files } = ports
  const settled = await settle(files, 'working', bond.settings.serial, lineOf(ports, bond))
  if (settled.kind === 'later') return settled
  if (settled.kind === 'proved') return keptAs('renewed', settled, ports, bond)
  const working = readCredential(files, fileOf.inUse('working'))
  if (working === undefined) {
    return settled.kind === 'refused' && !canRecover(ports) ? settled : recover(ports, bond)
  }
  return lookAfter(working, ports, bond, renewNow)
}

async function lookAfter(
  working: Credential,
  ports: DevicePorts,
  bond: Bond,
  renewNow: boolean,
): Promise<Kept | Refused | Later> {
  const line = lineOf(ports, bond)
  const standing = await hear(working, bond, line)
  if (standing.kind === 'refused') {
    if (!isAgainstUs(standing)) return standing
    if (canRecover(ports)) return recover(ports, bond)
    // A profile may renew for some days after expiry; only the server knows.
    const { now } = line.trust
    return isOver(working, now) ? renewLate(working, ports, bond, now) : standing
  }
  const { now, ...said } = heard(standing, line)
  const due = dueOf(working.leaf, said)
  if (!renewNow && Temporal.Instant.compare(now, due) < 0) {
    const unheard = standing.kind === 'unheard' ? standing.why : undefined
    return {
      kind: 'kept',
      what: 'nothing-due',
      credential: working,
      due,
      untilDue: due.since(now),
      unheard,
      roots: undefined,
    }
  }
  if (!isOver(working, now)) return renew(working, ports, bond, now)
  return canRecover(ports) ? recover(ports, bond) : renewLate(working, ports, bond, now)
}

/**
 * Whether a "no" is about the working identity. One within a handshake may be a stranger's, and does no
 * harm here: all that follows is a question to the server that the root vouches for.
 */
function isAgainstUs({ reason }: Refused): boolean {
  return reason === 'credential-refused' || reason === 'handshake-refused'
}

/** The last way back for a device without a birth identity. */
async function renewLate(
  working: Credential,
  ports: DevicePorts,
  bond: Bond,
  now: Temporal.Instant,
): Promise<Kept | Refused | Later> {
  const renewed = await renew(working, ports, bond, now)
  if (renewed.kind !== 'refused') return renewed
  return refuse(
    'birth-missing',
    `the working identity ended ${working.leaf.notAfter}, and the server refuses to renew it: ${renewed.detail}`,
  )
}

/** Asks how the device stands; that the server cannot say it now is no reason to stop. */
async function hear(
  working: Credential,
  bond: Bond,
  line: Line,
): Promise<Whoami | Refused | Unheard> {
  try {
    const answer = await prove(working, bond.settings.serial, line)
    return answer.kind === 'later' ? { kind: 'unheard', why: answer.detail } : answer
  } catch (error) {
    if (error instanceof DeviceFault && error.passing)
      return { kind: 'unheard', why: error.message }
    throw error
  }
}

/** The server's Date may say that a renewal is due; nothing else is decided by it. */
function heard(standing: Whoami | Unheard, { trust: { now } }: Line) {
  if (standing.kind === 'unheard') return { renewFrom: undefined, orderedFrom: undefined, now }
  const { renewFrom, orderedFrom, serverTime } = standing
  return { renewFrom, orderedFrom, now: serverTime === undefined ? now : latest([now, serverTime]) }
}

function isOver({ leaf }: Credential, now: Temporal.Instant): boolean {
  return Temporal.Instant.compare(leaf.notAfter, now) < 0
}

function canRecover({ files }: DevicePorts): boolean {
  return files.read(fileOf.inUse('birth')) !== undefined
}

/**
 * With a new key. A device whose chance is not to be trusted makes none; but the key that it has was made before, and
 * a device that nobody can reach because its identity ran out helps nobody. So that is certified once more, shortly
 * before the end, when the chance had time to come back.
 */
async function renew(
  working: Credential,
  ports: DevicePorts,
  bond: Bond,
  now: Temporal.Instant,
): Promise<Kept | Refused | Later> {
  try {
    return await renewWith(undefined, working, ports, bond)
  } catch (error) {
    if (!(error instanceof DeviceFault) || !forbidsKeys(error)) throw error
    if (Temporal.Instant.compare(now, lastResortOf(working.leaf)) < 0) throw error
    ports.say(`${error.message}; no key is made, and the one in use is certified once more`)
    return renewWith(working, working, ports, bond)
  }
}

async function renewWith(
  keyOf: Credential | undefined,
  working: Credential,
  ports: DevicePorts,
  bond: Bond,
): Promise<Kept | Refused | Later> {
  const { label, keyAlgorithm } = bond.settings
  const renewed = await obtain(ports, bond, {
    slot: 'working',
    wanted: wantedLike(working.leaf, keyOf === undefined ? keyAlgorithm : algorithmOf(keyOf)),
    current: working.leaf,
    keyOf,
    ask: (line, request, prepared) =>
      askCertificate(ports, bond, line, request, prepared, {
        label,
        proof: { kind: 'credential', credential: working },
        again: true,
      }),
  })
  return renewed.kind === 'proved' ? keptAs('renewed', renewed, ports, bond) : renewed
}

/** Comes back through the birth identity, which does not expire. */
async function recover(ports: DevicePorts, bond: Bond): Promise<Kept | Refused | Later> {
  const birth = readCredential(ports.files, fileOf.inUse('birth'))
  if (birth === undefined) {
    return refuse('birth-missing', 'there is no working identity, and no birth identity to get one')
  }
  const { label, keyAlgorithm } = bond.settings
  const recovered = await obtain(ports, bond, {
    slot: 'working',
    wanted: wantedFor(bond.settings, keyAlgorithm),
    current: undefined,
    ask: (line, request, prepared) =>
      askCertificate(ports, bond, line, request, prepared, {
        label,
        proof: { kind: 'credential', credential: birth },
        again: false,
      }),
  })
  return recovered.kind === 'proved' ? keptAs('recovered', recovered, ports, bond) : recovered
}

function keptAs(
  what: 'renewed' | 'recovered',
  { credential, standing }: Proved,
  ports: DevicePorts,
  bond: Bond,
): Kept {
  const { now, ...said } = heard(standing, lineOf(ports, bond))
  const due = dueOf(credential.leaf, said)
  const untilDue = due.since(now)
  return { kind: 'kept', what, credential, due, untilDue, unheard: undefined, roots: undefined }
}
