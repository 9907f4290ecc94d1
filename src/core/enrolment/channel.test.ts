// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeSigned } from '#format/x509/certificate.ts'
import { encodeCertificationRequestInfo } from '#format/x509/certification-request.ts'
import { encodeName } from '#format/x509/name.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { generateKey, sign } from '#trust/private-key.ts'
import {
  addPump,
  ask,
  expectDevice,
  issuedOf,
  reasonOf,
  withCore,
} from '../../../test/support/core.ts'
import { changeProfile } from '../../../test/support/profiles.ts'

const binding = {
  channelBinding: { type: 'tls-exporter', because: 'RFC 9266: a test' },
} as const

async function requestNaming(challengePassword?: string): Promise<Uint8Array> {
  const { privateKey, publicKey } = await generateKey('p-256')
  const info = encodeCertificationRequestInfo({
    ...{ subject: encodeName([]), publicKey: publicKey.spki },
    ...(challengePassword !== undefined && { challengePassword }),
  })
  const algorithm = signatureAlgorithmFor('p-256')
  return encodeSigned(info, algorithm.identifier, await sign(privateKey, algorithm, info))
}

test('where the profile binds, a request must name the connection that it comes over', async () => {
  await withCore(async (core) => {
    await changeProfile(core, binding)
    const { credential } = await expectDevice(core, await addPump(core), 'PUMP-1')
    const channelBinding = core.random.bytes(32)
    const right = await requestNaming(channelBinding.toBase64())
    const reason = async (request: Uint8Array, more = {}) =>
      reasonOf(await ask(core, credential, request, { channelBinding, ...more }))
    assert.equal(await reason(await requestNaming()), 'channel-binding-missing')
    assert.equal(await reason(await requestNaming('guessed')), 'channel-binding-wrong')
    assert.equal(await reason(right, { channelBinding: undefined }), 'channel-binding-missing')
    const proxy = { id: 'pxy_1', name: 'edge' }
    const behind = await ask(core, credential, right, { channelBinding, proxy })
    assert.equal(reasonOf(behind), 'channel-binding-missing')
    assert.match(behind.kind === 'refused' ? behind.detail : '', /proxy edge ends it/)
    const other = { channelBinding: core.random.bytes(32) }
    assert.equal(await reason(right, other), 'channel-binding-wrong')
    issuedOf(await ask(core, credential, right, { channelBinding }))
    // The same bytes over another connection are not its sender's, though they were answered a moment ago.
    assert.equal(await reason(right, other), 'channel-binding-wrong')
  })
})

test('where no profile asks, a challengePassword says nothing', async () => {
  await withCore(async (core) => {
    const { credential } = await expectDevice(core, await addPump(core), 'PUMP-1')
    issuedOf(await ask(core, credential, await requestNaming('whatever')))
  })
})
