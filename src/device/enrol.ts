// SPDX-License-Identifier: Apache-2.0
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { refuse } from '#trust/refusal.ts'
import { askCertificate } from './ask-certificate.ts'
import { type Bond, lineOf, readBond } from './bond.ts'
import { bootstrap } from './bootstrap.ts'
import type { Later } from './connection/answer.ts'
import type { Proof } from './connection/est.ts'
import { parseServer } from './connection/server.ts'
import { followRoots } from './follow-roots.ts'
import { heal } from './heal.ts'
import { obtain } from './obtain.ts'
import { persist } from './persist.ts'
import type { DevicePorts } from './ports.ts'
import { bringToPrograms } from './programs/bring.ts'
import type { Refused } from './refusal.ts'
import { wantedFor } from './request.ts'
import { type Proved, settle } from './settle.ts'
import type { Files } from './state/files.ts'
import { encodeSettings, type Settings } from './state/settings.ts'
import { fileOf, readCredential, readSettings, type Slot, writeEnrolment } from './state/state.ts'

/** A wish to enrol, as a person gives it. */
export interface Enrolment {
  readonly settings: Settings
  /** Undefined only where a TPM proves who the device is. */
  readonly code: string | undefined
  /** First a birth identity with the code, then the working identity with that. */
  readonly birth: boolean
  /** Take a new working identity although one is in use; the old stays until the new proved itself. */
  readonly again: boolean
  /** How often to ask; 1 gives up at the first obstacle. */
  readonly attempts: number
}

/**
 * Gives the device its working identity, proven in a live connection.
 *
 * What an interrupted run left is finished first; only what is missing is asked for.
 */
export async function enrol(ports: DevicePorts, enrolment: Enrolment): Promise<Proved | Refused> {
  const { files } = ports
  heal(files)
  const no = checkAgainst(files, enrolment)
  if (no !== undefined) return no
  const pinned = await pin(ports, enrolment)
  if (pinned.kind === 'refused') return pinned
  const { bond } = pinned
  const { serial } = enrolment.settings
  const code: Proof | undefined =
    enrolment.code === undefined ? undefined : { kind: 'code', serial, code: enrolment.code }
  const enrolled = await enrolBoth(ports, bond, enrolment, code)
  if (enrolled.kind === 'proved') {
    await followRoots(ports, bond, enrolled.credential)
    await bringToPrograms(ports, enrolled.credential)
  }
  return enrolled
}

/** The working identity; before it, if that is wanted, the birth identity by which it is asked for. */
async function enrolBoth(
  ports: DevicePorts,
  bond: Bond,
  enrolment: Enrolment,
  code: Proof | undefined,
): Promise<Proved | Refused> {
  const { files } = ports
  if (!enrolment.birth) return enrolSlot(ports, bond, enrolment, 'working', code)
  let birth = readCredential(files, fileOf.inUse('birth'))
  if (birth === undefined) {
    const born = await enrolSlot(ports, bond, enrolment, 'birth', code)
    if (born.kind === 'refused') return born
    birth = born.credential
  }
  return enrolSlot(ports, bond, enrolment, 'working', { kind: 'credential', credential: birth })
}

/** One directory belongs to one enrolment, and an identity in use is replaced only if that is meant. */
function checkAgainst(files: Files, { settings, again }: Enrolment): Refused | undefined {
  const before = readSettings(files)
  const holdsAny = files.names().some((name) => /^(birth|working)(\.next)?\.pem$/.test(name))
  if (before === undefined || !holdsAny) return undefined
  for (const name of ['server', 'label', 'role', 'serial', 'root', 'tpm'] as const) {
    if (before[name] === settings[name]) continue
    const [old, wanted] = [before[name] ?? 'none', settings[name] ?? 'none']
    return refuse('other-settings', `the state directory has ${name} ${old}, not ${wanted}`)
  }
  const working = readCredential(files, fileOf.inUse('working'))
  if (working === undefined || again) return undefined
  return refuse('enrolled-already', `${before.serial} is enrolled until ${working.leaf.notAfter}`)
}

/** Finds the root by its fingerprint, once, and writes the bond down. */
async function pin(
  ports: DevicePorts,
  { settings, attempts }: Enrolment,
): Promise<{ readonly kind: 'bond'; readonly bond: Bond } | Refused> {
  const before = readSettings(ports.files)
  if (before !== undefined && sameBond(before, settings)) {
    const bond = readBond(ports.files)
    if (bond !== undefined) return { kind: 'bond', bond }
  }
  const server = parseServer(settings.server)
  if (server === undefined) throw new TypeError(`${settings.server} is no https address`)
  const found = await persist(ports, attempts, () => bootstrap(server, settings.root, ports.limits))
  if (found.kind === 'refused') return found
  writeEnrolment(ports.files, settings, found.root)
  return { kind: 'bond', bond: { settings, server, roots: [found.root] } }
}

/** As it was given at the beginning, whatever roots are pinned by now. */
function sameBond({ pinned: _, ...before }: Settings, wanted: Settings): boolean {
  return encodeSettings(before) === encodeSettings(wanted)
}

function enrolSlot(
  ports: DevicePorts,
  bond: Bond,
  enrolment: Enrolment,
  slot: Slot,
  proof: Proof | undefined,
): Promise<Proved | Refused> {
  const { label, serial, keyAlgorithm } = bond.settings
  // The house opens two entrances for each product: NAME and NAME-birth.
  const entrance = slot === 'birth' ? `${label}-birth` : label
  return persist(ports, enrolment.attempts, async (): Promise<Proved | Refused | Later> => {
    const before = await settle(ports.files, slot, serial, lineOf(ports, bond))
    if (before.kind === 'proved' || before.kind === 'later') return before
    return obtain(ports, bond, {
      slot,
      wanted: wantedFor(
        bond.settings,
        slot === 'birth' ? birthAlgorithm(keyAlgorithm) : keyAlgorithm,
      ),
      current: undefined,
      ask: (line, request, prepared) =>
        askCertificate(ports, bond, line, request, prepared, {
          label: entrance,
          proof,
          again: false,
        }),
    })
  })
}

/** IEEE 802.1AR-2018 clause 9 knows P-256 and P-384 for births; whatever works later may be newer. */
function birthAlgorithm(working: KeyAlgorithmName): KeyAlgorithmName {
  return working === 'p-384' ? 'p-384' : 'p-256'
}
