// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeSigned, encodeTbsCertificate, parseCertificate } from '#format/x509/certificate.ts'
import { ownIssuer } from '#house/core.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  addPump,
  certificateOf,
  deviceOf,
  type Enrolled,
  enrolDevice,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { fullCrl } from '../revocation/publish.ts'
import { quarantine, release } from '../revocation/quarantine.ts'
import { revoke } from '../revocation/revoke.ts'
import type { Restore } from './epoch.ts'
import { learnCertificate } from './learn.ts'
import { learnCrl } from './learn-crl.ts'

/** As if all that this core did were in the time that a restore lost. */
function restoredPorts(core: TestCore) {
  const now = core.clock.now()
  const [moment, at] = [now.subtract({ hours: 1 }), now.add({ hours: 1 })]
  const log = { backup: '', logSize: 0, logRoot: '', logOrigin: '' }
  const restores: readonly Restore[] = [{ epoch: 2, moment, at, ...log }]
  return { ...core, restores, issuers: () => core.doors.own }
}

async function withPump(work: (core: TestCore, pump: Enrolled) => Promise<void>): Promise<void> {
  await withCore(async (core) => work(core, await enrolDevice(core, await addPump(core), 'A')))
}

test('what a list of the lost time ended ends, though its device is in quarantine by now', () =>
  withPump(async (core, pump) => {
    const before = await certificateOf(core, pump.id)
    await revoke({ id: pump.id, reason: 'superseded', because: 'a test' }, operator, core)
    const list = (await core.shelf.read('issuing-1', fullCrl)) ?? assert.fail('no list')
    const { version } = await certificateOf(core, pump.id)
    const lost = { ...before, version: version + 1 }
    await core.ledger.commit({ puts: [{ kind: 'certificate', record: lost }], events: [] })
    await quarantine(await deviceOf(core, pump), 'a test', operator, core)
    const learnt = await learnCrl(list.der, operator, restoredPorts(core))
    assert.equal(learnt.kind === 'learnt' && learnt.revoked, 1)
    await release(await deviceOf(core, pump), 'a test', operator, core)
    assert.equal((await certificateOf(core, pump.id)).state, 'revoked')
  }))

test('nothing is learnt of an authority whose own certificate was revoked: somebody else may have its key', () =>
  withPump(async (core, pump) => {
    const [first, second] = [
      await signedUnbooked(core, pump, 1),
      await signedUnbooked(core, pump, 2),
    ]
    const learn = async (der: Uint8Array) =>
      reasonOf(await learnCertificate(parseCertificate(der), restoredPorts(core)))
    assert.equal(await learn(first), 'learnt')
    const { certificateSha256 } = core.doors.own.find(({ kind }) => kind === 'issuing')!
    const own = await core.ledger.find('certificate', 'sha256', [certificateSha256])
    const stolen = { reason: 'keyCompromise', because: 'a test' } as const
    await revoke({ id: own?.id ?? '', ...stolen }, operator, core)
    assert.equal(await learn(second), 'unknown')
  }))

/** By the key of our authority, numbered in the lost time, for a device that is here. */
async function signedUnbooked(core: TestCore, pump: Enrolled, number: number): Promise<Uint8Array> {
  const issuer = ownIssuer(core) ?? assert.fail('no issuer')
  const like = parseCertificate(pump.certificate)
  const serialNumber = like.serialNumber.with(15, (like.serialNumber[15] ?? 0) ^ number)
  const { publicKey } = await generateKey('p-256')
  const toBeSigned = encodeTbsCertificate({ ...like, serialNumber, publicKey: publicKey.spki })
  const signature = await core.keys.sign(issuer.keyId, toBeSigned)
  return encodeSigned(toBeSigned, issuer.signatureAlgorithm.identifier, signature)
}
