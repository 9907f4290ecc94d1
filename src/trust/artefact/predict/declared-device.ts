// SPDX-License-Identifier: Apache-2.0

import type { ClockKind } from '#format/device-declaration/device-declaration.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import type { Environment } from '#trust/environment-mark.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { bootloaderRule } from '../bootloader-rules.ts'
import type { ArtefactFormName } from '../form-names.ts'
import type { ArtefactRefused } from '../refusal.ts'
import { readHeldStatus } from '../status-of-files.ts'
import type { DeviceTrust } from '../verdict.ts'
import { behaviourOf, type SetBehaviour } from './behaviour.ts'

/** A device as its maker declares it, with what its files hold. */
export interface DeclaredDevice {
  readonly name: string
  readonly form: ArtefactFormName
  readonly settings: readonly string[]
  readonly environment: Environment
  readonly product: string | undefined
  readonly hardware: string | undefined
  readonly keys: readonly PublicKey[]
  readonly roots: readonly Certificate[]
  readonly clock: ClockKind
  readonly clockStartsAt: Temporal.Instant | undefined
  readonly seen: Temporal.Instant | undefined
  /** PEM or DER. */
  readonly lists: readonly Uint8Array[]
  readonly statusFile: Uint8Array | undefined
  readonly stampRoots: readonly Certificate[]
  readonly minimumVersion: string | undefined
  readonly counter: number | undefined
  readonly demandsBoth: boolean
}

/** A clock that nobody set and no battery keeps. */
const unset = Temporal.Instant.from('1970-01-01T00:00:00Z')

/**
 * Whether what is declared is something that the verifier looks at: a counter that it never asks would give a false
 * calm.
 */
export function readDevice(device: DeclaredDevice): SetBehaviour | ArtefactRefused {
  const behaviour = behaviourOf(device.form, device.settings)
  if (behaviour.kind === 'refused') return behaviour
  const { verifier, rollback, revocation, expiry } = bootloaderRule(device.form)
  const idle = [
    [
      'counter',
      device.counter !== undefined && behaviour.rollback !== 'counter',
      rollback.filter(({ does }) => does === 'counter'),
    ],
    [
      'minimumVersion',
      device.minimumVersion !== undefined && behaviour.rollback !== 'version',
      rollback.filter(({ does }) => does === 'version'),
    ],
    [
      'lists and statusFile',
      holdsStatus(device) && behaviour.revocation === 'none',
      revocation.filter(({ does }) => does === 'crl'),
    ],
    [
      'stampRoots',
      device.stampRoots.length > 0 && behaviour.expiry !== 'time-stamp',
      expiry.filter(({ does }) => does === 'time-stamp'),
    ],
  ] as const
  for (const [name, isIdle, ways] of idle)
    if (isIdle) {
      const settings = ways.flatMap(({ setting }) => setting ?? [])
      const how =
        settings.length === 0
          ? 'whatever it is set to'
          : `unless it is set to ${settings.join(' or ')}`
      return refuse(
        'artefact-choice-wrong',
        `${device.name} declares ${name}, and ${verifier} does not look at that, ${how}`,
      )
    }
  return behaviour
}

/** What the device brings along at a moment of the world's time; its own clock may say another. */
export function trustAt(
  device: DeclaredDevice,
  behaviour: SetBehaviour,
  moment: Temporal.Instant,
): DeviceTrust | ArtefactRefused {
  const { keys, roots, stampRoots, demandsBoth, environment, product, hardware } = device
  const trust: DeviceTrust = {
    ...{ keys, roots, demandsBoth, environment },
    ...{ purpose: behaviour.purpose ?? 'any', now: clockAt(device, behaviour, moment) },
    stampRoots: behaviour.expiry === 'time-stamp' ? stampRoots : [],
    counter: behaviour.rollback === 'counter' ? device.counter : undefined,
    ...(behaviour.expiry === 'none' && { timeless: true }),
    ...(behaviour.expiry === 'time-stamp' && device.seen !== undefined && { seen: device.seen }),
    ...(product !== undefined && { product }),
    ...(hardware !== undefined && { hardware }),
  }
  if (behaviour.revocation === 'none') return trust
  if (behaviour.revocation === 'held' && !holdsStatus(device)) return trust
  const { lists, statusFile } = device
  const status = readHeldStatus({ lists, statusFile, whenUnknown: 'refuse' }, trust)
  return status.kind === 'refused' ? status : { ...trust, status: status.rule }
}

function holdsStatus({ lists, statusFile }: DeclaredDevice): boolean {
  return lists.length > 0 || statusFile !== undefined
}

/** What the device takes for the time; undefined: it takes what the signer wrote. */
function clockAt(
  { clock, clockStartsAt }: DeclaredDevice,
  { expiry }: SetBehaviour,
  moment: Temporal.Instant,
): Temporal.Instant | undefined {
  if (expiry === 'signing-time') return undefined
  if (clock === 'good') return moment
  // Our own client knows a clock that was never set, and asks the signature; others believe it.
  return expiry === 'clock' ? (clockStartsAt ?? unset) : undefined
}
