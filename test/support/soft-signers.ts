// SPDX-License-Identifier: Apache-2.0
/** Signers of artefacts whose keys are in memory, and what they make of a plan. */
import { randomBytes } from 'node:crypto'
import { signAsAsked } from '#edge/keystore/sign-as-asked.ts'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { concatBytes } from '#format/bytes.ts'
import {
  type KeyAlgorithmName,
  type SignatureAlgorithmName,
  signatureAlgorithmFor,
} from '#trust/algorithms.ts'
import type { ArtefactSigner, Piece, SigningPlan, Stamp } from '#trust/artefact/form.ts'
import { readPieces } from '#trust/artefact/pieces.ts'
import type { DeviceTrust } from '#trust/artefact/verdict.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'

export interface SoftSigner extends ArtefactSigner {
  readonly pair: KeyPair
}

/** A fresh key; without a name of an algorithm it signs as keys of its kind usually do. */
export async function softSigner(
  key: KeyAlgorithmName,
  algorithm: SignatureAlgorithmName = signatureAlgorithmFor(key).name,
  chain: readonly Uint8Array[] = [],
): Promise<SoftSigner> {
  const pair = await generateKey(key)
  return { pair, publicKey: pair.publicKey, chain, algorithm }
}

const random = { bytes: (count: number) => Uint8Array.from(randomBytes(count)) }

/** What comes out when these signers sign all that a plan wants. */
export async function signPlan(
  plan: SigningPlan | { readonly kind: 'refused'; readonly detail: string },
  signers: readonly SoftSigner[],
  stamp?: Stamp,
): Promise<Uint8Array> {
  if (plan.kind === 'refused') throw new Error(plan.detail)
  const signatures = await Promise.all(
    plan.wanted.map(({ signer, over, bytes }) => {
      const soft = signers.find(({ publicKey }) => publicKey === signer.publicKey)
      if (soft === undefined) throw new Error('the plan wants somebody else')
      return signAsAsked(soft.pair, bytes, { algorithm: signer.algorithm, over }, random)
    }),
  )
  return await octetsOf(await plan.finish(signatures, stamp))
}

async function octetsOf(pieces: readonly Piece[]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of readPieces(pieces)) chunks.push(chunk.slice())
  return concatBytes(chunks)
}

/** A device that knows these signers' keys and asks for nothing more. */
export function deviceKnowing(
  signers: readonly Pick<ArtefactSigner, 'publicKey'>[],
  wishes: Partial<DeviceTrust> = {},
): DeviceTrust {
  return {
    keys: signers.map(({ publicKey }) => publicKey),
    roots: [],
    purpose: 'any',
    now: undefined,
    stampRoots: [],
    counter: undefined,
    demandsBoth: false,
    ...wishes,
  }
}

/** A source without octets, for what is signed by its digest. */
export const nothing: ByteSource = { size: 0, read: async () => new Uint8Array() }
