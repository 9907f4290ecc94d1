// SPDX-License-Identifier: Apache-2.0
/**
 * What a maker says of the devices in the field: what checks their updates, how it is set, what they hold.
 *
 * One JSON document, of which every member is known; files are named relative to it. @see docs/device-declaration.md
 */
import { type Members, readObject } from '../attestation/members.ts'
import { FormatError } from '../format-error.ts'

export const deviceDeclarationFormat = 'vitalsign-device-declaration'

/** A device has a handful of keys; a document of thousands is none that a person wrote. */
const most = { octets: 65_536, items: 64, text: 256, path: 1_024, counter: 2 ** 32 - 1 } as const

export const clockKinds = ['good', 'none'] as const
export type ClockKind = (typeof clockKinds)[number]

export interface DeviceDeclaration {
  /** For people. */
  readonly name: string
  /** The form of artefact that it takes: `mcuboot`, `rauc` … */
  readonly form: string
  /** How its verifier is set, in the words of its own configuration: `check-purpose=codesign`. */
  readonly settings: readonly string[]
  readonly environment: 'trial' | 'test' | 'production'
  readonly product: string | undefined
  readonly hardware: string | undefined
  /** Files with public keys, or with certificates of which only the key is known. */
  readonly keys: readonly string[]
  /** Files with roots, PEM. */
  readonly roots: readonly string[]
  readonly clock: ClockKind
  /** Of a device without a clock: what its clock says when it starts. */
  readonly clockStartsAt: Temporal.Instant | undefined
  /** The latest time that it has seen. */
  readonly seen: Temporal.Instant | undefined
  /** Files with revocation lists. */
  readonly lists: readonly string[]
  readonly statusFile: string | undefined
  /** Files with roots of time-stamps that it honours. */
  readonly stampRoots: readonly string[]
  readonly minimumVersion: string | undefined
  readonly counter: number | undefined
  readonly demandsBoth: boolean
  /** Until when it is to take updates. */
  readonly supportUntil: Temporal.Instant | undefined
}

const names = [
  ...['format', 'version', 'name', 'form', 'settings', 'environment', 'product', 'hardware'],
  ...['keys', 'roots', 'clock', 'clockStartsAt', 'seen', 'lists', 'statusFile', 'stampRoots'],
  ...['minimumVersion', 'counter', 'demandsBoth', 'supportUntil'],
]

/** @throws FormatError with the path of what is wrong */
export function parseDeviceDeclaration(bytes: Uint8Array): DeviceDeclaration {
  const members = readObject(bytes, most.octets, names, 'refused')
  const format = members.text('format', most.text)
  if (format !== deviceDeclarationFormat)
    throw new FormatError('value-not-allowed', 0, `format is not ${deviceDeclarationFormat}`)
  if (members.number('version', 1_000) !== 1) throw new FormatError('version-unknown', 0)
  const declaration: DeviceDeclaration = {
    name: members.text('name', most.text),
    form: members.text('form', most.text),
    settings: textsIn(members, 'settings', most.text),
    environment: oneOf(members, 'environment', ['trial', 'test', 'production']) ?? 'production',
    product: textIn(members, 'product', most.text),
    hardware: textIn(members, 'hardware', most.text),
    keys: textsIn(members, 'keys', most.path),
    roots: textsIn(members, 'roots', most.path),
    clock: oneOf(members, 'clock', clockKinds) ?? 'good',
    clockStartsAt: instantIn(members, 'clockStartsAt'),
    seen: instantIn(members, 'seen'),
    lists: textsIn(members, 'lists', most.path),
    statusFile: textIn(members, 'statusFile', most.path),
    stampRoots: textsIn(members, 'stampRoots', most.path),
    minimumVersion: textIn(members, 'minimumVersion', most.text),
    counter: members.has('counter') ? members.number('counter', most.counter) : undefined,
    demandsBoth: flagIn(members, 'demandsBoth'),
    supportUntil: instantIn(members, 'supportUntil'),
  }
  if (declaration.keys.length + declaration.roots.length === 0)
    throw new FormatError('element-missing', 0, 'keys or roots: it would believe nobody')
  if (declaration.clock === 'good' && declaration.clockStartsAt !== undefined)
    throw new FormatError('value-not-allowed', 0, 'clockStartsAt of a device whose clock is good')
  return declaration
}

function textIn(members: Members, name: string, longest: number): string | undefined {
  return members.has(name) ? members.text(name, longest) : undefined
}

function textsIn(members: Members, name: string, longest: number): readonly string[] {
  if (!members.has(name)) return []
  return members.list(name, 0, most.items, (item) => item.text('item', longest))
}

function instantIn(members: Members, name: string): Temporal.Instant | undefined {
  return members.has(name) ? members.instant(name) : undefined
}

function flagIn(members: Members, name: string): boolean {
  return members.has(name) && members.flag(name)
}

function oneOf<const W extends string>(
  members: Members,
  name: string,
  words: readonly W[],
): W | undefined {
  if (!members.has(name)) return undefined
  const text = members.text(name, most.text)
  const word = words.find((one) => one === text)
  if (word === undefined)
    throw new FormatError('value-not-allowed', 0, `${name} is none of ${words.join(', ')}`)
  return word
}
