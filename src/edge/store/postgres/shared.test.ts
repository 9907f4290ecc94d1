// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { CuttingProxy } from '../../../../test/support/cutting-proxy.ts'
import { postgresPlace, withoutPostgres } from '../../../../test/support/postgres.ts'
import type { SealedTexts } from '../store.ts'
import { testPorts } from '../store-testing.ts'
import { openPostgresStore } from './open-postgres.ts'

const options = { skip: withoutPostgres }

test(
  'a sealed text is kept under a name that is free, and replaced with others at once',
  options,
  () =>
    withSealed(async (sealed) => {
      assert.equal(await sealed.add('a', 'one'), true)
      assert.equal(await sealed.add('a', 'two'), false)
      assert.equal(await sealed.add('b', "'two'"), true)
      assert.deepEqual(await sealed.names(), ['a', 'b'])
      await sealed.replace(
        new Map([
          ['a', 'three'],
          ['b', 'four'],
          ['c', 'nobody has it'],
        ]),
      )
      assert.equal(await sealed.read('a'), 'three')
      assert.equal(await sealed.read('b'), 'four')
      await sealed.remove('b')
      await sealed.remove('b')
      assert.deepEqual(await sealed.names(), ['a'])
      assert.equal(await sealed.read('b'), undefined)
    }),
)

test('of many who keep a text under one name at once, one does', options, () =>
  withSealed(async (sealed) => {
    const added = await Promise.all(
      Array.from({ length: 8 }, (_, index) => sealed.add('a', `${index}`)),
    )
    assert.equal(added.filter((one) => one).length, 1)
  }),
)

for (const where of ['sent', 'answered'] as const)
  test(`what is sealed counts as done if the connection breaks when it is ${where}`, options, () =>
    withSealed(async (sealed, proxy) => {
      proxy.cutCommit(where, 'INSERT INTO "sealed"', 'INSERT 0 1\0')
      assert.equal(await sealed.add('a', 'one'), true)
      proxy.cutCommit(where, 'UPDATE "sealed"', 'UPDATE 1\0')
      await sealed.replace(new Map([['a', 'two']]))
      assert.equal(await sealed.read('a'), 'two')
      proxy.cutCommit(where, 'DELETE FROM "sealed"', 'DELETE 1\0')
      await sealed.remove('a')
      assert.deepEqual(await sealed.names(), [])
      assert.equal(proxy.cuts, 3)
    }),
  )

async function withSealed(work: (sealed: SealedTexts, proxy: CuttingProxy) => Promise<void>) {
  const place = await postgresPlace()
  const { directory, port } = place.cluster
  const proxy = await CuttingProxy.open(join(directory, `.s.PGSQL.${port}`))
  const url = `postgres://postgres@127.0.0.1:${proxy.port}/${place.database}`
  const store = await openPostgresStore({ url }, testPorts())
  try {
    await work(store.shared?.sealed ?? assert.fail('nothing is shared'), proxy)
  } finally {
    await store.close()
    await proxy.close()
    await place.remove()
  }
}
