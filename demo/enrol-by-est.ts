// SPDX-License-Identifier: Apache-2.0
import { request as httpsRequest } from 'node:https'
import { text } from 'node:stream/consumers'
import { encodeSigned } from '#format/x509/certificate.ts'
import { encodeCertificationRequestInfo } from '#format/x509/certification-request.ts'
import { encodeName } from '#format/x509/name.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { type KeyPair, sign } from '#trust/private-key.ts'

export interface Unit {
  /** The devices' address of the server. */
  readonly server: string
  /** The root that the unit believes, PEM. */
  readonly root: string | Uint8Array
  readonly serial: string
  readonly code: string
}

/** Posts a sound request by a key, whoever made that. @returns the HTTP status and the server's own words */
export async function enrolByEst(
  { server, root, serial, code }: Unit,
  { publicKey, privateKey }: KeyPair,
): Promise<{ readonly status: number; readonly body: string }> {
  const info = encodeCertificationRequestInfo({
    subject: encodeName([]),
    publicKey: publicKey.spki,
  })
  const algorithm = signatureAlgorithmFor(publicKey.algorithm)
  const request = encodeSigned(info, algorithm.identifier, await sign(privateKey, algorithm, info))
  const answer = Promise.withResolvers<{ readonly status: number; readonly body: string }>()
  httpsRequest(
    `${server}/.well-known/est/simpleenroll`,
    {
      method: 'POST',
      ca: typeof root === 'string' ? root : Buffer.from(root),
      auth: `${serial}:${code}`,
      headers: { 'Content-Type': 'application/pkcs10' },
    },
    (response) => {
      const status = response.statusCode ?? 0
      text(response).then((body) => answer.resolve({ status, body }), answer.reject)
    },
  )
    .on('error', answer.reject)
    .end(request.toBase64())
  return answer.promise
}
