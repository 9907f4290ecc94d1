// SPDX-License-Identifier: Apache-2.0
/** The stage on which the check of operation plays its devices, and how it is left. */
import type { Actor } from '#core/audit/event.ts'
import { addDevice } from '#core/devices/add.ts'
import { newCode } from '#core/devices/code.ts'
import { retire } from '#core/devices/life.ts'
import { addProduct } from '#core/devices/product.ts'
import type { Authority, Device, Product } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import { refuse } from '#trust/refusal.ts'
import { type Played, requestBy } from './est-call.ts'
import type { QualificationParts } from './qualify.ts'

/** Two devices on a stage: what one check makes, a later one uses. */
export interface Stage {
  readonly product: Product
  readonly first: Device
  readonly second: Device
  readonly code: string
  /** The entrance, and its authority. */
  readonly label: string
  readonly authority: Authority
  readonly key: KeyPair
  /** The first device's only request. */
  readonly request: Uint8Array
  identity?: Played
}

/** For which product the devices are played; it is made if it is not there. */
export interface PlayAsked {
  readonly product: string
  /** The maker's name, for an installation that knows none yet. */
  readonly maker: string | undefined
}

/**
 * Makes the devices, once it is sure that they can play.
 *
 * @throws Error if that breaks half-way
 */
export async function openStage(
  wanted: PlayAsked,
  parts: QualificationParts,
  actor: Actor,
): Promise<{ readonly kind: 'open'; readonly stage: Stage } | Refused> {
  const product = await productFor(wanted, parts, actor)
  if ('reason' in product) return product
  const door = playable(product, parts)
  if (door.kind === 'refused') return door
  return { kind: 'open', stage: await setStage(product, door, parts, actor) }
}

/** Retires the devices; those that are retired already stay so. */
export function leaving(stage: Stage, { core }: QualificationParts, actor: Actor) {
  return async () => {
    for (const { id } of [stage.first, stage.second]) {
      const device = await core.ledger.read('device', id)
      if (device && device.state !== 'retired')
        await retire(device, 'end of the qualification', actor, core)
    }
  }
}

async function productFor(
  { product: name, maker }: PlayAsked,
  { core }: QualificationParts,
  actor: Actor,
): Promise<Product | Refused> {
  const known = await core.ledger.find('product', 'name', [name])
  if (known !== undefined) return known
  const added = await addProduct({ name, exposure: 'none', maker }, actor, core)
  return added.kind === 'added' ? added.product : added
}

/** Whether two devices with codes can play at this product's door by themselves. */
function playable({ id, name }: Product, { core }: QualificationParts) {
  const door = core.doors.for(id, undefined)
  if ('kind' in door) return door
  const { profile } = door
  const why = [
    ...(profile.approval?.operations.includes('enrol') ? ['lets requests wait for a person'] : []),
    ...(profile.bindsChannel ? ['binds requests to their connection'] : []),
    ...(profile.proofs.includes('code') ? [] : ['admits no codes']),
    ...(profile.keyAlgorithms.includes('p-256') ? [] : ['admits no keys of p-256']),
  ]
  return why.length === 0
    ? ({ kind: 'playable', label: door.entrance.label, authority: door.issuer.authority } as const)
    : refuse(
        'not-permitted',
        `profile ${profile.name} of product ${name} ${why.join(' and ')}, so nobody can play its devices; qualify with another product`,
      )
}

async function setStage(
  product: Product,
  { label, authority }: Pick<Stage, 'label' | 'authority'>,
  parts: QualificationParts,
  actor: Actor,
): Promise<Stage> {
  const mark = parts.core.random.bytes(4).toHex().toUpperCase()
  const first = await newDevice(`OQ-${mark}-A`, product, parts, actor)
  const second = await newDevice(`OQ-${mark}-B`, product, parts, actor)
  const key = await generateKey('p-256')
  return {
    ...{ product, first, second, key, request: await requestBy(key), label, authority },
    code: await codeFor(first, parts, actor),
  }
}

async function newDevice(
  serial: string,
  product: Product,
  { core }: QualificationParts,
  actor: Actor,
) {
  const particulars = { hardwareRevision: null, lot: null, udiDi: null }
  const added = await addDevice({ serial, ...particulars }, product, actor, core)
  if (added.kind === 'refused') throw new Error(added.detail)
  return added.device
}

export async function codeFor(
  device: Device,
  { core }: QualificationParts,
  actor: Actor,
): Promise<string> {
  const made = await newCode(device, 1, actor, core)
  if (made.kind === 'refused') throw new Error(made.detail)
  return made.text
}
