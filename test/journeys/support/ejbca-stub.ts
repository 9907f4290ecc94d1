// SPDX-License-Identifier: Apache-2.0
/** A server that speaks the messages which EJBCA's public documentation describes; nothing of EJBCA is in it. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { keyPurposes } from '#format/oids.ts'
import { encodePem, parsePem } from '#format/pem.ts'
import { parseCertificationRequest } from '#format/x509/certification-request.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { authorityExtensions, certify, type Entity, makeEntity } from '../../made-certificates.ts'
import { makeTestAuthority } from '../../tls-certificates.ts'

const span = () => ({
  notBefore: Temporal.Now.instant().subtract({ hours: 1 }).round('second'),
  notAfter: Temporal.Now.instant()
    .add({ hours: 24 * 90 })
    .round('second'),
})

export interface EjbcaStub {
  readonly url: string
  /** PEM: who vouches for its TLS, and for its certificates. */
  readonly roots: string
  readonly anchors: string
  /** Every question, with its body. */
  readonly heard: { readonly line: string; readonly body: Readonly<Record<string, unknown>> }[]
  /** What it does instead of answering an enrolment; undefined: it answers. */
  rules: {
    enrol?: ((response: ServerResponse) => void) | undefined
    /** Makes it keep enrolments until a person decided. */
    keeps?: boolean
    revoked: string[]
  }
  /** How many certificates it signed. */
  signed(): number
  close(): Promise<void>
}

export async function openEjbcaStub(): Promise<EjbcaStub> {
  const tls = await makeTestAuthority('Managed')
  const identity = await tls.issue('localhost')
  const root = await makeEntity('CN=ManagementCA,O=Managed')
  const anchor = await certify(root, root, { ...span(), extensions: authorityExtensions(root) })
  const byUser = new Map<string, Uint8Array>()
  const kept = new Map<string, { user: string; request: Uint8Array; password: unknown }>()
  const stub: Pick<EjbcaStub, 'heard' | 'rules'> = { heard: [], rules: { revoked: [] } }

  const sign = async (user: string, request: Uint8Array) => {
    const { subject: name, publicKey } = parseCertificationRequest(request)
    const pair = { ...root.pair, publicKey: { ...root.pair.publicKey, spki: publicKey.der } }
    const extensions = [
      encodeExtension('keyUsage', ['digitalSignature']),
      encodeExtension('extKeyUsage', [keyPurposes.clientAuth]),
    ]
    const entity: Entity = { name, pair }
    const leaf = await certify(entity, root, { ...span(), extensions })
    byUser.set(user, leaf.der)
    return leaf.der
  }
  const issued = (der: Uint8Array) => ({
    ...{ certificate: der.toBase64(), serial_number: '1A', response_format: 'DER' },
    certificate_chain: [anchor.der.toBase64()],
  })

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const body = text === '' ? {} : JSON.parse(text)
    const path = request.url ?? ''
    stub.heard.push({ line: `${request.method} ${path}`, body })
    const say = (status: number, value: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    if (path.endsWith('/certificate/status'))
      return say(200, { status: 'OK', version: '1.0', revision: 'stub' })
    if (path.endsWith('/certificate/search')) {
      const der = byUser.get(body.criteria[0].value)
      // Certificates of a search are encoded twice.
      const certificate = der && Buffer.from(der.toBase64()).toString('base64')
      return say(200, { certificates: certificate ? [{ certificate }] : [], more_results: false })
    }
    if (path.endsWith('/pkcs10enroll')) {
      const [block] = parsePem(body.certificate_request)
      if (block === undefined) return say(400, { error_code: 400, error_message: 'no request' })
      if (body.certificate_authority_name !== 'ManagementCA')
        return say(404, { error_code: 404, error_message: 'CA with name X does not exist' })
      if (stub.rules.keeps) {
        kept.set('4711', { user: body.username, request: block.bytes, password: body.password })
        const message = 'The request with ID 4711 is waiting for approval'
        return say(202, { error_code: 202, error_message: message })
      }
      const der = await sign(body.username, block.bytes)
      if (stub.rules.enrol) return stub.rules.enrol(response)
      return say(201, issued(der))
    }
    const finalize = /\/certificate\/(\d+)\/finalize$/.exec(path)?.[1]
    const waiting = finalize === undefined ? undefined : kept.get(finalize)
    if (waiting !== undefined) {
      if (stub.rules.keeps)
        return say(202, { error_code: 202, error_message: 'ID 4711 is waiting still' })
      if (waiting.password !== body.password)
        return say(403, { error_code: 403, error_message: 'wrong password' })
      return say(201, issued(await sign(waiting.user, waiting.request)))
    }
    const [, serial, reason] = /\/([0-9a-f]+)\/revoke\?reason=(\w+)$/.exec(path) ?? []
    if (serial !== undefined) {
      stub.rules.revoked.push(`${serial} ${reason}`)
      return say(200, { revoked: true, message: 'Successfully revoked' })
    }
    return say(404, { error_code: 404, error_message: 'nothing here' })
  }
  const server = createServer(
    {
      ...{ key: identity.key, requestCert: true, rejectUnauthorized: false },
      cert: identity.chain.map((der) => encodePem('CERTIFICATE', der)).join(''),
    },
    (request, response) => void answer(request, response),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    ...stub,
    url: `https://localhost:${port}/ejbca/ejbca-rest-api`,
    ...{ roots: tls.rootPem, anchors: encodePem('CERTIFICATE', anchor.der) },
    signed: () => byUser.size,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
