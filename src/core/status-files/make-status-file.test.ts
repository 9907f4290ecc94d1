// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '#core/fault.ts'
import { newId } from '#core/ledger/ids.ts'
import type { AnchorSet, CertificateRecord } from '#core/ledger/tables.ts'
import { type Restore, restorePut } from '#core/recovery/epoch.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { openAlarm } from '#core/watch/alarm.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { type Means, openCore } from '#house/core.ts'
import type { NamedSet } from '#house/status-files.ts'
import { applyDelta } from '#trust/compact-status/delta.ts'
import { openStatusFile } from '#trust/compact-status/open-status-file.ts'
import { statusOfPath } from '#trust/compact-status/status-of.ts'
import { sha256 } from '#trust/digest.ts'
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
import { keptFiles, marginSeconds, newestStatusFile, statusFileLife } from './make-status-file.ts'

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

test('a file is good no longer than who signed it', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    await enrolDevice(core, pump, 'P-1')
    await core.anchors.refresh()
    core.clock.pass({ hours: 1 })
    const whole = await made(core)
    assert.ok(whole.kind === 'made')
    const { createdAt, expiresAt } = whole.record
    assert.equal(createdAt.until(expiresAt).total('hours'), statusFileLife.goodForHours)
    const issuer = core.doors.own.find(({ kind }) => kind === 'issuing')
    core.clock.pass(core.clock.now().until(issuer!.notAfter.subtract({ hours: 48 })))
    const last = await made(core)
    assert.ok(last.kind === 'made')
    assert.ok(Temporal.Instant.compare(last.record.expiresAt, issuer!.notAfter) <= 0)
    const signedUntil = last.record.expiresAt.subtract({ seconds: 1 })
    const opened = openStatusFile(last.record.file, {
      ...{ anchors: anchorsOf(core), at: signedUntil, ifStale: 'refuse' },
    })
    assert.equal(opened.kind, 'opened')
  })
})

test('a file that cannot be made is told to a person, and that it can be again', async () => {
  await withCore(async (core) => {
    await addPump(core)
    await core.anchors.refresh()
    await made(core)
    const [{ digest }] = (await core.statusFiles.sets()) as [NamedSet]
    const alarm = () => openAlarm('status-file-failing', digest.toHex(), core.ledger)
    const keys = core.keys as unknown as { sign: unknown }
    const { sign } = keys
    keys.sign = () => Promise.reject(new Fault('signing-failed', 'the token is gone'))
    core.clock.pass({ hours: 25 })
    await core.statusFiles.refresh()
    assert.match(
      (await alarm())!.text,
      /^the status file for pump could not be made: .*token is gone/,
    )
    assert.equal((await alarm())!.severity, 'warning')
    assert.equal(core.statusFiles.troubles.length, 1)
    core.clock.pass({ hours: 96 })
    await core.statusFiles.refresh()
    assert.equal((await alarm())!.severity, 'critical')
    keys.sign = sign
    await core.statusFiles.refresh()
    assert.equal(await alarm(), undefined)
    assert.deepEqual(core.statusFiles.troubles, [])
  })
})

test('who believes the roots of before has fresh files, though devices believe others now', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    await core.anchors.refresh()
    await made(core)
    const [old] = (await core.statusFiles.sets()) as [NamedSet]
    const before = await core.anchors.newestFor(pump.id)
    const next: AnchorSet = {
      ...{ ...before!, id: newId('anchorSet', core), version: 1, number: before!.number + 1 },
      ...{ digest: sha256(before!.digest), anchors: [...before!.anchors] },
    }
    await core.means.ledger.commit({ puts: [{ kind: 'anchorSet', record: next }], events: [] })
    const sets = async () =>
      (await core.statusFiles.sets()).map((set) => [set.digest.toHex(), set.isNewest])
    assert.deepEqual(await sets(), [
      [old.digest.toHex(), false],
      [next.digest.toHex(), true],
    ])
    core.clock.pass({ hours: 25 })
    await core.statusFiles.refresh()
    const file = await newestStatusFile(old.digest.toHex(), core.ledger)
    assert.equal(file?.number, 2)
    assert.equal(await newestStatusFile(next.digest.toHex(), core.ledger), undefined)
    // Nobody can sign for it any more: it ends, and nobody is called.
    core.clock.pass({ hours: 24 * 365 * 40 })
    assert.deepEqual(await sets(), [[next.digest.toHex(), true]])
  })
})

test('after a restore a file has a number that no file of the lost time had', async () => {
  await withCore(async (core) => {
    const pump = await addPump(core)
    const device = await enrolDevice(core, pump, 'P-1')
    await core.anchors.refresh()
    core.clock.pass({ seconds: marginSeconds + 1 })
    await made(core)
    const moment = core.clock.now()
    core.clock.pass({ hours: 10 })
    const at = core.clock.now()
    const restore: Restore = {
      ...{ epoch: 2, at, moment, backup: 'b', logSize: 1, logRoot: '', logOrigin: 'o' },
    }
    await core.means.ledger.commit({ puts: [await restorePut(restore, core)], events: [] })
    const restored: TestCore = { ...core, ...(await openCore(core.means)), clock: core.clock }
    core.clock.pass({ seconds: 1 })
    await made(restored)
    const first = await newest(restored)
    assert.ok(first.number > 1 + 10 * 3600, String(first.number))
    assert.equal(await said(restored, device), 'fine,fine')
    assert.deepEqual(await restored.statusFiles.deltasTo(first), [])
    await made(restored)
    const second = await newest(restored)
    assert.equal(second.number, first.number + 1)
    assert.deepEqual(await restored.statusFiles.deltasTo(second), [first.number])
  })
})
