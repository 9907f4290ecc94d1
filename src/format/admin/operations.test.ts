// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldsOf } from './operation.ts'
import { operationNames, operationOf, operations } from './operations.ts'
import { references } from './references.ts'

for (const name of operationNames) {
  const row = operationOf(name)
  const fields = fieldsOf(row)

  test(`${name} names only inputs that it has`, () => {
    const inPath = [...row.path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '')
    const named = [
      ...inPath,
      ...(row.positional ?? []),
      ...(row.files ?? []),
      ...(row.secrets ?? []),
      ...Object.keys(row.flags ?? {}),
      ...Object.keys(row.references ?? {}),
    ]
    for (const input of named) assert.ok(fields.has(input), input)
    for (const input of inPath) assert.equal(fields.get(input)?.required, true, input)
  })

  test(`${name} explains itself and each of its inputs`, () => {
    assert.match(row.summary, /^[a-z][^\n]{5,79}[^.]$/)
    assert.match(row.help, /^[A-Z][^\n]{20,}\.$/)
    for (const [input, field] of fields) assert.ok(field.help.length > 3, input)
  })

  test(`${name} has a path under its noun, and a method that says whether it changes`, () => {
    assert.match(row.path, /^(\/(:[a-z]+|[a-z-]+))+$/)
    if (row.kind === 'list' || row.kind === 'events') assert.equal(row.method, 'GET')
    if (row.kind === 'list') assert.ok(fields.has('limit') && fields.has('after'))
  })

  test(`${name} lets a required input come before an optional one on the command line`, () => {
    const needed = (row.positional ?? []).map((input) => fields.get(input)?.required)
    assert.ok(!needed.join().includes('false,true'))
  })
}

test('no two operations share method and path', () => {
  const all = operationNames.map((name) => {
    const row = operationOf(name)
    return `${row.method} ${row.path.replace(/:\w+/g, ':')}`
  })
  assert.deepEqual(all, [...new Set(all)])
})

test('a reference is looked up by a filter that its list has', () => {
  for (const { list, by } of Object.values(references)) {
    assert.ok(by in operations[list].input.shape, `${list} ${by}`)
  }
})

test('a field tells its kind, its choices and what stands when nothing is said', () => {
  const fields = fieldsOf(operationOf('product.add'))
  assert.deepEqual(fields.get('exposure'), {
    kind: 'choice',
    required: false,
    help: 'what a false device could reach; it is recorded, and asks nothing of profiles yet',
    choices: ['therapy', 'patient-data', 'telemetry', 'none'],
    fallback: 'patient-data',
  })
  assert.equal(fieldsOf(operationOf('code.new')).get('validForHours')?.kind, 'number')
  assert.equal(fieldsOf(operationOf('doctor')).get('production')?.kind, 'boolean')
  assert.equal(fieldsOf(operationOf('authority.trust')).get('products')?.kind, 'list')
  assert.equal(fieldsOf(operationOf('profile.apply')).get('document')?.kind, 'document')
})
