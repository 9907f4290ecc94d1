// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import type { Anatomy, ArtefactForm } from '../form.ts'
import { rawSignatures } from './algorithms.ts'
import { type RawOptions, rawOptions } from './options.ts'
import { planRaw, refuseRaw } from './plan.ts'
import { verifyRaw } from './verify.ts'

/**
 * A signature and nothing else, beside any file. It says not whose it is, nor by which algorithm: the device knows.
 *
 * Only ECDSA and RSA can sign a digest; Ed25519 and ML-DSA sign the octets of the file themselves.
 */
export const rawForm: ArtefactForm<RawOptions> = {
  name: 'raw',
  ...rawSignatures,
  place: 'detached',
  options: rawOptions,
  needsAll: undefined,
  // Any octets may be a signature.
  recognise: async () => false,
  refuse: refuseRaw,
  plan: planRaw,
  verify: verifyRaw,
  inspect,
}

async function inspect(source: ByteSource): Promise<Anatomy> {
  const octets = source.size ?? 0
  const what = 'octets that name neither key nor algorithm'
  const parts = [{ name: 'signature', offset: 0, octets, what, facts: [] }]
  return { title: 'bare signature', parts }
}
