// SPDX-License-Identifier: Apache-2.0
/** JSON Web Signatures as ACME uses them: flattened, ES256 or HS256. RFC 7515, RFC 8555 section 6.2. */
import { createHmac, createPublicKey } from 'node:crypto'
import { limits } from '#format/der/budget.ts'
import { readDer } from '#format/der/reader.ts'
import { sha256 } from '#trust/digest.ts'

/** Signs with the account's key: an ECDSA signature over SHA-256, DER. */
export type AccountSigner = (toBeSigned: Uint8Array) => Promise<Uint8Array>

/** The public key of an account, in the members and the order of RFC 7638 section 3.2. */
export interface AccountKey {
  readonly crv: string
  readonly kty: 'EC'
  readonly x: string
  readonly y: string
}

const utf8 = new TextEncoder()

/** @param spki SubjectPublicKeyInfo of a P-256 key, DER */
export function accountKey(spki: Uint8Array): AccountKey {
  const jwk = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }).export({
    format: 'jwk',
  })
  const { crv, kty, x, y } = jwk
  if (kty !== 'EC' || crv !== 'P-256' || x === undefined || y === undefined)
    throw new TypeError('the key of an ACME account is P-256')
  return { crv, kty, x, y }
}

/** RFC 7638 with SHA-256, base64url. */
export function thumbprint({ crv, kty, x, y }: AccountKey): string {
  return base64url(sha256(utf8.encode(JSON.stringify({ crv, kty, x, y }))))
}

/** A request body: protected header, payload and signature. An undefined payload is POST-as-GET. */
export async function signedBody(
  header: Readonly<Record<string, unknown>>,
  payload: unknown,
  sign: AccountSigner,
): Promise<string> {
  const parts = partsOf({ alg: 'ES256', ...header }, payload)
  const signature = rawSignature(await sign(signingInput(parts)))
  return JSON.stringify({ ...parts, signature: base64url(signature) })
}

/** RFC 8555 section 7.3.4: the account's key, signed with the key that its authority gave out of band. */
export function externalBinding(
  { kid, url, macKey }: { readonly kid: string; readonly url: string; readonly macKey: Uint8Array },
  key: AccountKey,
): object {
  const parts = partsOf({ alg: 'HS256', kid, url }, key)
  const signature = createHmac('sha256', macKey).update(signingInput(parts)).digest()
  return { ...parts, signature: base64url(signature) }
}

export function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: 'base64url', omitPadding: true })
}

interface Parts {
  readonly protected: string
  readonly payload: string
}

function partsOf(header: object, payload: unknown): Parts {
  return {
    protected: base64url(utf8.encode(JSON.stringify(header))),
    payload: payload === undefined ? '' : base64url(utf8.encode(JSON.stringify(payload))),
  }
}

function signingInput(parts: Parts): Uint8Array {
  return utf8.encode(`${parts.protected}.${parts.payload}`)
}

/** RFC 7518 section 3.4: both numbers of the signature in 32 bytes each, where X.509 has DER. */
function rawSignature(der: Uint8Array): Uint8Array {
  return readDer(der, limits.certificate, (reader) => {
    const sequence = reader.sequence()
    const raw = new Uint8Array(64)
    for (const end of [32, 64]) {
      const content = sequence.integerBytes()
      const number = content[0] === 0 ? content.subarray(1) : content
      raw.set(number, end - number.length)
    }
    sequence.end()
    return raw
  })
}
