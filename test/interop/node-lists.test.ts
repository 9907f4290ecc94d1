// SPDX-License-Identifier: Apache-2.0
/** What a TLS server on Node says of a revoked client where lists have ended, and what our verifier says. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { before, test } from 'node:test'
import { connect, createServer } from 'node:tls'
import { encodePem } from '#format/pem.ts'
import { type Certificate, encodeSigned } from '#format/x509/certificate.ts'
import { encodeTbsCrl } from '#format/x509/crl.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { crlSource } from '#trust/peer/crl/crl-source.ts'
import { readRevocationList } from '#trust/peer/crl/revocation-list.ts'
import { verifyPeer } from '#trust/peer/verify-peer.ts'
import { encodePrivateKey, sign } from '#trust/private-key.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  keyIdentifierOf,
  makeAnchor,
  makeEntity,
} from '../made-certificates.ts'

const now = Temporal.Now.instant().round('second')
const valid = { notBefore: now.subtract({ hours: 24 }), notAfter: now.add({ hours: 24 }) }

let [root, issuing, device]: Entity[] = []
let chain: readonly [leaf: Certificate, issuing: Certificate, root: Certificate]
before(async () => {
  ;[root, issuing, device] = await Promise.all(
    ['CN=R', 'CN=I', 'CN=D'].map((one) => makeEntity(one)),
  )
  const extensions = [encodeExtension('extKeyUsage', ['1.3.6.1.5.5.7.3.2' as never])]
  chain = [
    await certify(device!, issuing!, { ...valid, extensions }),
    await certifyAuthority(issuing!, root!, [], undefined, valid),
    await certifyAuthority(root!, root!, [], undefined, valid),
  ]
})

/** A list that revokes these, good for two days or ended. */
async function list(by: Entity, isEnded: boolean, ...revoked: Certificate[]): Promise<Uint8Array> {
  const algorithm = signatureAlgorithmFor(by.pair.publicKey.algorithm)
  const thisUpdate = now.subtract({ hours: 12 })
  const toBeSigned = encodeTbsCrl({
    ...{ signatureAlgorithm: algorithm.identifier, issuer: by.name, thisUpdate },
    nextUpdate: thisUpdate.add({ hours: isEnded ? 1 : 48 }),
    revoked: revoked.map(({ serialNumber }) => ({ serialNumber, revokedAt: thisUpdate })),
    extensions: [
      encodeExtension('authorityKeyIdentifier', { keyIdentifier: keyIdentifierOf(by) }),
      encodeExtension('cRLNumber', 1n),
    ],
  })
  const signature = await sign(by.pair.privateKey, algorithm, toBeSigned)
  return encodeSigned(toBeSigned, algorithm.identifier, signature)
}

const pem = (...all: readonly Certificate[]) =>
  all.map(({ der }) => encodePem('CERTIFICATE', der)).join('')

/** `authorizationError` of the device's connection. */
async function nodeSays(lists: readonly Uint8Array[]): Promise<string> {
  const own = {
    key: encodePem('PRIVATE KEY', encodePrivateKey(device!.pair.privateKey)),
    cert: pem(chain[0], chain[1]),
  }
  const { promise, resolve } = Promise.withResolvers<string>()
  const server = createServer(
    {
      ...{
        ...own,
        ca: pem(chain[1], chain[2]),
        crl: lists.map((one) => encodePem('X509 CRL', one)),
      },
      ...{ requestCert: true, rejectUnauthorized: false },
    },
    (socket) => {
      resolve(String(socket.authorizationError))
      socket.destroy()
    },
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  connect({ host: '127.0.0.1', port, ...own, rejectUnauthorized: false }).on('error', () => {})
  return promise.finally(() => server.close())
}

async function verifierSays(lists: readonly Uint8Array[]): Promise<string> {
  const answer = await verifyPeer({
    chain: chain.map(({ der }) => der),
    ...{ anchors: [makeAnchor(chain[2])], at: now, purpose: 'device' },
    status: {
      sources: [crlSource(() => lists.map(readRevocationList))],
      ...{ whenUnknown: 'accept', scope: 'path' },
    },
  })
  return answer.kind === 'refused' ? answer.reason : answer.kind
}

test('Node names the last of what is wrong: a list that has ended hides that a device is revoked', async () => {
  const revoking = (isEnded: boolean) => list(issuing!, isEnded, chain[0])
  const fresh = [await revoking(false), await list(root!, false)]
  assert.equal(await nodeSays(fresh), 'CERT_REVOKED')
  for (const isEnded of [true, false]) {
    const lists = [await revoking(isEnded), await list(root!, true)]
    assert.equal(await nodeSays(lists), 'CRL_HAS_EXPIRED')
    assert.equal(await verifierSays(lists), 'certificate-revoked')
  }
})
