// SPDX-License-Identifier: Apache-2.0
/** Artefacts signed by keys in memory, whole. */
import assert from 'node:assert/strict'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { signAsAsked } from '#edge/keystore/sign-as-asked.ts'
import { memorySource } from '#format/archive/byte-source.ts'
import { concatBytes } from '#format/bytes.ts'
import type { KeyAlgorithmName, SignatureAlgorithmName } from '#trust/algorithms.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import type { ArtefactForm, ArtefactSigner, SigningPlan } from '#trust/artefact/form.ts'
import { readPieces } from '#trust/artefact/pieces.ts'
import type { DeviceTrust } from '#trust/artefact/verdict.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'

/** A key that signs artefacts in one way. */
export interface TestSigner extends ArtefactSigner {
  readonly pair: KeyPair
}

export async function signerOf(
  key: KeyAlgorithmName,
  algorithm: SignatureAlgorithmName = signatureAlgorithmFor(key).name,
): Promise<TestSigner> {
  const pair = await generateKey(key)
  return { pair, publicKey: pair.publicKey, chain: [], algorithm }
}

/** What a device has that knows these keys and nothing else. */
export function trustIn(
  signers: readonly ArtefactSigner[],
  more: Partial<DeviceTrust> = {},
): DeviceTrust {
  return {
    keys: signers.map(({ publicKey }) => publicKey),
    ...{ roots: [], stampRoots: [], purpose: 'any', now: undefined },
    ...{ counter: undefined, demandsBoth: false },
    ...more,
  }
}

/** The signatures that a plan asks for, by the keys of its signers. */
export async function signatures(
  plan: SigningPlan,
  signers: readonly TestSigner[],
): Promise<readonly Uint8Array[]> {
  return Promise.all(
    plan.wanted.map(({ signer, over, bytes }) => {
      const mine = signers.find(({ publicKey }) => publicKey === signer.publicKey)
      assert.ok(mine !== undefined)
      return signAsAsked(mine.pair, bytes, { algorithm: signer.algorithm, over }, systemRandomness)
    }),
  )
}

/** The signed artefact in memory. */
export async function signed<O>(
  form: ArtefactForm<O>,
  octets: Uint8Array,
  options: O,
  signers: readonly TestSigner[],
): Promise<Uint8Array> {
  const plan = await form.plan(memorySource(octets), options, signers)
  if (plan.kind === 'refused') assert.fail(`${plan.reason}: ${plan.detail}`)
  const pieces = await plan.finish(await signatures(plan, signers))
  const chunks: Uint8Array[] = []
  for await (const chunk of readPieces(pieces)) chunks.push(chunk.slice())
  return concatBytes(chunks)
}

/** What is wrong with the choices, the source or the signers; fails if nothing is. */
export async function refusedPlan<O>(
  form: ArtefactForm<O>,
  octets: Uint8Array,
  options: O,
  signers: readonly TestSigner[],
): Promise<string> {
  const plan = await form.plan(memorySource(octets), options, signers)
  assert.ok(plan.kind === 'refused', 'it is signed')
  return plan.reason
}

/** `genuine`, or the reason why not. */
export async function judged<O>(
  form: ArtefactForm<O>,
  octets: Uint8Array,
  trust: DeviceTrust,
): Promise<string> {
  const verdict = await form.verify(memorySource(octets), trust)
  return verdict.kind === 'refused' ? verdict.reason : verdict.kind
}
