// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askAct, type Wish } from '#core/revocation/acts/ask.ts'
import { carryOut } from '#core/revocation/acts/carry-out.ts'
import type { Chosen } from '#core/revocation/acts/chosen.ts'
import { previewAct } from '#core/revocation/acts/preview.ts'
import { sha256 } from '#trust/digest.ts'
import {
  addPump,
  certificateOf,
  type Enrolled,
  enrolDevice,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../test/support/core.ts'
import { bookFindings } from './book-findings.ts'
import { dismissFinding } from './dismiss.ts'
import { readGroup } from './group.ts'
import { proposeEnding } from './propose.ts'
import { settleFindings } from './settle-findings.ts'

const prime = sha256(new TextEncoder().encode('a prime'))
const cause = prime.toHex()

async function fleet(core: TestCore): Promise<readonly Enrolled[]> {
  const pump = await addPump(core)
  const devices: Enrolled[] = []
  for (const serial of ['P-1', 'P-2', 'P-3']) devices.push(await enrolDevice(core, pump, serial))
  return devices
}

async function book(core: TestCore, devices: readonly Enrolled[]) {
  const certificates = await Promise.all(devices.map(({ id }) => certificateOf(core, id)))
  const found = certificates.map(({ key }) => ({
    ...({ kind: 'prime-shared', key, cause: prime, detail: 'a prime', facts: {} } as const),
  }))
  return bookFindings(found, core)
}

async function preview(core: TestCore, chosen: Chosen) {
  const found = await previewAct({ act: 'end', chosen }, () => false, core)
  return found.kind === 'preview' ? found : assert.fail(found.detail)
}

function ending(chosen: Chosen, more: Partial<Wish> = {}): Wish {
  return { act: 'end', chosen, reason: 'keyCompromise', because: 'weak', ...more }
}

async function states(core: TestCore, devices: readonly Enrolled[]) {
  const certificates = await Promise.all(devices.map(({ id }) => certificateOf(core, id)))
  return certificates.map(({ state }) => state)
}

test('an act by a cause means the certificates of all of its keys, and one by a finding those of one', () =>
  withCore(async (core) => {
    const devices = await fleet(core)
    const [first = assert.fail()] = await book(core, devices.slice(0, 2))
    const all = await preview(core, { cause })
    assert.deepEqual([all.certificates, all.first], [2, ['P-1', 'P-2']])
    assert.deepEqual((await preview(core, { finding: first.id })).first, ['P-1'])
    const asked = await askAct(ending({ cause }, { set: all.set }), operator, core)
    if (asked.kind !== 'asked') assert.fail(asked.kind)
    const act = await carryOut(asked.record.id, core)
    assert.equal(act?.state, 'effective')
    assert.deepEqual(await states(core, devices), ['revoked', 'revoked', 'issued'])
    assert.equal(await settleFindings(core), 2)
    const settled = await core.ledger.read('keyFinding', first.id)
    assert.deepEqual([settled?.state, settled?.revocation], ['acted', act.id])
    assert.equal((await core.ledger.read('key', first.key))?.state, 'compromised')
  }))

test('what was dismissed is not meant, and another set than was looked at is refused', () =>
  withCore(async (core) => {
    const devices = await fleet(core)
    const [, second = assert.fail()] = await book(core, devices)
    const { set } = await preview(core, { cause })
    await dismissFinding(second, 'a board on a desk', operator, core)
    assert.deepEqual((await preview(core, { cause })).first, ['P-1', 'P-3'])
    assert.equal(reasonOf(await askAct(ending({ cause }, { set }), operator, core)), 'set-changed')
    const dismissed = await askAct(ending({ finding: second.id }), operator, core)
    assert.equal(reasonOf(dismissed), 'not-found')
  }))

test('what is found after an act was asked is not ended by it', () =>
  withCore(async (core) => {
    const devices = await fleet(core)
    await book(core, devices.slice(0, 1))
    const asked = await askAct(ending({ cause }), operator, core)
    if (asked.kind !== 'asked') assert.fail(asked.kind)
    await book(core, devices.slice(1))
    await carryOut(asked.record.id, core)
    assert.deepEqual(await states(core, devices), ['revoked', 'issued', 'issued'])
  }))

test('a finding is chosen beside nothing that leads elsewhere, and narrowed by what a certificate shows', () =>
  withCore(async (core) => {
    const [first = assert.fail()] = await book(core, await fleet(core))
    const both = await askAct(ending({ cause, finding: first.id }), operator, core)
    assert.equal(reasonOf(both), 'input-wrong')
    const none = await askAct(ending({ finding: first.id.replace(/.$/, 'x') }), operator, core)
    assert.equal(reasonOf(none), 'not-found')
    assert.equal((await preview(core, { cause, device: first.owner })).certificates, 1)
    assert.equal((await preview(core, { cause, kind: 'birth' })).certificates, 0)
  }))

test('a cause that an authority has too is acted on without it, and the authority is named', () =>
  withCore(async (core) => {
    const [device = assert.fail()] = await fleet(core)
    const { key, authority } = await certificateOf(core, device.id)
    const ofIssuer = (await core.ledger.read('authority', authority)) ?? assert.fail()
    const flaw = { kind: 'prime-shared', cause: prime, detail: 'a prime', facts: {} } as const
    await bookFindings([{ ...flaw, key: ofIssuer.key ?? assert.fail() }], core)
    const steps = async () => {
      const group = (await readGroup('prime-shared', prime, core.ledger)) ?? assert.fail()
      const proposal = await proposeEnding(group, core)
      return proposal.kind === 'proposal' ? proposal.steps.map((step) => step.command) : []
    }
    const revoke = `vitalsign authority revoke ${authority} --reason keyCompromise`
    assert.deepEqual(
      (await steps()).map((command) => command.startsWith(revoke)),
      [true],
    )
    const refused = await askAct(ending({ cause }), operator, core)
    assert.equal(reasonOf(refused), 'not-permitted')
    await bookFindings([{ ...flaw, key }], core)
    assert.deepEqual((await preview(core, { cause })).first, ['P-1'])
    const commands = await steps()
    assert.ok(commands.some((command) => command.startsWith('vitalsign revocation end --cause')))
    assert.ok(commands.at(-1)?.startsWith(revoke))
  }))
