// SPDX-License-Identifier: Apache-2.0
import { sha256 } from '#trust/digest.ts'
import type { LiveProof, SecondOwner, SecondOwners } from '../devices/second-owner.ts'
import type { Device, Key, KeyFinding } from '../ledger/tables.ts'
import type { ActPorts } from '../revocation/acts/ask.ts'
import { quarantine } from '../revocation/quarantine.ts'
import { raise } from '../watch/alarm.ts'
import { bookFindings, watcher } from './book-findings.ts'
import { readKeyPolicy, sharedChoice } from './key-policy.ts'
import { mayActAlone } from './may-act-alone.ts'
import { SecondOwnerPace } from './second-owner-pace.ts'

export interface SecondOwnerPorts extends ActPorts {
  /** Hears of what broke; MUST NOT throw. */
  report(what: string, cause: unknown): void
}

/** What was done about the two, or why not more. */
type Deed = 'alarm' | 'quarantined' | 'second-quarantined' | 'too-many' | 'busy'

/** A device may be doing something at the same moment. */
const mostTries = 5

/**
 * Draws the consequences where a key is shown for a second owner.
 *
 * Where the key was proved live, both are named, the key is certified no more for anybody, and the policy may put both
 * in quarantine. Where it was not, the holder stays untouched whatever comes in, and a notice is about the one
 * who asked: an old request may have been found anywhere. Both happen once an hour for the same two.
 */
export class SecondOwnerDesk implements SecondOwners {
  readonly #ports: SecondOwnerPorts
  readonly #pace = new SecondOwnerPace()
  /** After a power cut a whole lot of copies asks at once: each counts what the one before it did. */
  #acting: Promise<unknown> = Promise.resolve()

  constructor(ports: SecondOwnerPorts) {
    this.#ports = ports
  }

  async tell(second: SecondOwner): Promise<void> {
    const { key, stranger, live } = second
    const now = this.#ports.clock.now()
    if (key.owner === stranger || !this.#pace.take(key.id, stranger, live !== undefined, now))
      return
    try {
      if (live === undefined) await notice(second, this.#ports)
      else await this.#tellInTurn({ ...second, live })
    } catch (cause) {
      // The "no" goes out in any case.
      this.#ports.report('two owners of one key could not be told', cause)
    }
  }

  #tellInTurn(second: Shown): Promise<void> {
    const told = this.#acting.then(() => tellShared(second, this.#ports))
    this.#acting = told.catch(() => {})
    return told
  }
}

/** About the stranger alone, so that nobody harms a holder by showing its old requests. */
async function notice({ stranger, proof, source }: SecondOwner, ports: SecondOwnerPorts) {
  const { name } = await nameOf(stranger, ports)
  // What a registrar asks for its devices is its word, and no deed of theirs.
  const asked = proof === 'registrar' ? `a registrar asked for ${name}, for` : `${name} asked for`
  await raise(
    {
      ...{ kind: 'key-of-another-shown', subject: stranger, severity: 'notice' },
      text: `${asked} a certificate with a key that another has, and proved nothing live`,
      facts: { proof, source },
    },
    ports,
  )
}

const proofs = {
  connection: 'the TLS connection itself proved the key',
  request: 'the key signed the value of the connection',
  challenge: 'a TPM answered our nonce with the key',
} as const satisfies Record<LiveProof, string>

type Shown = SecondOwner & { readonly live: LiveProof }

async function tellShared(second: Shown, ports: SecondOwnerPorts): Promise<void> {
  const { key, stranger, live, proof } = second
  const [holder, other] = [await nameOf(key.owner, ports), await nameOf(stranger, ports)]
  const cause = sha256(key.fingerprint)
  await bookFindings(
    [
      {
        ...{ kind: 'key-shared', key: key.id, cause },
        detail: `${other.name} proved that it holds the key, too: ${proofs[live]}`,
        facts: { otherOwner: stranger, otherName: other.name, live, proof },
      },
    ],
    ports,
  )
  const finding = await ports.ledger.find('keyFinding', 'once', [key.id, 'key-shared', cause])
  // Somebody looked at it, and accepted it.
  if (finding?.state === 'dismissed') return
  const because = `${holder.name} and ${other.name} hold one key`
  const deed = await actOn(isInUse(key) ? [holder, other] : [other], because, ports)
  await raiseShared(second, [holder.name, other.name], deed, finding, ports)
}

/**
 * Whether the key says anything about its owner still. One that was given up, or that the whole world can compute, is
 * shown by anybody, and its owner has another one by now.
 */
function isInUse({ state }: Key): boolean {
  return state === 'active' || state === 'weak'
}

async function actOn(
  owners: readonly Owner[],
  because: string,
  ports: SecondOwnerPorts,
): Promise<Deed> {
  const devices = owners.flatMap(({ device }) => device ?? [])
  const policy = await readKeyPolicy(ports.ledger)
  const choice = sharedChoice(
    policy,
    devices.map(({ product }) => product),
  )
  if (choice === 'alarm') return 'alarm'
  if (!(await mayActAlone(devices.length, ports))) return 'too-many'
  const done = await Promise.all(devices.map((device) => putAway(device.id, because, ports)))
  if (done.includes(false)) return 'busy'
  return owners.length > 1 ? 'quarantined' : 'second-quarantined'
}

/** Whether it is in quarantine then, or out of service for ever. */
async function putAway(id: string, because: string, ports: SecondOwnerPorts): Promise<boolean> {
  for (let tries = 0; tries < mostTries; tries++) {
    const device = await ports.ledger.read('device', id)
    if (device === undefined) return false
    if (device.state === 'quarantined' || device.state === 'retired') return true
    const done = await quarantine(device, because, watcher, ports)
    if (done.kind === 'changed') return true
  }
  return false
}

const deeds = {
  alarm: 'both are still believed: look at both, then quarantine or revoke',
  quarantined: 'both were put in quarantine; release the one that is sound, with a new key',
  'second-quarantined':
    'the second was put in quarantine; the key was out of use already, so the first was left alone',
  'too-many':
    'both are still believed: the watch ended as much in a day as one person may alone; look, and quarantine them',
  busy: 'one of them was busy and is still believed; quarantine it by hand',
} as const satisfies Record<Deed, string>

async function raiseShared(
  { key, stranger, live, proof, source }: SecondOwner,
  [holder, other]: readonly [string, string],
  deed: Deed,
  finding: KeyFinding | undefined,
  ports: SecondOwnerPorts,
): Promise<void> {
  await raise(
    {
      ...{ kind: 'key-held-twice', subject: key.id, severity: 'critical' },
      text: `${holder} and ${other} hold the same private key; ${deeds[deed]}`,
      facts: {
        ...{ holder: key.owner, other: stranger, live: live ?? null, proof, source, done: deed },
        ...(finding && { finding: finding.id }),
      },
    },
    ports,
  )
}

interface Owner {
  readonly name: string
  readonly device?: Device
}

async function nameOf(owner: string, { ledger }: SecondOwnerPorts): Promise<Owner> {
  if (owner.startsWith('dev_')) {
    const device = await ledger.read('device', owner)
    if (device !== undefined) return { name: `device ${device.serial}`, device }
  }
  if (owner.startsWith('app_')) {
    const application = await ledger.read('application', owner)
    if (application !== undefined) return { name: `application ${application.name}` }
  }
  return { name: owner }
}
