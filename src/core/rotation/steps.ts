// SPDX-License-Identifier: Apache-2.0
/** How far a rotation came: computed from records each time, and never typed in. */
import type { Ledger } from '../ledger/ledger.ts'
import type { ArtefactKey, Rotation } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import { signedArtefactsOf } from '../releases/publish.ts'
import { publishedOf } from '../releases/published-by.ts'
import { anchorsOfKey } from './anchors-of-key.ts'
import { type Adoption, adoptionText, countAdoption, isProved } from './count-adoption.ts'

/** In their order. */
export const stepNames = [
  ...(['key-made', 'anchors-shipped', 'signed-with-both'] as const),
  ...(['adoption-proved', 'old-retired'] as const),
] as const
export type StepName = (typeof stepNames)[number]

export interface Step {
  readonly name: StepName
  readonly state: 'done' | 'skipped' | 'waits'
  /** What makes it done, or what it waits for, in words. */
  readonly detail: string
}

/** Of a rotation, all that can be said now. */
export interface Progress {
  readonly from: ArtefactKey
  readonly to: ArtefactKey
  /** What devices hold to believe the new key. */
  readonly anchors: readonly string[]
  readonly steps: readonly Step[]
  /** The first that waits; undefined: all is done. */
  readonly next: Step | undefined
  readonly adoption: Adoption
}

type Ports = { readonly ledger: Ledger; readonly clock: Clock }

/** Looks at releases, at keys, and at what every device reported. */
export async function progressOf(rotation: Rotation, ports: Ports): Promise<Progress> {
  const { ledger, clock } = ports
  const [from, to] = [await keyOf(rotation.fromKey, ledger), await keyOf(rotation.toKey, ledger)]
  const anchors = await anchorsOfKey(to, ledger, rotation.forms)
  const before = await anchorsOfKey(from, ledger, rotation.forms)
  const isKnown = anchors.every((one) => before.includes(one))
  const adoption = await countAdoption(rotation, anchors, clock.now(), ledger)
  const looks: Record<StepName, Omit<Step, 'name'> | Promise<Omit<Step, 'name'>>> = {
    'key-made': keyMade(to),
    'anchors-shipped': isKnown ? known : anchorsShipped(rotation, from, ledger),
    'signed-with-both': isKnown ? known : signedWithBoth(rotation, from, to, ledger),
    'adoption-proved': isKnown ? known : adoptionProved(adoption, rotation),
    'old-retired': oldRetired(from),
  }
  const steps: Step[] = []
  for (const name of stepNames) steps.push(passedOver(rotation, { name, ...(await looks[name]) }))
  return { from, to, anchors, steps, adoption, next: steps.find(({ state }) => state === 'waits') }
}

/** Devices hold a root above both keys. */
const known = { state: 'done', detail: 'devices hold the root above both keys already' } as const

async function keyOf(id: string, ledger: Ledger): Promise<ArtefactKey> {
  const key = await ledger.read('artefactKey', id)
  if (key === undefined) throw new TypeError(`a rotation names ${id}, which is nowhere`)
  return key
}

function passedOver({ skipped }: Rotation, step: Step): Step {
  const by = skipped.find((one) => one.step === step.name)
  if (step.state !== 'waits' || by === undefined) return step
  const detail = `passed over by ${by.by}, as exception ${by.exception}; ${step.detail}`
  return { ...step, state: 'skipped', detail }
}

function waits(detail: string): Omit<Step, 'name'> {
  return { state: 'waits', detail }
}

function done(detail: string): Omit<Step, 'name'> {
  return { state: 'done', detail }
}

function keyMade({ name, state }: ArtefactKey) {
  return state === 'retired' || state === 'revoked'
    ? waits(`signing key ${name} is ${state}: give this rotation up, and begin one to another key`)
    : done(`signing key ${name} is ${state}`)
}

async function anchorsShipped({ carrier, forms }: Rotation, from: ArtefactKey, ledger: Ledger) {
  if (carrier === null)
    return waits(
      `build ${forms.join(', ')} with the anchors of both keys ("signing-key export-anchors"), and name the release that brings them`,
    )
  const release = await ledger.read('release', carrier)
  const version = release?.firmwareVersion ?? carrier
  if (release?.state !== 'published')
    return waits(`release ${version} is ${release?.state ?? 'gone'}: publish it, or name another`)
  const signed = await signedArtefactsOf(carrier, ledger)
  const missing = forms.find(
    (form) => !signed.some((one) => one.form === form && one.keys.includes(from.id)),
  )
  return missing === undefined
    ? done(`release ${version} brings them, signed by ${from.name}`)
    : waits(
        `release ${version} is not signed by ${from.name} as ${missing}: devices do not take it`,
      )
}

/** For each form a release, of since then, that both kinds of devices take. */
async function signedWithBoth(
  rotation: Rotation,
  from: ArtefactKey,
  to: ArtefactKey,
  ledger: Ledger,
) {
  const missing = new Set(rotation.forms)
  const versions = new Set<string>()
  for await (const { release, signed } of publishedOf(rotation, ledger)) {
    if (Temporal.Instant.compare(release.createdAt, rotation.begunAt) < 0) break
    for (const form of rotation.forms) {
      const keys = new Set(signed.flatMap((one) => (one.form === form ? one.keys : [])))
      if (!keys.has(from.id) || !keys.has(to.id)) continue
      missing.delete(form)
      versions.add(release.firmwareVersion)
    }
    if (missing.size === 0) return done(`release ${[...versions].join(', ')} is signed by both`)
  }
  return waits(
    to.state === 'next'
      ? `let ${to.name} sign beside ${from.name}: "rotation advance"`
      : `publish a release that both sign as ${[...missing].join(', ')}`,
  )
}

function adoptionProved(adoption: Adoption, rotation: Rotation) {
  const text = adoptionText(adoption, rotation)
  return isProved(adoption, rotation) ? done(text) : waits(text)
}

function oldRetired({ name, state }: ArtefactKey) {
  return state === 'retired' || state === 'revoked'
    ? done(`signing key ${name} is ${state}`)
    : waits(`retire ${name}: "rotation advance"`)
}
