// SPDX-License-Identifier: Apache-2.0
import { createVerify, type Verify } from 'node:crypto'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { joinEcdsaSignature } from '#format/ecdsa-signature.ts'
import { FormatError } from '#format/format-error.ts'
import { type HssPublicKey, type HssSignature, parseHssSignature } from '#format/lms/hss.ts'
import { keyAlgorithms, type SignatureAlgorithm, signatureAlgorithms } from '#trust/algorithms.ts'
import { hssSigner } from '#trust/lms/hss-key.ts'
import { hashing, verifyHss } from '#trust/lms/verify-hss.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { paddingFor, verifySignature } from '#trust/signature.ts'
import { algorithmFor } from '../algorithm-for.ts'
import { bareSigner } from '../bare-signer.ts'
import { conclude } from '../conclude.ts'
import { chunksOf, digestSource, readWhole } from '../read-source.ts'
import { type ArtefactRefused, refusingFormat } from '../refusal.ts'
import type { DeviceTrust, SignerKey, Verdict } from '../verdict.ts'
import { rawSignatures } from './algorithms.ts'
import { mostOctets } from './plan.ts'

/** HSS of eight levels, each of 32 octets a hash, height 25 and chains of one bit, has 75 kB; ML-DSA-87 4,627 octets. */
const longestSignature = 81_920

/**
 * Judges a bare signature over the file beside it by every key of the device, and every algorithm that the key may have
 * signed by. It says no version: a device with a counter does not take it alone.
 */
export async function verifyRaw(
  source: ByteSource,
  trust: DeviceTrust,
  beside?: ByteSource,
): Promise<Verdict | ArtefactRefused> {
  return await refusingFormat(async () => {
    if (beside === undefined)
      return refuse('artefact-choice-wrong', 'a bare signature says nothing without the file')
    const signature = await readWhole(source, longestSignature)
    if (signature.length === 0) return refuse('artefact-not-signed', 'the signature is empty')
    const { keys, hssKeys = [] } = trust
    const tries = keys.flatMap((key) => triesFor(key, signature))
    if (tries.length + hssKeys.length === 0)
      return refuse(
        'artefact-signer-unknown',
        `no key of the device makes signatures of ${signature.length} octets`,
      )
    const made =
      (await overDigests(tries, beside)) ??
      (await overOctets(tries, beside)) ??
      (await byHss(hssKeys, signature, beside))
    if (made === undefined)
      return refuse(
        'signature-wrong',
        `none of ${keys.length + hssKeys.length} keys signed this file so`,
      )
    const { sha256 } = await digestSource(beside)
    const covers = [{ name: 'content', sha256 }]
    const signers = [bareSigner(made)]
    return conclude({ signers, version: undefined, securityVersion: undefined, covers }, trust)
  })
}

interface Try {
  readonly key: PublicKey
  readonly row: SignatureAlgorithm
  /** As X.509 has it. */
  readonly signature: Uint8Array
}

function triesFor(key: PublicKey, signature: Uint8Array): Try[] {
  return rawSignatures.algorithms.flatMap((name) => {
    if (typeof algorithmFor(rawSignatures, key, name) === 'object') return []
    const row = signatureAlgorithms[name]
    const octets = keyAlgorithms[key.algorithm].materialOctets
    if (name.startsWith('rsa-')) return signature.length === octets ? [{ key, row, signature }] : []
    if (!name.startsWith('ecdsa-')) return [{ key, row, signature }]
    const isRaw = signature.length === octets
    const raw = isRaw ? [{ key, row, signature: joinEcdsaSignature(signature) }] : []
    // What has the length of r and s may be DER by chance, of a short number.
    return signature[0] === 0x30 ? [...raw, { key, row, signature }] : raw
  })
}

/** The key whose signature over a digest it is; the file is read once, whatever its size. */
async function overDigests(
  tries: readonly Try[],
  beside: ByteSource,
): Promise<PublicKey | undefined> {
  const running = tries.flatMap((one): (readonly [Try, Verify])[] =>
    one.row.digest === null ? [] : [[one, createVerify(one.row.digest)]],
  )
  if (running.length === 0) return
  for await (const chunk of chunksOf(beside)) for (const [, verify] of running) verify.update(chunk)
  return running.find(([{ key, row, signature }, verify]) =>
    verify.verify(
      { key: key.keyObject, dsaEncoding: 'der', ...paddingFor(row, key.bits) },
      signature,
    ),
  )?.[0].key
}

async function overOctets(
  tries: readonly Try[],
  beside: ByteSource,
): Promise<PublicKey | undefined> {
  const pure = tries.filter(({ row }) => row.digest === null)
  if (pure.length === 0) return
  const octets = await readWhole(beside, mostOctets)
  for (const { key, row, signature } of pure)
    if ((await verifySignature(row.identifier, key, octets, signature)) === true) return key
  return
}

/** The HSS key that made it; one that does not read, or is of another set of parameters, made it not. */
async function byHss(
  keys: readonly HssPublicKey[],
  bytes: Uint8Array,
  beside: ByteSource,
): Promise<SignerKey | undefined> {
  const signature = keys.length === 0 ? undefined : parseOrNot(bytes)
  if (signature === undefined) return
  for (const key of keys)
    if (await verifyHss(key, signature, hashing(chunksOf(beside)))) return hssSigner(key)
  return
}

function parseOrNot(bytes: Uint8Array): HssSignature | undefined {
  try {
    return parseHssSignature(bytes)
  } catch (error) {
    if (error instanceof FormatError) return
    throw error
  }
}
