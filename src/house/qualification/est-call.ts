// SPDX-License-Identifier: Apache-2.0
/** A device as the check of operation plays it: one request over a TLS connection of its own. */
import { request as httpsRequest } from 'node:https'
import { parseCertsOnly } from '#format/cms/certs-only.ts'
import { encodePem } from '#format/pem.ts'
import { encodeSigned } from '#format/x509/certificate.ts'
import { encodeCertificationRequestInfo } from '#format/x509/certification-request.ts'
import type { Extension } from '#format/x509/extension.ts'
import { encodeName, type Name } from '#format/x509/name.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { encodePrivateKey, type KeyPair, sign } from '#trust/private-key.ts'
import { callingOptions } from '#trust/tls-settings.ts'

export interface Played {
  readonly key: KeyPair
  /** DER. */
  readonly certificate: Uint8Array
}

export interface EstAnswer {
  readonly status: number
  readonly body: string
  /** The one certificate of a good answer, DER. */
  readonly certificate: Uint8Array | undefined
}

export interface EstAsked {
  /** The base of the device port, `https://HOST:PORT`. */
  readonly url: string
  /** Roots, PEM. */
  readonly ca: readonly string[]
  readonly operation: string
  readonly label: string
  /** PKCS #10, DER. */
  readonly request: Uint8Array
  readonly code?: { readonly user: string; readonly code: string }
  readonly identity?: Played
}

export function askEst(asked: EstAsked): Promise<EstAnswer> {
  const { url, ca, operation, label, code, identity } = asked
  const { promise, resolve, reject } = Promise.withResolvers<EstAnswer>()
  const authorization =
    code === undefined
      ? {}
      : {
          Authorization: `Basic ${new TextEncoder().encode(`${code.user}:${code.code}`).toBase64()}`,
        }
  const sent = httpsRequest(
    new URL(`/.well-known/est/${label}/${operation}`, url),
    {
      ...{ method: 'POST', agent: false, ca: [...ca], timeout: 20_000, ...callingOptions() },
      headers: { 'Content-Type': 'application/pkcs10', ...authorization },
      ...(identity && {
        key: encodePem('PRIVATE KEY', encodePrivateKey(identity.key.privateKey)),
        cert: encodePem('CERTIFICATE', identity.certificate),
      }),
    },
    (answer) => {
      const chunks: string[] = []
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        const body = chunks.join('')
        const status = answer.statusCode ?? 0
        resolve({ status, body, certificate: status === 200 ? certificateIn(body) : undefined })
      })
    },
  )
  sent.on('timeout', () => sent.destroy(new Error('no answer in 20 s')))
  sent.on('error', reject)
  sent.end(asked.request.toBase64())
  return promise
}

function certificateIn(body: string): Uint8Array | undefined {
  return parseCertsOnly(Uint8Array.fromBase64(body))[0]
}

/** A request by this key; `signedBy` is another only where possession shall not be proved. */
export async function requestBy(
  { publicKey, privateKey }: KeyPair,
  like: { readonly subject?: Name; readonly extensions?: readonly Extension[] } = {},
  signedBy = privateKey,
): Promise<Uint8Array> {
  const info = encodeCertificationRequestInfo({
    subject: like.subject ?? encodeName([]),
    publicKey: publicKey.spki,
    extensions: like.extensions ?? [],
  })
  const algorithm = signatureAlgorithmFor(publicKey.algorithm)
  return encodeSigned(info, algorithm.identifier, await sign(signedBy, algorithm, info))
}
