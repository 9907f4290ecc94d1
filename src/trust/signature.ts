// SPDX-License-Identifier: Apache-2.0
import { constants, verify } from 'node:crypto'
import { sameBytes } from '#format/bytes.ts'
import { algorithms } from '#format/oids.ts'
import type { AlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { findSignatureAlgorithm, keyAlgorithms, type SignatureAlgorithm } from './algorithms.ts'
import { saltOctetsOf } from './digest-signature.ts'
import type { PublicKey } from './public-key.ts'
import { type Refused, refuse } from './refusal.ts'
import { rsaPssSignature } from './rsa-pss.ts'

/**
 * Whether `key` made `signature` over `data`; on Node's thread pool.
 *
 * RSA is PKCS #1 v1.5 or PSS as its row says, ECDSA signatures are DER and nothing else, ML-DSA and SLH-DSA
 * have an empty context.
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
    verify(
      row.algorithm.digest,
      data,
      optionsFor(key, row.algorithm),
      signature,
      (error, genuine) => (error === null ? resolve(genuine) : reject(error)),
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
  return verify(row.algorithm.digest, data, optionsFor(key, row.algorithm), signature)
}

type Chosen = { readonly kind: 'chosen'; readonly algorithm: SignatureAlgorithm }

function chooseAlgorithm(identifier: AlgorithmIdentifier, key: PublicKey): Chosen | Refused {
  const algorithm = findSignatureAlgorithm(identifier)
  if (algorithm === undefined) return refuseAlgorithm(identifier)
  // The parameters of RSASSA-PSS have several encodings; those that mean this row were found already.
  if (
    identifier.oid !== algorithms.rsassaPss &&
    !sameBytes(identifier.der, algorithm.identifier.der)
  ) {
    return refuse(
      'signature-algorithm-unknown',
      `parameters of ${algorithm.name} are ${hexOf(identifier)}, must be ${hexOf(algorithm.identifier)}`,
    )
  }
  if (!algorithm.keyOids.includes(keyAlgorithms[key.algorithm].identifier.oid)) {
    return refuse('signature-wrong', `${algorithm.name} is not made with a key of ${key.algorithm}`)
  }
  if (key.onlySignature !== undefined && key.onlySignature !== algorithm.name) {
    return refuse(
      'signature-wrong',
      `${algorithm.name} is not made with a key whose parameters name ${key.onlySignature}`,
    )
  }
  return { kind: 'chosen', algorithm }
}

function refuseAlgorithm({ oid, parameters }: AlgorithmIdentifier): Refused {
  const read = oid === algorithms.rsassaPss ? rsaPssSignature(parameters) : undefined
  return refuse(
    'signature-algorithm-unknown',
    read?.kind === 'fault' ? read.detail : `signature algorithm ${oid} is not known`,
  )
}

function hexOf({ parameters }: AlgorithmIdentifier): string {
  return parameters === undefined ? 'absent' : parameters.subarray(0, 16).toHex()
}

/** Node ignores what does not belong to the key's type. A PSS salt of any other length does not verify. */
function optionsFor({ keyObject, bits }: PublicKey, algorithm: SignatureAlgorithm) {
  return { key: keyObject, dsaEncoding: 'der', ...paddingFor(algorithm, bits) } as const
}

/** What `node:crypto` is told of an RSA signature. @param keyBits of the modulus; of other keys it is nothing */
export function paddingFor(
  algorithm: Pick<SignatureAlgorithm, 'saltOctets' | 'digest'>,
  keyBits: number,
) {
  const saltOctets = saltOctetsOf(algorithm, keyBits)
  return saltOctets === null
    ? { padding: constants.RSA_PKCS1_PADDING }
    : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: saltOctets }
}
