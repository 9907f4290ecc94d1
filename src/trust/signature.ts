// SPDX-License-Identifier: Apache-2.0
import { constants, verify } from 'node:crypto'
import { sameBytes } from '#format/bytes.ts'
import type { AlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { findSignatureAlgorithm, keyAlgorithms, type SignatureAlgorithm } from './algorithms.ts'
import type { PublicKey } from './public-key.ts'
import { type Refused, refuse } from './refusal.ts'

/**
 * Whether `key` made `signature` over `data`; on Node's thread pool.
 *
 * RSA is PKCS #1 v1.5, ECDSA signatures are DER and nothing else, ML-DSA has an empty context.
 *
 * @returns false for any wrong signature, however malformed; a refusal if the algorithm is not in the
 *   table, its parameters are not the table's, or it does not belong to the key
 */
export async function verifySignature(
  algorithm: AlgorithmIdentifier,
  key: PublicKey,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean | Refused> {
  const row = chooseAlgorithm(algorithm, key)
  if (row.kind === 'refused') return row
  return new Promise((resolve, reject) => {
    verify(row.algorithm.digest, data, optionsFor(key), signature, (error, genuine) =>
      error === null ? resolve(genuine) : reject(error),
    )
  })
}

/** As `verifySignature`, on the calling thread: for one short path, never in a loop over many devices. */
export function verifySignatureSync(
  algorithm: AlgorithmIdentifier,
  key: PublicKey,
  data: Uint8Array,
  signature: Uint8Array,
): boolean | Refused {
  const row = chooseAlgorithm(algorithm, key)
  if (row.kind === 'refused') return row
  return verify(row.algorithm.digest, data, optionsFor(key), signature)
}

type Chosen = { readonly kind: 'chosen'; readonly algorithm: SignatureAlgorithm }

function chooseAlgorithm(identifier: AlgorithmIdentifier, key: PublicKey): Chosen | Refused {
  const algorithm = findSignatureAlgorithm(identifier)
  if (algorithm === undefined) {
    return refuse(
      'signature-algorithm-unknown',
      `signature algorithm ${identifier.oid} is not known`,
    )
  }
  if (!sameBytes(identifier.der, algorithm.identifier.der)) {
    return refuse(
      'signature-algorithm-unknown',
      `parameters of ${algorithm.name} are ${hexOf(identifier)}, must be ${hexOf(algorithm.identifier)}`,
    )
  }
  if (algorithm.keyOid !== keyAlgorithms[key.algorithm].identifier.oid) {
    return refuse('signature-wrong', `${algorithm.name} is not made with a key of ${key.algorithm}`)
  }
  return { kind: 'chosen', algorithm }
}

function hexOf({ parameters }: AlgorithmIdentifier): string {
  return parameters === undefined ? 'absent' : parameters.subarray(0, 16).toHex()
}

/** Node ignores what does not belong to the key's type. */
function optionsFor({ keyObject }: PublicKey) {
  return { key: keyObject, padding: constants.RSA_PKCS1_PADDING, dsaEncoding: 'der' } as const
}
