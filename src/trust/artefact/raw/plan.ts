// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { splitEcdsaSignature } from '#format/ecdsa-signature.ts'
import { keyAlgorithms, signatureAlgorithms } from '#trust/algorithms.ts'
import { digestOctets } from '#trust/digest-signature.ts'
import { refuse } from '#trust/refusal.ts'
import { algorithmFor } from '../algorithm-for.ts'
import type { ArtefactSigner, SignatureWanted, SigningPlan } from '../form.ts'
import { isHexOf } from '../hex.ts'
import { digestsOf, readWhole } from '../read-source.ts'
import { type ArtefactRefused, refusingFormat } from '../refusal.ts'
import { rawSignatures } from './algorithms.ts'
import type { RawOptions } from './options.ts'

/** Up to here a key is given the octets: not every backend signs a digest by every algorithm. */
export const smallOctets = 1_048_576
/** What a signature over octets is made or checked of in memory. */
export const mostOctets = 67_108_864

/** Plans the one signature. A time-stamp has no place in it. */
export async function planRaw(
  source: ByteSource,
  { ecdsa = 'der', digest }: RawOptions,
  signers: readonly ArtefactSigner[],
): Promise<SigningPlan | ArtefactRefused> {
  const unfit = refuseRaw({ ecdsa }, signers)
  if (unfit !== undefined) return unfit
  const [signer] = signers
  if (signer === undefined) throw new TypeError('nobody is to sign')
  return await refusingFormat(async () => {
    const wanted = await wantedFor(source, signer, digest)
    if ('reason' in wanted) return wanted
    return {
      kind: 'plan',
      form: 'raw',
      wanted: [wanted],
      async finish([signature]) {
        if (signature === undefined) throw new TypeError('the signature is missing')
        const half = keyAlgorithms[signer.publicKey.algorithm].materialOctets / 2
        const isSplit = ecdsa === 'raw' && signer.algorithm.startsWith('ecdsa-')
        return [isSplit ? splitEcdsaSignature(signature, half) : signature]
      },
    }
  })
}

/** Who makes no bare signature, and how none is written. */
export function refuseRaw(
  { ecdsa = 'der' }: RawOptions,
  signers: readonly ArtefactSigner[],
): ArtefactRefused | undefined {
  const [signer, ...more] = signers
  if (signer === undefined || more.length > 0)
    return refuse(
      'artefact-choice-wrong',
      `a bare signature is of one key, not of ${signers.length}`,
    )
  if (ecdsa !== 'der' && ecdsa !== 'raw')
    return refuse('artefact-choice-wrong', `ecdsa "${ecdsa}" is neither der nor raw`)
  const unfit = algorithmFor(rawSignatures, signer.publicKey, signer.algorithm)
  return typeof unfit === 'object' ? unfit : undefined
}

async function wantedFor(
  source: ByteSource,
  signer: ArtefactSigner,
  given: string | undefined,
): Promise<SignatureWanted | ArtefactRefused> {
  const { digest: name } = signatureAlgorithms[signer.algorithm]
  const head = await source.read(0, smallOctets + 1)
  if (given !== undefined) {
    if (name === null)
      return refuse(
        'artefact-signer-unfit',
        `${signer.algorithm} signs the octets themselves: a digest of them is not enough`,
      )
    if (head.length > 0 || !isHexOf(given, digestOctets[name]))
      return refuse(
        'artefact-choice-wrong',
        `the digest is of a file that is not here: ${name}, in hexadecimal`,
      )
    return { signer, over: 'digest', bytes: Uint8Array.fromHex(given) }
  }
  if (head.length <= smallOctets) return { signer, over: 'message', bytes: head.slice() }
  if (name === null) return { signer, over: 'message', bytes: await readWhole(source, mostOctets) }
  const digests = await digestsOf(source, [name])
  return { signer, over: 'digest', bytes: digests.get(name) ?? new Uint8Array() }
}
