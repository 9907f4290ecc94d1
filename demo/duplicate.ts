// SPDX-License-Identifier: Apache-2.0
/** A unit whose flash was copied from another one: it asks for its own identity with the other's key. */
import { readFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parsePem } from '#format/pem.ts'
import { encodeSigned } from '#format/x509/certificate.ts'
import { encodeCertificationRequestInfo } from '#format/x509/certification-request.ts'
import { encodeName } from '#format/x509/name.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { parsePrivateKey, sign } from '#trust/private-key.ts'

export interface Copied {
  /** The state directory of the unit that was copied. */
  readonly state: string
  readonly server: string
  readonly serial: string
  readonly code: string
}

/** Posts a sound request by the copied key. @returns the HTTP status and the server's own words */
export async function enrolCopy({ state, server, serial, code }: Copied) {
  const blocks = parsePem(readFileSync(join(state, 'working.pem'), 'utf8'))
  const der = blocks.find(({ label }) => label === 'PRIVATE KEY')?.bytes
  const read = der && (await parsePrivateKey(der))
  if (read?.kind !== 'key') throw new TypeError(`${state} holds no key that reads`)
  const key = read.pair
  const info = encodeCertificationRequestInfo({
    subject: encodeName([]),
    publicKey: key.publicKey.spki,
  })
  const algorithm = signatureAlgorithmFor(key.publicKey.algorithm)
  const request = encodeSigned(
    info,
    algorithm.identifier,
    await sign(key.privateKey, algorithm, info),
  )
  const answer = Promise.withResolvers<{ readonly status: number; readonly body: string }>()
  httpsRequest(
    `${server}/.well-known/est/simpleenroll`,
    {
      method: 'POST',
      ca: readFileSync(join(state, 'root.pem')),
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
