// SPDX-License-Identifier: Apache-2.0
/** Signed messages between us and `openssl cms`, which RAUC and SWUpdate are built on: each believes the other's. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseSignedData } from '#format/cms/signed-data.ts'
import { encodePem } from '#format/pem.ts'
import { planCms } from '#trust/cms/plan-cms.ts'
import { verifyCms } from '#trust/cms/verify-cms.ts'
import type { DigestName } from '#trust/digest-signature.ts'
import { madeNow } from '../made-certificates.ts'
import { absent } from '../support/absent.ts'
import { type MadeSigner, type SigningHouse, signAll, signingHouse } from '../support/signers.ts'

const skip = absent('/usr/bin/openssl')
const place = mkdtempSync(join(tmpdir(), 'vitalsign-cms-'))
after(() => rmSync(place, { recursive: true }))
const at = (name: string) => join(place, name)
const content = Buffer.from('an update\n\r\nof 2 lines')
let house: SigningHouse

before(async () => {
  house = await signingHouse()
  writeFileSync(at('content'), content)
  writeFileSync(at('root.pem'), encodePem('CERTIFICATE', house.rootCertificate.der))
  writeFileSync(at('ca.pem'), encodePem('CERTIFICATE', house.issuingCertificate.der))
})

function openssl(...args: string[]): { status: number | null; said: string } {
  const { status, stderr } = spawnSync('/usr/bin/openssl', args, { cwd: place, encoding: 'utf8' })
  return { status, said: stderr }
}

const attime = String(madeNow.epochMilliseconds / 1000)

const rows = [
  ['p-256', undefined, []],
  ['p-384', undefined, ['-md', 'sha384']],
  ['rsa-2048', 'rsa-sha256', []],
  [
    'rsa-2048',
    'rsa-pss-sha256',
    ['-keyopt', 'rsa_padding_mode:pss', '-keyopt', 'rsa_pss_saltlen:digest'],
  ],
] as const

for (const [algorithm, signsWith, how] of rows) {
  const name = signsWith ?? algorithm
  test(`openssl cms believes what ${name} signed here, attached and detached, and refuses one octet less`, {
    skip,
  }, async () => {
    const signer = await house.signer({ algorithm, ...(signsWith && { signsWith }) })
    for (const kind of ['attached', 'detached'] as const) {
      writeFileSync(at('signed.der'), await signedHere([signer], kind))
      const verify = (file: string) =>
        openssl(
          ...['cms', '-verify', '-binary', '-inform', 'DER', '-in', 'signed.der', '-out', 'out'],
          ...['-CAfile', 'root.pem', '-attime', attime, '-purpose', 'smimesign'],
          ...(kind === 'detached' ? ['-content', file] : []),
        )
      const { status, said } = verify('content')
      assert.equal(status, 0, said)
      assert.deepEqual(readFileSync(at('out')), content)
      if (kind === 'attached') continue
      writeFileSync(at('changed'), content.subarray(1))
      assert.notEqual(verify('changed').status, 0)
    }
  })

  test(`what openssl cms signs with ${name} is believed here, and another content is not`, {
    skip,
  }, async () => {
    const signer = await house.signer({ algorithm, ...(signsWith && { signsWith }) })
    writeFileSync(at('signer.pem'), encodePem('CERTIFICATE', signer.certificate.der))
    writeFileSync(at('key.pem'), signer.privateKey.export({ format: 'pem', type: 'pkcs8' }))
    for (const kind of ['attached', 'detached'] as const) {
      const { status, said } = openssl(
        ...['cms', '-sign', '-binary', '-nosmimecap', '-in', 'content', '-outform', 'DER'],
        ...['-out', 'theirs.der', '-signer', 'signer.pem', '-inkey', 'key.pem'],
        ...['-certfile', 'ca.pem', ...how, ...(kind === 'attached' ? ['-nodetach'] : [])],
      )
      assert.equal(status, 0, said)
      const message = parseSignedData(readFileSync(at('theirs.der')), { order: 'any' })
      for (const [bytes, kind] of [
        [content, 'proved'],
        [content.subarray(1), 'refused'],
      ] as const) {
        const digestOf = async (hash: DigestName) => createHash(hash).update(bytes).digest()
        const verdict = await verifyCms(message, digestOf, house.trust(), {
          unknownSigners: 'refused',
        })
        assert.equal(verdict.kind, kind, JSON.stringify(verdict))
      }
    }
  })
}

async function signedHere(
  signers: readonly MadeSigner[],
  kind: 'attached' | 'detached',
): Promise<Uint8Array> {
  const digests = new Map(
    (['sha256', 'sha384', 'sha512'] as const).map((hash) => [
      hash,
      Uint8Array.from(createHash(hash).update(content).digest()),
    ]),
  )
  const plan = planCms({
    content: kind === 'attached' ? { kind, bytes: content } : { kind, digests },
    signers,
    signingTime: madeNow,
  })
  assert.ok(plan.kind === 'cms-plan')
  return plan.finish(signAll(plan.wanted, signers))
}

test('openssl cms believes a message of two signers', { skip }, async () => {
  const signers = [await house.signer(), await house.signer({ algorithm: 'rsa-2048' })]
  writeFileSync(at('two.der'), await signedHere(signers, 'attached'))
  const { status, said } = openssl(
    ...['cms', '-verify', '-binary', '-inform', 'DER', '-in', 'two.der', '-out', 'out'],
    ...['-CAfile', 'root.pem', '-attime', attime],
  )
  assert.equal(status, 0, said)
})
