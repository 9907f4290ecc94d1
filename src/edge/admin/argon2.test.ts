// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestPorts } from './admin-testing.ts'
import { RefusalError } from './answers/problem.ts'
import { makePassphraseHasher } from './argon2.ts'
import { limits } from './limits.ts'

const { random } = new TestPorts()
const hasher = makePassphraseHasher(random)

test('a passphrase is kept as a salted argon2id hash that only it fits', async () => {
  const [first, second] = await Promise.all([
    hasher.hash('sesame open'),
    hasher.hash('sesame open'),
  ])
  assert.match(first, /^\$argon2id\$v=19\$m=65536,t=3,p=4\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  assert.notEqual(first, second)
  assert.equal(await hasher.verify(first, 'sesame open'), true)
  assert.equal(await hasher.verify(first, 'sesame Open'), false)
  assert.equal(await hasher.verify(undefined, 'sesame open'), false)
})

test('the hash is argon2id as the standard has it', async () => {
  // source: phc-winner-argon2 src/test.c, "argon2id", t=2, m=2^16, p=1, salt "somesalt"
  const vector =
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  assert.equal(await hasher.verify(vector, 'password'), true)
  assert.equal(await hasher.verify(vector, 'passwort'), false)
})

test('a hash that asks for too much, or is none, fits nothing', async () => {
  const tag = 'A'.repeat(43)
  for (const wrong of [
    '',
    'sesame open',
    `$argon2id$v=19$m=9999999,t=3,p=4$c29tZXNhbHQ$${tag}`,
    `$argon2id$v=19$m=65536,t=999,p=4$c29tZXNhbHQ$${tag}`,
    `$argon2id$v=19$m=65536,t=0,p=4$c29tZXNhbHQ$${tag}`,
    `$argon2i$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$${tag}`,
  ]) {
    assert.equal(await hasher.verify(wrong, 'sesame open'), false, wrong)
  }
})

test('of a flood of sign-ins a few wait and the rest are told to come back', async () => {
  const cheap = `$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$${'A'.repeat(43)}`
  const flood = Array.from({ length: limits.hashing + limits.hashingWaiting + 3 }, () =>
    hasher.verify(cheap, 'x').then(
      () => 'done',
      (error) => (error instanceof RefusalError ? error.refused.reason : 'broken'),
    ),
  )
  const answers = await Promise.all(flood)
  assert.equal(answers.filter((answer) => answer === 'busy').length, 3)
  assert.equal(answers.filter((answer) => answer === 'done').length, flood.length - 3)
})
