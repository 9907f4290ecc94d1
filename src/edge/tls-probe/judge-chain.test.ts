// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { certify, madeNow, makeEntity } from '../../../test/made-certificates.ts'
import { judgeChain } from './judge-chain.ts'
import type { Look } from './look.ts'

const server = await makeEntity('CN=pki.example')

/** What is found of a certificate under the name that is in its subject. */
function judged({ der }: Certificate, host = 'pki.example') {
  const look = { chain: { certificates: [der], staple: undefined } } as Pick<Look, 'chain'> as Look
  const found = judgeChain(look, { now: madeNow, host, roots: [], deviceIssuers: [] })
  return Object.fromEntries(found.map(({ check, verdict }) => [check, verdict]))
}

test('a common name is no name of a server: clients look at the alternative names alone', async () => {
  assert.equal(judged(await certify(server, server))['its names'], 'failed')
  const extensions = [
    encodeExtension('subjectAltName', [
      { kind: 'dns', value: '*.pki.example' },
      { kind: 'ip', bytes: Uint8Array.of(192, 0, 2, 1) },
    ]),
  ]
  const named = await certify(server, server, { extensions })
  for (const [host, verdict] of [
    ['a.PKI.example', 'good'],
    ['192.0.2.1', 'good'],
    ['pki.example', 'failed'],
    ['a.b.pki.example', 'failed'],
    ['192.0.2.2', 'failed'],
  ] as const)
    assert.equal(judged(named, host)['its names'], verdict, host)
})

test('a key that clients of ours refuse is not as strong as it has to be', async () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  const weak = {
    ...server,
    pair: { ...server.pair, publicKey: { ...server.pair.publicKey, spki } },
  }
  const { der } = await certify(weak, server)
  assert.equal(judged(parseCertificate(der))['its key'], 'failed')
  assert.equal(judged(await certify(server, server))['its key'], 'good')
})
