// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addPerson } from '../../../../test/support/approver.ts'
import {
  addPump,
  openTestCore,
  operator,
  reasonOf,
  type TestCore,
  withCore,
} from '../../../../test/support/core.ts'
import type { Product } from '../../ledger/tables.ts'
import type { ApprovalPorts } from '../ports.ts'
import {
  approvePolicy,
  changePolicy,
  policyApprovalsMissing,
  policyLowered,
  refusePolicy,
  refuseSecond,
} from './change-policy.ts'
import { loweredBy } from './lowered.ts'
import { policyInForce } from './newest.ts'
import { parsePolicy } from './parse-policy.ts'
import { type Demand, demandOf, demandsOf, type PolicyRules, usualRules } from './rules.ts'

let core: TestCore
before(async () => {
  core = await openTestCore()
  for (const name of ['Ada', 'Grace']) await addPerson(name, core, 'administrator')
})
after(() => core.close())

/** The usual rules with another demand for production. */
function production(change: Partial<PolicyRules['production']>): PolicyRules {
  return { ...usualRules, production: { ...usualRules.production, ...change } }
}

function checksWith(change: Partial<Demand['checks']>): PolicyRules {
  return production({ checks: { ...usualRules.production.checks, ...change } })
}

function checksWithout(...names: readonly (keyof Demand['checks'])[]): PolicyRules {
  const kept = Object.entries(usualRules.production.checks).filter(
    ([name]) => !(names as readonly string[]).includes(name),
  )
  return production({ checks: Object.fromEntries(kept) })
}

/** As it is where real devices are: two people have to agree to what asks less. */
const real = (): ApprovalPorts => ({ ...core, environment: 'production' })

async function changed(product: Product, rules: PolicyRules, ports = real()) {
  const answer = await changePolicy(product, rules, 'a test', operator, ports)
  return answer.kind === 'changed' ? answer.policy : assert.fail(answer.detail)
}

test('the usual rules are a policy that may be written down, and ask two people for real devices', () => {
  const parsed = parsePolicy(JSON.parse(JSON.stringify(usualRules)))
  assert.deepEqual(parsed, { kind: 'policy', rules: usualRules })
  for (const { environment, approvals } of demandsOf(usualRules))
    if (environment === 'production') assert.ok(approvals.people >= 2)
})

test('no policy asks fewer than two people for production, not even for one kind of release', () => {
  const one = { people: 1 }
  for (const rules of [
    production({ approvals: one }),
    production({ kinds: { security: { checks: {}, approvals: one } } }),
  ])
    assert.equal(reasonOf(parsePolicy(rules)), 'signing-policy-too-low')
  const trial = { ...usualRules, trial: { checks: {}, approvals: one } }
  assert.equal(parsePolicy(trial).kind, 'policy')
})

for (const [what, document] of [
  ['no object', 7],
  ['an unknown member', { ...usualRules, staging: usualRules.test }],
  ['a missing environment', { format: 1, trial: usualRules.trial, test: usualRules.test }],
  ['an unknown check', production({ checks: { luck: true } as Demand['checks'] })],
  ['no people at all', production({ approvals: { people: 0 } })],
  [
    'a role twice',
    production({
      approvals: {
        people: 2,
        roles: [
          { role: 'quality', people: 1 },
          { role: 'quality', people: 1 },
        ],
      },
    }),
  ],
  [
    'more people of roles than people',
    production({ approvals: { people: 2, roles: [{ role: 'quality', people: 3 }] } }),
  ],
  [
    'a role in capitals',
    production({ approvals: { people: 2, roles: [{ role: 'QA', people: 1 }] } }),
  ],
] as const) {
  test(`a policy with ${what} is refused, with the place`, () => {
    const parsed = parsePolicy(document)
    assert.equal(reasonOf(parsed), 'signing-policy-wrong')
  })
}

test('each thing that a policy asks less is told, once for each kind of release', () => {
  const cases: readonly (readonly [RegExp, PolicyRules])[] = [
    [/the scan is not asked/, checksWithout('scan')],
    [/the scan may be one that was made/, checksWith({ scan: { atMostDays: 30, here: false } })],
    [/the scan may be 31 days old/, checksWith({ scan: { atMostDays: 31, here: true } })],
    [/the SBOM has to be complete only/, checksWith({ sbom: 'complete' })],
    [/the SBOM is not asked/, checksWithout('sbom')],
    [/the VEX statement is not asked/, checksWithout('vex')],
    [/the provenance is not asked/, checksWithout('provenance')],
    [/the reference to tests is not asked/, checksWithout('tests')],
    [/the rise of the security version/, checksWithout('securityVersionRises')],
    [/the end of support is not asked/, checksWithout('supportUntil')],
    [/that makers are known is not asked/, checksWithout('originKnown')],
    [/leaves 73 hours/, production({ emergency: { reviewHours: 73, longestHours: 24 } })],
    [/open for 25 hours/, production({ emergency: { reviewHours: 72, longestHours: 25 } })],
  ]
  for (const [words, rules] of cases) {
    const lowered = loweredBy(usualRules, rules)
    assert.equal(lowered.length, 3, `${words}`)
    for (const line of lowered) assert.match(line, words)
    assert.match(lowered[0] ?? '', /^production, security: /)
  }
})

test('builders, roles and rules of a scan are compared, too', () => {
  const strict = checksWith({
    scan: { atMostDays: 30, here: true, rules: '7' },
    provenance: { builders: ['https://ci.example/a'] },
  })
  const withRoles = production({
    approvals: { people: 3, roles: [{ role: 'quality', people: 2 }] },
  })
  for (const [words, before, after] of [
    [
      /any version of the rules/,
      strict,
      checksWith({ provenance: strict.production.checks.provenance! }),
    ],
    [
      /may be of any builder/,
      strict,
      checksWith({ scan: strict.production.checks.scan!, provenance: {} }),
    ],
    [
      /may be of https:\/\/ci.example\/b, too/,
      strict,
      checksWith({
        scan: strict.production.checks.scan!,
        provenance: { builders: ['https://ci.example/a', 'https://ci.example/b'] },
      }),
    ],
    [
      /need fewer of quality/,
      withRoles,
      production({ approvals: { people: 3, roles: [{ role: 'quality', people: 1 }] } }),
    ],
    [
      /falls from 3 to 2/,
      withRoles,
      production({ approvals: { people: 2, roles: [{ role: 'quality', people: 2 }] } }),
    ],
    [
      /is opened/,
      { ...usualRules, test: usualRules.test },
      {
        ...usualRules,
        test: { ...usualRules.test, emergency: { reviewHours: 1, longestHours: 1 } },
      },
    ],
  ] as const) {
    const lowered = loweredBy(before, after)
    assert.ok(
      lowered.length > 0 && lowered.every((line) => words.test(line)),
      `${words}: ${lowered}`,
    )
    assert.deepEqual(loweredBy(before, before), [])
  }
  assert.deepEqual(loweredBy(usualRules, strict), [])
})

test('a kind of release may ask otherwise than its environment', () => {
  const security = { checks: {}, approvals: { people: 4 } }
  const rules = production({ kinds: { security } })
  assert.deepEqual(demandOf(rules, 'production', 'security'), security)
  assert.equal(demandOf(rules, 'production', 'feature').approvals.people, 2)
})

test('a stricter policy holds at once; one that asks less waits for a second person and is an exception', async () => {
  const pump = await addPump(core, 'pump one')
  assert.equal((await policyInForce(pump.id, core.ledger)).number, 0)
  const strict = await changed(pump, production({ approvals: { people: 3 } }))
  assert.deepEqual([strict.state, strict.number, strict.lowered], ['active', 1, []])
  const lower = await changed(pump, usualRules)
  assert.deepEqual([lower.state, lower.number, policyApprovalsMissing(lower)], ['waiting', 2, 1])
  assert.equal((await policyInForce(pump.id, core.ledger)).number, 1)
  assert.equal(reasonOf((await refuseSecond(pump.id, core)) ?? { kind: 'none' }), 'exists-already')
  assert.equal(reasonOf(await approvePolicy(lower, operator.id, real())), 'approver-counted')
  const agreed = await approvePolicy(lower, 'psn_grace', real())
  if (agreed.kind === 'refused') return assert.fail(agreed.detail)
  assert.equal(agreed.policy.state, 'active')
  assert.equal((await policyInForce(pump.id, core.ledger)).number, 2)
  const { items } = await core.ledger.list('exception', {
    ...{ by: 'rule', equal: [policyLowered], limit: 10 },
  })
  const found = items.find(({ subject }) => subject === lower.id)
  assert.match(found?.reason ?? '', /falls from 3 to 2/)
  assert.match(found?.grantedBy ?? '', /psn_test.*psn_grace/)
  assert.equal(reasonOf(await approvePolicy(agreed.policy, 'psn_eve', real())), 'decided-already')
})

test('who asked at the machine itself is nobody, and two people have to agree', async () => {
  const pump = await addPump(core, 'pump two')
  const local = { kind: 'person', id: 'local' } as const
  const asked = await changePolicy(pump, checksWithout('vex'), 'a test', local, real())
  if (asked.kind === 'refused') return assert.fail(asked.detail)
  assert.equal(policyApprovalsMissing(asked.policy), 2)
  const first = await approvePolicy(asked.policy, 'psn_ada', real())
  if (first.kind === 'refused') return assert.fail(first.detail)
  assert.equal(first.policy.state, 'waiting')
  const second = await approvePolicy(first.policy, 'psn_grace', real())
  assert.equal(second.kind === 'changed' && second.policy.state, 'active')
})

test('what a second person agreed to is what was shown: a policy that came between ends it', async () => {
  const pump = await addPump(core, 'pump three')
  const lower = await changed(pump, checksWithout('vex'))
  await changed(pump, production({ approvals: { people: 5 } }))
  assert.equal(reasonOf(await approvePolicy(lower, 'psn_grace', real())), 'conflict')
  const actor = { kind: 'person', id: 'psn_grace' } as const
  const refused = await refusePolicy(lower, 'it is old', actor, real())
  assert.equal(refused.kind === 'changed' && refused.policy.state, 'refused')
})

test('a policy of somebody who was removed since is agreed to by nobody', async () => {
  const pump = await addPump(core, 'pump five')
  const eve = await addPerson('Eve', core, 'administrator')
  const actor = { kind: 'person', id: eve.id } as const
  const asked = await changePolicy(pump, checksWithout('vex'), 'a test', actor, real())
  if (asked.kind === 'refused') return assert.fail(asked.detail)
  const removed = { ...eve, version: 2, state: 'removed' } as const
  await core.ledger.commit({ puts: [{ kind: 'person', record: removed }], events: [] })
  assert.equal(reasonOf(await approvePolicy(asked.policy, 'psn_grace', real())), 'conflict')
})

test('while nobody else is there yet one administrator sets what asks less, which is kept as such', () =>
  withCore(async (alone) => {
    const pump = await addPump(alone)
    await addPerson('Ada', alone, 'administrator')
    const ports = { ...alone, environment: 'production' } as const
    const first = await changed(pump, checksWithout('vex'), ports)
    assert.equal(first.state, 'active')
    const { items } = await alone.ledger.list('exception', {
      ...{ by: 'subject', equal: [first.id], limit: 2 },
    })
    assert.match(items[0]?.reason ?? '', /\(first set-up: nobody else was there to agree\)$/)
    const told = alone.events.find(({ type }) => type === 'signing-policy-changed')
    assert.equal(told?.facts['alone'], 'first-set-up')
    await addPerson('Grace', alone, 'administrator')
    assert.equal((await changed(pump, checksWithout('vex', 'sbom'), ports)).state, 'waiting')
  }))

test('in a trial one person suffices, and the exception stands all the same', async () => {
  const pump = await addPump(core, 'pump four')
  const lower = await changed(pump, checksWithout('vex'), core)
  assert.equal(lower.state, 'active')
  const { items } = await core.ledger.list('exception', {
    ...{ by: 'subject', equal: [lower.id], limit: 10 },
  })
  assert.equal(items[0]?.rule, policyLowered)
  const again = await changed(pump, checksWithout('vex'), core)
  assert.equal(again.id, lower.id)
  const types = core.events.map(({ type }) => type).filter((type) => type.startsWith('signing-'))
  for (const type of ['proposed', 'approved', 'refused', 'changed'])
    assert.ok(types.includes(`signing-policy-${type}` as (typeof types)[number]), type)
})
