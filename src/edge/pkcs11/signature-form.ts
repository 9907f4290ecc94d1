// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import type { SignatureAsked } from '#core/authority/signing-key.ts'
import { encodeDer } from '#format/der/writer.ts'
import type { SignatureAlgorithm } from '#trust/algorithms.ts'
import { digestAsked, encodeDigestInfo } from '#trust/digest-signature.ts'
import { type SignForm, signForms } from './mechanisms.ts'

/**
 * What the token is given to sign: the digest, made here so that little goes over the pipe, or all of the
 * message where the algorithm takes that.
 *
 * @throws TypeError if it is asked over a digest, and the algorithm signs none
 * @see RFC 8017 section 9.2 for the DigestInfo that PKCS #1 v1.5 signs
 */
export function inputFor(
  form: SignForm,
  algorithm: SignatureAlgorithm,
  toBeSigned: Uint8Array,
  over: SignatureAsked['over'],
): Uint8Array {
  if (over === 'digest') digestAsked(algorithm, toBeSigned)
  const { digest } = algorithm
  if (digest === null) return toBeSigned
  const digested = over === 'digest' ? toBeSigned : hash(digest, toBeSigned, 'buffer')
  return form === 'rsa-pkcs' ? encodeDigestInfo(digest, digested) : digested
}

/**
 * In which form a key signs by an algorithm that is not its usual one.
 *
 * @throws TypeError if it does not: the digest of RSASSA-PSS is that of its salt and its mask
 */
export function formFor(
  usual: SignForm,
  { name, saltOctets }: SignatureAlgorithm,
  keyBits: number,
): SignForm {
  if (usual === 'ecdsa') return usual
  if (saltOctets === null && usual === 'rsa-pkcs') return usual
  const pss = saltOctets === 'longest' ? `${name}-${keyBits}` : name
  if (saltOctets !== null && isSignForm(pss)) return pss
  throw new TypeError(`a token signs in no form of ${name}`)
}

function isSignForm(name: string): name is SignForm {
  return Object.hasOwn(signForms, name)
}

/** The signature as X.509 has it: a token writes ECDSA as r and s side by side. RFC 3279 section 2.2.3. */
export function signatureFrom(form: SignForm, signed: Uint8Array): Uint8Array {
  if (form !== 'ecdsa') return signed
  const half = signed.length >> 1
  return encodeDer((writer) =>
    writer.sequence(() => {
      writer.integerBytes(positive(signed.subarray(0, half)))
      writer.integerBytes(positive(signed.subarray(half)))
    }),
  )
}

/** The octets of an INTEGER that is not negative: no more zeros in front than that takes. */
function positive(bytes: Uint8Array): Uint8Array {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const [first = 0] = bytes.subarray(start)
  if (first < 0x80) return bytes.subarray(start)
  const padded = new Uint8Array(bytes.length - start + 1)
  padded.set(bytes.subarray(start), 1)
  return padded
}
