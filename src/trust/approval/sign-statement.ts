// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import type { SignatureAlgorithmName } from '../algorithms.ts'
import { digestsFor, planCms } from '../cms/plan-cms.ts'
import type { PublicKey } from '../public-key.ts'

/** Who signs a statement: a key wherever it is kept, and the certificates over it. */
export interface StatementSigner {
  readonly publicKey: PublicKey
  readonly algorithm: SignatureAlgorithmName
  /** DER, the one over the key first; at least one, since a CMS names its signer by it. */
  readonly chain: readonly Uint8Array[]
  /** The signature as X.509 has it. */
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

/**
 * A detached CMS over a statement: one signer, signed attributes with content type, digest and time.
 *
 * @returns DER of the ContentInfo
 * @throws TypeError if no CMS is signed by this key, which whoever made the signer has asked before
 */
export async function signStatement(
  statement: Uint8Array,
  signer: StatementSigner,
  at: Temporal.Instant,
): Promise<Uint8Array> {
  const { publicKey, algorithm, chain } = signer
  const signers = [{ publicKey, algorithm, chain }]
  const digests = new Map(
    digestsFor(signers).map((name) => [name, Uint8Array.fromHex(hash(name, statement, 'hex'))]),
  )
  const plan = planCms({ content: { kind: 'detached', digests }, signers, signingTime: at })
  if (plan.kind === 'refused') throw new TypeError(plan.detail)
  const signatures = await Promise.all(plan.wanted.map(({ bytes }) => signer.sign(bytes)))
  return plan.finish(signatures)
}
