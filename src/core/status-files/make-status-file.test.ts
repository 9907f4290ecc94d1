// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CertificateRecord } from '#core/ledger/tables.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import type { Means } from '#house/core.ts'
import { applyDelta } from '#trust/compact-status/delta.ts'
import { openStatusFile } from '#trust/compact-status/open-status-file.ts'
import { statusOfPath } from '#trust/compact-status/status-of.ts'
import { validatePath } from '#trust/path.ts'
import { anchorOf, type TrustAnchor } from '#trust/trust-anchor.ts'
import {
  addPump,
  certificateOf,
  type Enrolled,
  enrolDevice,
  operator,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { keptFiles, marginSeconds, newestStatusFile } from './make-status-file.ts'

function anchorsOf({ doors }: TestCore): readonly TrustAnchor[] {
  return doors.own
    .filter(({ kind }) => kind === 'root')
    .map(({ certificate }) => {
      const anchor = anchorOf(parseCertificate(certificate))
      return anchor.kind === 'anchor' ? anchor.anchor : assert.fail(anchor.detail)
    })
}

async function made(core: TestCore, isWanted = true) {
  const [set] = await core.statusFiles.sets()
  return core.statusFiles.make(set ?? assert.fail('no set'), isWanted)
}

async function newest(core: TestCore) {
  const [set] = await core.statusFiles.sets()
  const record = await newestStatusFile(set!.digest.toHex(), core.ledger)
  return record ?? assert.fail('no file')
}

/** What a gateway says that believes the roots and has the newest file: of the leaf, and of its issuer. */
async function said(core: TestCore, { certificate }: Enrolled) {
  const at = core.clock.now()
  const anchors = anchorsOf(core)
  const { file } = await newest(core)
  const opened = openStatusFile(file, { anchors, at, ifStale: 'refuse' })
  if (opened.kind === 'refused') return opened.reason
  const valid = validatePath({
    ...{ leaf: parseCertificate(certificate), anchors, at, purpose: 'device' },
    intermediates: core.doors.own.map((one) => parseCertificate(one.certificate)),
  })
  if (valid.kind === 'refused') assert.fail(valid.detail)
  return statusOfPath(opened.trusted, valid.path, at).join()
}

async function hold(core: TestCore, record: CertificateRecord, isHeld: boolean): Promise<void> {
  const changed: CertificateRecord = {
    ...record,
    ...{ version: record.version + 1, state: isHeld ? 'held' : 'issued' },
    ...{ revokedAt: isHeld ? core.clock.now() : null, revocationReason: isHeld ? 6 : null },
  }
  await core.means.ledger.commit({ puts: [{ kind: 'certificate', record: changed }], events: [] })
}

test('a gateway learns from each next file what ended, was held, or was released', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const devices = [
      await enrolDevice(core, pump, 'P-1'),
      await enrolDevice(core, pump, 'P-2'),
    ] as const
    await core.anchors.refresh()
    await made(core)
    assert.equal(await said(core, devices[0]), 'not-covered,not-covered') // its issuer is as young
    core.clock.pass({ seconds: marginSeconds + 1 })
    await made(core)
    assert.equal(await said(core, devices[0]), 'fine,fine')
    await revoke({ id: devices[0].id, reason: 'keyCompromise', because: 'stolen' }, operator, core)
    await hold(core, await certificateOf(core, devices[1].id), true)
    const before = await newest(core)
    await made(core, false)
    assert.equal(await said(core, devices[0]), 'revoked,fine')
    assert.equal(await said(core, devices[1]), 'held,fine')
    const after = await newest(core)
    const applied = applyDelta(before.file, after.delta ?? assert.fail('no delta'))
    assert.deepEqual(applied, { kind: 'applied', bytes: after.file })
    await hold(core, await certificateOf(core, devices[1].id), false)
    await made(core, false)
    assert.equal(await said(core, devices[1]), 'fine,fine')
  })
})

test('what says the same is not made again before its time', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    await enrolDevice(core, pump, 'P-1')
    await core.anchors.refresh()
    core.clock.pass({ seconds: marginSeconds + 1 })
    assert.equal((await made(core, false)).kind, 'made')
    assert.equal((await made(core, false)).kind, 'unchanged')
    await enrolDevice(core, pump, 'P-2')
    core.clock.pass({ minutes: 50 })
    assert.equal((await made(core, false)).kind, 'unchanged') // new ones wait for an hour
    core.clock.pass({ minutes: 20 })
    assert.equal((await made(core, false)).kind, 'made')
    core.clock.pass({ hours: 23 })
    assert.equal((await made(core, false)).kind, 'unchanged')
    core.clock.pass({ hours: 2 })
    assert.equal((await made(core, false)).kind, 'made')
  })
})

/** Authorities that outlive their signers. */
const lasting = ({ configuration }: Means) => {
  return {
    configuration: { ...configuration, environment: 'test', publicUrl: 'http://pki.test' } as const,
  }
}

test('a signer is made once, and anew before it ends', async () => {
  await withCore(async (core) => {
    await addPump(core)
    await core.anchors.refresh()
    const signers = () => core.ledger.count('certificate', { where: { kind: 'ocsp' } })
    await made(core)
    await made(core)
    assert.equal(await signers(), 1)
    core.clock.pass({ hours: 24 * 60 })
    await made(core)
    assert.equal(await signers(), 2)
  }, lasting)
})

test('files that are too old to serve keep their row and lose their bytes', async () => {
  await withCore(async (core) => {
    await addPump(core)
    await core.anchors.refresh()
    for (let number = 1; number <= keptFiles + 1; number++) await made(core)
    const record = await newest(core)
    const first = await core.ledger.find('statusFile', 'number', [record.anchors, 1])
    assert.deepEqual([record.number, first?.file.length, first?.delta], [keptFiles + 1, 0, null])
    assert.equal(await core.statusFiles.delta(record.anchors, 1, record.number), undefined)
    const delta = await core.statusFiles.delta(record.anchors, 2, record.number)
    const second = await core.ledger.find('statusFile', 'number', [record.anchors, 2])
    const applied = applyDelta(second!.file, delta ?? assert.fail('no delta'))
    assert.deepEqual(applied, { kind: 'applied', bytes: record.file })
  })
})

test('only what somebody asked for once is made by the clock', async () => {
  await withCore(async (core) => {
    await addPump(core)
    await core.anchors.refresh()
    await core.statusFiles.refresh()
    assert.equal(await core.ledger.count('statusFile', {}), 0)
    await made(core)
    core.clock.pass({ hours: 25 })
    await core.statusFiles.refresh()
    assert.equal(await core.ledger.count('statusFile', {}), 2)
    assert.deepEqual(core.statusFiles.troubles, [])
  })
})
