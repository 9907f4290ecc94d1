// SPDX-License-Identifier: Apache-2.0
import type { ArtefactFormName } from '#trust/artefact/form-names.ts'
import type { AnyForm } from '#trust/artefact/forms.ts'
import type { Product, Release, ReleasePart } from '../ledger/tables.ts'

/** What a release knows of itself and of the artefact that is signed. */
export interface ReleaseFacts {
  readonly release: Pick<Release, 'firmwareVersion' | 'securityVersion' | 'kind' | 'environment'>
  readonly product: Product
  readonly part: Pick<ReleasePart, 'name'>
  readonly now: Temporal.Instant
  /** What the plan chooses. */
  readonly said: Readonly<Record<string, unknown>>
}

type Choices = Readonly<Record<string, (facts: ReleaseFacts) => unknown>>

/**
 * What a plan cannot say, since the release says it, and what was approved counts. A weak key was an exception when it
 * was made, and is none again each time that it signs.
 */
const everyForm: Choices = {
  signedAt: ({ now }) => now.round('second').toString(),
}

/**
 * What a file has to say of itself, by the release unless the plan, which was approved, chooses: a payload of MCUboot
 * gets its header so, and of all others what they say is held against it.
 */
const unlessSaid: Choices = {
  version: ({ release, said }) => said['version'] ?? release.firmwareVersion,
}

const choices: Partial<Readonly<Record<ArtefactFormName, Choices>>> = {
  mcuboot: {
    securityCounter: ({ release }) => String(release.securityVersion),
    exceptionRsa2048: () => true,
  },
  suit: {
    // Who names no vendor signs an envelope that is there, which says its number itself; the check of what came out
    // holds it to that of the release.
    sequenceNumber: ({ release, said }) =>
      said['vendor'] === undefined ? undefined : release.securityVersion,
  },
  'outer-manifest': {
    product: ({ product }) => product.name,
    version: ({ release }) => release.firmwareVersion,
    securityVersion: ({ release }) => release.securityVersion,
    environment: ({ release }) => release.environment,
    kind: ({ release }) => release.kind,
    madeAt: ({ now }) => Math.floor(now.epochMilliseconds / 1000),
    name: ({ part }) => part.name,
  },
}

/** The choices of a form: the release's own, and what the plan says beside them. */
export function choicesOf(
  { name: form, options }: Pick<AnyForm, 'name' | 'options'>,
  said: Readonly<Record<string, unknown>>,
  facts: Omit<ReleaseFacts, 'said'>,
): Readonly<Record<string, unknown>> {
  const own = Object.entries({ ...everyForm, ...unlessSaid, ...choices[form] }).flatMap(
    ([name, of]) => (Object.hasOwn(options, name) ? [[name, of({ ...facts, said })] as const] : []),
  )
  return { ...said, ...Object.fromEntries(own) }
}

/** Whether what comes out in this form says the security version of its release, under its signature. */
export function saysSecurityVersion(form: ArtefactFormName): boolean {
  const names = Object.keys(choices[form] ?? {})
  return ['securityVersion', 'securityCounter', 'sequenceNumber'].some((name) =>
    names.includes(name),
  )
}

/** Whether a choice is the release's, so that no plan has it. */
export function isOfRelease(form: ArtefactFormName, name: string): boolean {
  return Object.hasOwn(everyForm, name) || Object.hasOwn(choices[form] ?? {}, name)
}

/** The choices of some release of a product, by which those of a plan are read before there is any. */
export function releaseLike(
  product: Product,
  environment: Release['environment'],
): Omit<ReleaseFacts, 'said'> {
  const release = {
    ...({ firmwareVersion: '1.0.0', securityVersion: 1, kind: 'feature' } as const),
    environment,
  }
  const now = Temporal.Instant.fromEpochMilliseconds(0)
  return { release, product, part: { name: 'app.bin' }, now }
}
