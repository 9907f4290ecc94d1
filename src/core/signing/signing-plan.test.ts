// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import { artefactForms } from '#trust/artefact/forms.ts'
import { addPump, operator, withCore } from '../../../test/support/core.ts'
import { isMeant, newestPlan, parseSigningPlan } from '../releases/plan-lines.ts'
import { applyPlan } from './signing-plan.ts'

const forms = artefactForms(archiveTools())

function detail(json: unknown): string {
  const read = parseSigningPlan(json)
  return read.kind === 'refused' ? `${read.reason} ${read.detail}` : 'read'
}

test('a plan says what is wrong, in which line, and what to write', () => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [{}, /list of 1 to 32 lines/],
    [[], /list of 1 to 32 lines/],
    [['mcuboot'], /line 1: write members/],
    [[{ form: 'authenticode' }], /line 1: form: write one of mcuboot/],
    [[{ form: 'raw' }, { form: 'raw', key: 'x' }], /line 2: key: use form/],
    [[{ form: 'rauc', devices: 'check-crl=true' }], /devices: .*use-bundle-signing-time=true/],
    [[{ form: 'mcuboot', devices: 'x' }], /devices: leave it out, or write nothing/],
    [[{ form: 'raw', artefacts: [] }], /artefacts: write a list of names/],
    [[{ form: 'raw', keys: 'firmware' }], /keys: write a list/],
    [[{ form: 'raw', options: [] }], /options: write names/],
    [[{ form: 'raw', name: '../x' }], /name: write a file name/],
    [[{ form: 'raw', of: 'mcuboot' }], /no line signs as mcuboot/],
  ]
  for (const [json, expected] of wrong) {
    assert.match(detail(json), /^signing-plan-wrong /)
    assert.match(detail(json), expected)
  }
  assert.equal(detail([{ form: 'mcuboot' }, { form: 'outer-manifest', of: 'mcuboot' }]), 'read')
  assert.equal(detail([{ form: 'rauc', devices: 'use-bundle-signing-time=true' }]), 'read')
})

test('a star in a name stands for any letters', () => {
  const meant = (artefacts: readonly string[] | undefined, name: string) =>
    isMeant({ artefacts } as Parameters<typeof isMeant>[0], name)
  assert.ok(meant(undefined, 'app.bin'))
  assert.ok(
    meant(['*.bin'], 'app.bin') && meant(['app*'], 'app.bin') && meant(['a*p.b*n'], 'app.bin'),
  )
  assert.ok(!meant(['*.img'], 'app.bin') && !meant(['app'], 'app.bin') && !meant(['a*a'], 'a'))
})

test('the newest plan of a product counts, and each change is told', () =>
  withCore(async (core) => {
    const pump = await addPump(core)
    assert.equal(await newestPlan(pump.id, core.ledger), undefined)
    for (const form of ['mcuboot', 'rauc'])
      await applyPlan(pump, [{ form }], operator, { ...core, forms })
    const refused = await applyPlan(pump, [], operator, { ...core, forms })
    assert.equal(refused.kind, 'refused')
    const plan = await newestPlan(pump.id, core.ledger)
    assert.deepEqual([plan?.number, plan?.lines], [2, [{ form: 'rauc' }]])
    const told = core.events.filter(({ type }) => type === 'signing-plan-changed')
    assert.deepEqual(
      told.map(({ facts }) => facts['forms']),
      ['mcuboot', 'rauc'],
    )
  }))
