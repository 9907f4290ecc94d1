// SPDX-License-Identifier: Apache-2.0
/** HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530): no shared secret anywhere. */
import { sha256 } from '#trust/digest.ts'

/** The key that signs messages: Ed25519, for nothing else. */
export interface MessageSigner {
  readonly now: () => Temporal.Instant
  /** How the receiver knows it: the key's id. */
  key(): Promise<string>
  sign(keyId: string, toBeSigned: Uint8Array): Promise<Uint8Array>
}

export interface SignedRequest {
  readonly url: string
  readonly delivery: string
  readonly body: Uint8Array
}

/** A repetition has the same value here, so that the receiver does it once. */
export const deliveryHeader = 'idempotency-key'

const covered = [
  '@method',
  '@target-uri',
  'content-type',
  'content-digest',
  deliveryHeader,
] as const

/** The header fields of a POST, its signature among them. */
export async function signedHeaders(
  { url, delivery, body }: SignedRequest,
  signer: MessageSigner,
): Promise<Readonly<Record<string, string>>> {
  const headers = {
    'content-type': 'application/json',
    'content-digest': `sha-256=:${sha256(body).toBase64()}:`,
    [deliveryHeader]: delivery,
  }
  const values: Readonly<Record<string, string>> = {
    '@method': 'POST',
    '@target-uri': url,
    ...headers,
  }
  const keyId = await signer.key()
  const created = Math.floor(signer.now().epochMilliseconds / 1000)
  const names = covered.map((name) => `"${name}"`).join(' ')
  const parameters = `(${names});created=${created};keyid="${keyId}";alg="ed25519"`
  // RFC 9421 section 2.5
  const base = [
    ...covered.map((name) => `"${name}": ${values[name]}`),
    `"@signature-params": ${parameters}`,
  ].join('\n')
  const signature = await signer.sign(keyId, new TextEncoder().encode(base))
  return {
    ...headers,
    'signature-input': `vitalsign=${parameters}`,
    signature: `vitalsign=:${signature.toBase64()}:`,
  }
}
