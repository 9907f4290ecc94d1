// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builder, type CallerRole, signer } from '#format/admin/operation.ts'
import { operationNames, operationOf } from '#format/admin/operations.ts'
import { checkPermission, stranger } from './caller.ts'

const at = (role: CallerRole) => ({ ...stranger('machine', '192.0.2.1'), role })

test('a machine that has digests signed may ask no operation that a stranger may not', () => {
  for (const name of operationNames) {
    const row = operationOf(name)
    const refused = checkPermission(row, at(signer))
    const publicly = row.role === 'public' && row.doors?.includes('machine') !== false
    assert.equal(refused?.reason, publicly ? undefined : 'not-permitted', name)
  }
})

test('a job of a build may ask what its rows say, and of the others none that a stranger may not', () => {
  for (const name of operationNames) {
    const row = operationOf(name)
    const refused = checkPermission(row, at(builder))
    const atDoor = row.doors?.includes('machine') !== false
    const may = atDoor && (row.role === 'public' || row.builders === true)
    assert.equal(refused?.reason, may ? undefined : 'not-permitted', name)
  }
})
