// SPDX-License-Identifier: Apache-2.0
/** Link certificates beside openssl: every leaf verifies under either root, for as long as both live. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { draftLink } from '#core/authority/link.ts'
import { encodePem } from '#format/pem.ts'
import { type Certificate, encodeSigned, parseCertificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { sign } from '#trust/private-key.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  keyIdentifierOf,
  madeNow,
  makeEntity,
} from '../made-certificates.ts'

const directory = mkdtempSync(join(tmpdir(), 'vitalsign-root-links-'))
after(() => rmSync(directory, { recursive: true }))
const isThere = spawnSync('openssl', ['version']).status === 0
const skip = isThere || process.env.PEERS === 'required' ? false : 'openssl is missing'

function put(name: string, certificates: readonly Certificate[]): string {
  const path = join(directory, name)
  writeFileSync(path, certificates.map(({ der }) => encodePem('CERTIFICATE', der)).join(''))
  return path
}

async function linkTo(certified: Certificate, signer: Certificate, by: Entity, serial: number) {
  const draft = draftLink({ certified, signer, serialNumber: new Uint8Array(16).fill(serial) })
  assert.ok(draft.kind === 'link')
  const { toBeSigned, signatureAlgorithm } = draft
  const signature = await sign(by.pair.privateKey, signatureAlgorithm, toBeSigned)
  return parseCertificate(encodeSigned(toBeSigned, signatureAlgorithm.identifier, signature))
}

/** One generation: a root, an issuing authority under it, and a device. */
async function generation(pathLength: number) {
  const root = await makeEntity('CN=Root,O=Example', 'p-384')
  const issuing = await makeEntity('CN=Issuing,O=Example')
  const device = await makeEntity('CN=PUMP-0001,O=Example')
  const under = (issuer: Entity) =>
    encodeExtension('authorityKeyIdentifier', { keyIdentifier: keyIdentifierOf(issuer) })
  return {
    root,
    rootCertificate: await certifyAuthority(root, root, [], pathLength),
    issuing: await certifyAuthority(issuing, root, [under(root)], 0),
    leaf: await certify(device, issuing, {
      extensions: [encodeExtension('keyUsage', ['digitalSignature']), under(issuing)],
    }),
  }
}

const [old, next] = [await generation(1), await generation(1)]
const newWithOld = await linkTo(next.rootCertificate, old.rootCertificate, old.root, 0x41)
const oldWithNew = await linkTo(old.rootCertificate, next.rootCertificate, next.root, 0x42)

function verify(anchor: Certificate, leaf: Certificate, others: readonly Certificate[]): string {
  const { status, stdout, stderr } = spawnSync(
    'openssl',
    [
      ...['verify', '-x509_strict', '-attime', String(madeNow.epochMilliseconds / 1000)],
      ...['-trusted', put('anchor.pem', [anchor]), '-untrusted', put('others.pem', others)],
      put('leaf.pem', [leaf]),
    ],
    { encoding: 'utf8' },
  )
  return status === 0 ? 'OK' : `${stdout}${stderr}`
}

/** All that `/cacerts` gives but the roots, which are never sent to be believed. */
const between = [old.issuing, next.issuing, newWithOld, oldWithNew]

for (const [what, anchor, leaf] of [
  ['an old leaf under the old root', old, old],
  ['a new leaf under the new root', next, next],
  ['an old leaf under the new root, by OldWithNew', next, old],
  ['a new leaf under the old root, by NewWithOld', old, next],
] as const)
  test(`openssl verifies ${what}`, { skip }, () => {
    assert.equal(verify(anchor.rootCertificate, leaf.leaf, between), 'OK')
    assert.equal(verify(anchor.rootCertificate, leaf.leaf, between.toReversed()), 'OK')
  })

test('openssl verifies no leaf across without the link', { skip }, () => {
  const without = [old.issuing, next.issuing]
  assert.notEqual(verify(old.rootCertificate, next.leaf, without), 'OK')
  assert.notEqual(verify(next.rootCertificate, old.leaf, without), 'OK')
})
