// SPDX-License-Identifier: Apache-2.0
/** Containers and signed artefacts as octets, for tests: small ones, which stay in memory. */
import { type ByteSource, memorySource } from '#format/archive/byte-source.ts'
import type { FileToPack, PlacedOctets } from '#format/archive/squashfs-writer.ts'
import type { Piece, Stamp } from '#trust/artefact/form.ts'
import type { AnyForm } from '#trust/artefact/forms.ts'
import { readPieces } from '#trust/artefact/pieces.ts'
import type { DeviceTrust } from '#trust/artefact/verdict.ts'
import { type MadeSigner, signAll } from './signers.ts'

export function fileToPack(name: string, bytes: Uint8Array, executable = false): FileToPack {
  return { kind: 'file', name, content: memorySource(bytes), executable }
}

/** What pieces come to, in memory. */
export async function octetsOf(placed: AsyncIterable<PlacedOctets>): Promise<Uint8Array> {
  let whole = new Uint8Array()
  for await (const { at, bytes } of placed) {
    if (at + bytes.length > whole.length) {
      const longer = new Uint8Array(at + bytes.length)
      longer.set(whole)
      whole = longer
    }
    whole.set(bytes, at)
  }
  return whole
}

/** Plans, signs and lays out; whoever refuses is thrown. */
export async function signedBy(
  form: AnyForm,
  source: ByteSource | Uint8Array,
  choices: object,
  signers: readonly MadeSigner[],
  stamp?: Stamp,
): Promise<Uint8Array> {
  const from = source instanceof Uint8Array ? memorySource(source) : source
  const plan = await form.plan(from, choices, signers)
  if (plan.kind === 'refused') throw new Error(`${plan.reason}: ${plan.detail}`)
  return piecesOf(await plan.finish(signAll(plan.wanted, signers), stamp))
}

export async function piecesOf(pieces: readonly Piece[]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of readPieces(pieces)) chunks.push(chunk.slice())
  return Uint8Array.from(Buffer.concat(chunks))
}

/** `genuine`, or the reason and the detail why not. */
export async function judgedBy(
  form: AnyForm,
  bytes: Uint8Array,
  trust: DeviceTrust,
): Promise<string> {
  const verdict = await form.verify(memorySource(bytes), trust)
  return verdict.kind === 'refused' ? `${verdict.reason}: ${verdict.detail}` : verdict.kind
}
