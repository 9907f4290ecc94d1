// SPDX-License-Identifier: Apache-2.0
/** What one enrolment costs on the wire: TCP payload of one connection, handshake and HTTP included. */
import { connect } from 'node:tls'
import type { Product } from '#core/ledger/tables.ts'
import { encodePem } from '#format/pem.ts'
import type { House } from '#house/house.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { encodePrivateKey, generateKey, type KeyPair } from '#trust/private-key.ts'
import { enrolled, renewalBy, requestBy, withCode, withDevice } from './house.ts'
import { openRelay } from './tls-relay.ts'

export interface EnrolmentBytes {
  readonly toServer: number
  readonly toClient: number
  /** The same for the renewal, under TLS that both sides prove themselves in. */
  readonly renewal: { readonly toServer: number; readonly toClient: number }
}

let serial = 0

/**
 * Enrols a device by code, and renews the identity of another, each over a connection of its own.
 *
 * With `ml-dsa-65` and a house that has a twin, both sides and the chain are of ML-DSA, and the group is
 * X25519MLKEM768 as for everybody; else all is classical but that group.
 *
 * @param group asked for instead, e.g. `X25519`, to see what the hybrid one costs
 */
export async function bytesOfEnrolment(
  house: House,
  product: Product,
  algorithm: KeyAlgorithmName,
  group?: string,
): Promise<EnrolmentBytes> {
  const name = `WIRE-${algorithm}-${serial++}`
  const device = await withDevice(house, product, name)
  const code = await withCode(house, device)
  const request = await requestBy(await generateKey(algorithm))
  const basic = Buffer.from(`${name}:${code}`).toString('base64')
  const { toServer, toClient } = await counted(house, {
    ...{ algorithm, group, operation: 'simpleenroll', request },
    fields: [`Authorization: Basic ${basic}`],
  })
  const other = await enrolled(house, product, `${name}-R`, { algorithm })
  const renewal = await counted(house, {
    ...{ algorithm, group, operation: 'simplereenroll', fields: [], credential: other },
    request: await renewalBy(other.key, other.certificate),
  })
  return { toServer, toClient, renewal }
}

interface Asked {
  readonly algorithm: KeyAlgorithmName
  readonly group: string | undefined
  readonly operation: string
  readonly request: Uint8Array
  readonly fields: readonly string[]
  readonly credential?: { readonly key: KeyPair; readonly certificate: Uint8Array }
}

async function counted(house: House, asked: Asked) {
  const relay = await openRelay(house.addresses.devices)
  try {
    const answer = await posted(relay.port, house, asked)
    if (!answer.startsWith('HTTP/1.1 200')) throw new Error(answer.slice(0, 200))
    return { ...relay.sent }
  } finally {
    await relay.close()
  }
}

function posted(port: number, house: House, asked: Asked): Promise<string> {
  const { algorithm, group, operation, request, fields, credential } = asked
  const roots = house.core.doors.own.filter(({ kind }) => kind === 'root')
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect({
    ...{ host: '127.0.0.1', port, minVersion: 'TLSv1.3' },
    ca: roots.map(({ certificate }) => encodePem('CERTIFICATE', certificate)),
    ...(algorithm.startsWith('ml-dsa-') && { sigalgs: 'mldsa65:mldsa87:mldsa44' }),
    ...(group !== undefined && { ecdhCurve: group }),
    ...(credential && {
      key: encodePem('PRIVATE KEY', encodePrivateKey(credential.key.privateKey)),
      cert: encodePem('CERTIFICATE', credential.certificate),
    }),
  })
  const chunks: string[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  socket.once('error', reject)
  socket.once('end', () => resolve(chunks.join('')))
  const body = request.toBase64()
  const head = [
    `POST /.well-known/est/${operation} HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/pkcs10',
    `Content-Length: ${body.length}`,
    'Connection: close',
    ...fields,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  return promise
}
