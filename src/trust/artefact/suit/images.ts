// SPDX-License-Identifier: Apache-2.0
import type { SuitSequence } from '#format/suit/commands.ts'
import type { SuitDigest } from '#format/suit/digest.ts'
import type { SuitEnvelope } from '#format/suit/envelope.ts'
import type { SuitComponent } from '#format/suit/manifest.ts'
import { parameterKeys, sha256Number } from '#format/suit/numbers.ts'
import { allSequences } from './unknown-command.ts'

/** What a manifest may make of one component, whichever way its conditions decide. */
export interface SuitImage {
  /** The component, as text where it is text. */
  readonly name: string
  readonly digests: readonly SuitDigest[]
  /** The first digest that is SHA-256. */
  readonly sha256: Uint8Array | undefined
  readonly sizes: readonly number[]
  readonly uris: readonly string[]
  readonly vendors: readonly Uint8Array[]
  readonly classes: readonly Uint8Array[]
}

interface Gathered {
  readonly digests: SuitDigest[]
  readonly sizes: number[]
  readonly uris: string[]
  readonly vendors: Uint8Array[]
  readonly classes: Uint8Array[]
}

/** The parameters that each component is ever given, of every alternative; commands are not run. */
export function imagesOf(envelope: SuitEnvelope): readonly SuitImage[] {
  const { components } = envelope.manifest
  const gathered = components.map((): Gathered => {
    return { digests: [], sizes: [], uris: [], vendors: [], classes: [] }
  })
  // Section 6.4.2: each sequence begins with component 0.
  for (const [, sequence] of allSequences(envelope)) gather(sequence, gathered, [0])
  return components.map((component, index) => {
    const one = gathered[index]!
    const sha256 = one.digests.find(({ algorithm }) => algorithm === sha256Number)?.bytes
    return { ...one, name: nameOf(component), sha256 }
  })
}

/** @returns the components that are current where the sequence ends */
function gather(
  sequence: SuitSequence,
  gathered: readonly Gathered[],
  first: readonly number[],
): readonly number[] {
  let current = first
  for (const { argument } of sequence) {
    if (argument.kind === 'index')
      current = argument.components === true ? [...gathered.keys()] : argument.components
    if (argument.kind === 'sequence') current = gather(argument.sequence, gathered, current)
    if (argument.kind === 'sequences')
      for (const one of argument.sequences) if (one !== undefined) gather(one, gathered, current)
    if (argument.kind === 'parameters')
      for (const index of current) take(argument.parameters, gathered[index])
  }
  return current
}

type Parameters = Extract<SuitSequence[number]['argument'], { kind: 'parameters' }>['parameters']

function take(parameters: Parameters, into: Gathered | undefined): void {
  if (into === undefined) return
  for (const { number, value, digest } of parameters) {
    if (digest !== undefined) into.digests.push(digest)
    if (number === parameterKeys.imageSize && typeof value === 'number') into.sizes.push(value)
    if (number === parameterKeys.uri && typeof value === 'string') into.uris.push(value)
    if (number === parameterKeys.vendorIdentifier && value instanceof Uint8Array)
      into.vendors.push(value)
    if (number === parameterKeys.classIdentifier && value instanceof Uint8Array)
      into.classes.push(value)
  }
}

/** Parts that are printable are shown as they are, all others in hexadecimal. */
export function nameOf(component: SuitComponent): string {
  return component
    .map((part) => {
      const text = new TextDecoder().decode(part)
      return /^[\x21-\x7e]+$/.test(text) ? text : `0x${part.toHex()}`
    })
    .join('/')
}
