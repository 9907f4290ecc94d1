// SPDX-License-Identifier: Apache-2.0
import type { CertificationRequest } from '#format/x509/certification-request.ts'
import { keyAlgorithms } from './algorithms.ts'
import type { KeyPair } from './private-key.ts'
import type { PublicKey } from './public-key.ts'
import { type Refused, refuse } from './refusal.ts'
import { verifySignature } from './signature.ts'
import { importSoundKey } from './sound-key.ts'

/** Only this file can make one: the private field cannot be written in an object literal. */
class SelfSignedRequest {
  readonly #madeHere = true
  readonly request: CertificationRequest
  /** The key that was imported from the request and has signed it, or the one that was made for it. */
  readonly publicKey: PublicKey

  constructor(request: CertificationRequest, publicKey: PublicKey) {
    this.request = request
    this.publicKey = publicKey
    void this.#madeHere
  }
}

/** A request with a public key whose private half is where it belongs: with its sender, or made here. */
export type ProvedRequest = SelfSignedRequest
export interface Proved {
  readonly kind: 'proved'
  readonly proved: ProvedRequest
}

/**
 * A request for a key that this process has just made: nothing is left to prove, since the private key is here.
 *
 * What key and signature the request itself bears is not looked at.
 *
 * @see RFC 7030 section 4.4.1: both MUST be ignored
 */
export function ownKeyFor(request: CertificationRequest, { publicKey }: KeyPair): Proved {
  return { kind: 'proved', proved: new SelfSignedRequest(request, publicKey) }
}

/**
 * Proves that the sender of a request holds its private key, by the request's own signature.
 *
 * A key that is malformed or known weak is refused before its signature is looked at.
 * Not proven: who the sender is, and that the request is fresh.
 *
 * @see RFC 2986 section 4.2 (signature over the DER of certificationRequestInfo)
 */
export async function provePossession(request: CertificationRequest): Promise<Proved | Refused> {
  const publicKey = importSoundKey(request.publicKey)
  if ('kind' in publicKey) return publicKey
  if (keyAlgorithms[publicKey.algorithm].signsWith === null) {
    return refuse(
      'possession-not-proved',
      `a key of ${publicKey.algorithm} cannot sign a request; ask for one at serverkeygen`,
    )
  }
  const { signatureAlgorithm, info, signature } = request
  const genuine = await verifySignature(signatureAlgorithm, publicKey, info, signature)
  if (typeof genuine === 'object') {
    // A signature of another family than the key's proves as little as one that does not verify.
    const { reason, detail } = genuine
    return reason === 'signature-wrong' ? refuse('possession-not-proved', detail) : genuine
  }
  if (!genuine) {
    return refuse('possession-not-proved', 'the request was not signed by the key that it names')
  }
  return { kind: 'proved', proved: new SelfSignedRequest(request, publicKey) }
}
