// SPDX-License-Identifier: Apache-2.0
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { Key, Machine } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { PeoplePorts } from './ports.ts'

export type MachineAdded = { readonly kind: 'added'; readonly machine: Machine } | Refused

export interface NewMachine {
  readonly name: string
  readonly role: Machine['role']
  /** Of a signer: the ids of the products that it is for, at least one; of other machines none. */
  readonly products?: readonly string[]
  readonly publicKey: PublicKey
  readonly environment: Key['environment']
}

/**
 * Lets a machine use the API with a key that nobody here had before.
 *
 * @returns `input-wrong` for a signer without products, and for products of a machine that is for all of them
 */
export async function addMachine(
  asked: NewMachine,
  actor: Actor,
  ports: PeoplePorts,
): Promise<MachineAdded> {
  const { publicKey, role, products = [] } = asked
  const unfit = refuseProducts(role, products)
  if (unfit !== undefined) return unfit
  const known = await ports.ledger.find('key', 'fingerprint', [publicKey.fingerprint])
  if (known !== undefined) {
    return refuse(
      'key-has-another-owner',
      'this key is known here already; make a new one for the machine',
    )
  }
  const now = ports.clock.now()
  const id = newId('machine', ports)
  const key: Key = {
    id: newId('key', ports),
    version: 1,
    fingerprint: publicKey.fingerprint,
    algorithm: publicKey.algorithm,
    bits: publicKey.bits,
    spki: publicKey.spki,
    origin: 'device',
    protection: 'unknown',
    attested: false,
    exportable: null,
    purpose: 'client',
    environment: asked.environment,
    owner: id,
    state: 'active',
    moduleCertificate: null,
    custody: null,
    activatedAt: now,
    deactivateAt: null,
  }
  const machine: Machine = {
    id,
    version: 1,
    name: asked.name,
    role,
    products: role === 'signer' ? [...new Set(products)] : null,
    key: key.id,
    state: 'active',
    createdAt: now,
  }
  const refused = await settle(
    {
      puts: [
        { kind: 'key', record: key },
        { kind: 'machine', record: machine },
      ],
      events: [
        {
          type: 'machine-added',
          at: now,
          actor,
          subjects: [id, key.id, ...(machine.products ?? [])],
          facts: {
            name: machine.name,
            role: machine.role,
            keyFingerprint: key.fingerprint.toHex(),
          },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'added', machine }
}

/** Only who has digests signed is for some products alone: what others read and do is the whole installation's. */
function refuseProducts(role: Machine['role'], products: readonly string[]): Refused | undefined {
  if (role !== 'signer')
    return products.length === 0
      ? undefined
      : refuse(
          'input-wrong',
          `products: a machine of role ${role} is for all products; only a signer is for some`,
        )
  return products.length > 0
    ? undefined
    : refuse('input-wrong', 'products: say at least one of which this signer has digests signed')
}

export type MachineChanged = { readonly kind: 'changed'; readonly machine: Machine } | Refused

/**
 * Makes a signer one of exactly these products, from its next request on.
 *
 * @returns `input-wrong` for none, and for a machine of another role
 */
export async function setMachineProducts(
  machine: Machine,
  asked: readonly string[],
  actor: Actor,
  ports: PeoplePorts,
): Promise<MachineChanged> {
  const products = [...new Set(asked)]
  const unfit = refuseProducts(machine.role, products)
  if (unfit !== undefined) return unfit
  if (machine.state === 'removed')
    return refuse('not-permitted', `${machine.name} was removed; add a machine with a new key`)
  const before = new Set(machine.products)
  if (before.size === products.length && products.every((one) => before.has(one)))
    return { kind: 'changed', machine }
  const changed: Machine = { ...machine, version: machine.version + 1, products }
  const refused = await settle(
    {
      puts: [{ kind: 'machine', record: changed }],
      events: [
        {
          type: 'machine-products-set',
          at: ports.clock.now(),
          actor,
          subjects: [machine.id, ...products],
          facts: { name: machine.name, before: [...before].join(' ') },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'changed', machine: changed }
}

export type MachineRemoved = { readonly kind: 'removed'; readonly machine: Machine } | Refused

/** Ends a machine's access and retires its key, which stays known so that nobody else gets it. */
export async function removeMachine(
  machine: Machine,
  actor: Actor,
  ports: PeoplePorts,
): Promise<MachineRemoved> {
  if (machine.state === 'removed') return { kind: 'removed', machine }
  const key = await ports.ledger.read('key', machine.key)
  const removed: Machine = { ...machine, version: machine.version + 1, state: 'removed' }
  const refused = await settle(
    {
      puts: [
        { kind: 'machine', record: removed },
        ...(key?.state === 'active'
          ? [
              {
                kind: 'key',
                record: { ...key, version: key.version + 1, state: 'retired' },
              } as const,
            ]
          : []),
      ],
      events: [
        {
          type: 'machine-removed',
          at: ports.clock.now(),
          actor,
          subjects: [machine.id, machine.key],
          facts: { name: machine.name },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'removed', machine: removed }
}

/** The machine that holds this key and may speak. */
export async function machineOf(
  fingerprint: Uint8Array,
  ports: Pick<PeoplePorts, 'ledger'>,
): Promise<Machine | undefined> {
  const key = await ports.ledger.find('key', 'fingerprint', [fingerprint])
  if (key?.state !== 'active') return undefined
  const machine = await ports.ledger.find('machine', 'key', [key.id])
  return machine?.state === 'active' ? machine : undefined
}
