// SPDX-License-Identifier: Apache-2.0
/** What a token, its module or its PIN may do to us, and that it does it to one process that can be replaced. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { bentModule, noCompiler } from '../support/bent-module.ts'
import { temporaryDirectory } from '../support/house.ts'
import {
  becomes,
  OnePin,
  openTokenBackend,
  quickPatience,
  rightPin,
  type SoftToken,
  softToken,
  withoutToken,
} from '../support/soft-token.ts'

const skip = withoutToken
const message = new TextEncoder().encode('what is to be signed')

/** pkcs11-tool names keys by the hexadecimal of their id. */
const idWords = (id: string) => ['--id', Buffer.from(id).toString('hex')]

test('a wrong PIN is tried once, whatever restarts; another one is tried once more', {
  skip,
}, async () => {
  const pins = new OnePin('wrong-pin')
  const backend = await openTokenBackend(softToken('keys'), {}, { pins })
  assert.deepEqual([backend.health().state, pins.tried, pins.refusals], ['stopped', 1, 1])
  await assert.rejects(backend.sign('key_1', message), { code: 'key-locked' })
  await assert.rejects(backend.make('p-256', 'key_1'), { code: 'key-locked' })
  // It looks again and again, and tries nothing until somebody gives another PIN.
  await lookedAgain(pins, 5)
  assert.equal(pins.tried, 1)
  const up = becomes(backend, 'up')
  pins.pin = rightPin
  await up
  assert.equal(pins.tried, 2)
  await backend.make('p-256', 'key_1')
})

test('a PIN stands in nothing that is told', { skip }, async () => {
  const told: string[] = []
  const report = (...words: readonly string[]) => told.push(...words)
  const pins = new OnePin('secret-and-wrong')
  const backend = await openTokenBackend(softToken('keys'), {}, { pins, report })
  await backend.sign('key_1', message).catch((error: unknown) => told.push(String(error)))
  told.push(JSON.stringify(backend.health()))
  assert.match(told.join('\n'), /CKR_PIN_INCORRECT/)
  assert.doesNotMatch(told.join('\n'), /secret-and-wrong/)
})

test('a process that is killed while it signs fails what waits, and another takes its place', {
  skip,
}, async () => {
  const backend = await openTokenBackend(softToken('keys'))
  await backend.make('p-256', 'key_1')
  const waiting = Array.from({ length: 200 }, () => backend.sign('key_1', message))
  process.kill(backend.processId ?? 0, 'SIGKILL')
  const outcomes = await Promise.allSettled(waiting)
  const failed = outcomes.filter(({ status }) => status === 'rejected')
  assert.ok(failed.length > 0)
  for (const outcome of failed)
    assert.equal(outcome.status === 'rejected' && outcome.reason.code, 'key-unreachable')
  assert.equal(backend.health().waiting, 0)
  await becomes(backend, 'up')
  await backend.sign('key_1', message)
  assert.equal(backend.health().restarts, 1)
})

test('a module that hangs is killed after its time and used again', { skip }, async () => {
  const patience = { ...quickPatience, sign: 300, look: 60_000 }
  const backend = await openTokenBackend(softToken('keys'), {}, { patience })
  await backend.make('p-256', 'key_1')
  process.kill(backend.processId ?? 0, 'SIGSTOP')
  const signing = backend.sign('key_1', message)
  await assert.rejects(signing, { code: 'key-unreachable', message: /answered nothing for 0.3 s/ })
  await becomes(backend, 'up')
  await backend.sign('key_1', message)
})

test('a token that is pulled is away, and is used again once it is back', { skip }, async () => {
  const token = softToken('keys')
  const heard: string[] = []
  const report = (what: string) => heard.push(what)
  const backend = await openTokenBackend(token, {}, { report })
  await backend.make('p-256', 'key_1')
  token.pull()
  // Nobody signs, and it is noticed nevertheless.
  await becomes(backend, 'away')
  await assert.rejects(backend.sign('key_1', message), { code: 'key-unreachable' })
  assert.equal(await backend.has('key_1'), true)
  token.plug()
  await becomes(backend, 'up')
  await backend.sign('key_1', message)
  assert.deepEqual([...new Set(heard)], ['pkcs11 keys is away'])
})

test('a token that was never there is away, and the server can start without it', {
  skip,
}, async () => {
  const token = softToken('keys')
  const backend = await openTokenBackend(token, { label: 'other' })
  assert.match(backend.health().because ?? '', /a token labelled other is not there/)
  const absent = await openTokenBackend(token, { module: '/nowhere/module.so' })
  assert.equal(absent.health().state, 'away')
  assert.match(absent.health().because ?? '', /module cannot be loaded: .*\/nowhere\/module\.so/)
})

test('of two tokens with one label none is taken until a serial says which', { skip }, async () => {
  const token = softToken('twice', 'twice')
  const backend = await openTokenBackend(token)
  assert.match(backend.health().because ?? '', /2 tokens answer to .*pkcs11-serial/)
  const slots = spawnSync('softhsm2-util', ['--show-slots'], { encoding: 'utf8' }).stdout
  const [, serial] = /Serial number:\s+(\w{8,})/.exec(slots) ?? []
  const one = await openTokenBackend(token, { serial })
  assert.equal(one.health().state, 'up')
  assert.equal(one.health().facts['serial'], serial)
})

/** A key that somebody else made in the token, under an id as ours have them. */
function foreignKey(token: SoftToken, id: string, ...words: readonly string[]): void {
  token.tool('--keypairgen', '--key-type', 'EC:prime256v1', ...idWords(id), ...words)
}

test('a key that can be taken out is shown, and signs nothing', { skip }, async () => {
  const token = softToken('keys')
  foreignKey(token, 'key_loose', '--extractable', '--sensitive')
  const backend = await openTokenBackend(token)
  const flaws = new Map(backend.health().keys.map(({ id, flaw }) => [id, flaw]))
  assert.match(flaws.get('key_loose') ?? '', /can be taken out/)
  await assert.rejects(backend.sign('key_loose', message), { code: 'key-not-as-asked' })
})

test('a key that another was put in the place of signs nothing', { skip }, async () => {
  const token = softToken('keys')
  const backend = await openTokenBackend(token)
  await backend.make('p-256', 'key_1')
  for (const type of ['privkey', 'pubkey'])
    token.tool('--delete-object', '--type', type, ...idWords('key_1'))
  foreignKey(token, 'key_1', '--sensitive')
  process.kill(backend.processId ?? 0, 'SIGKILL')
  await becomes(backend, 'away')
  await becomes(backend, 'up')
  const signing = backend.sign('key_1', message)
  await assert.rejects(signing, { code: 'key-not-as-asked', message: /another one than before/ })
})

test('two keys of one id are none', { skip }, async () => {
  const token = softToken('keys')
  foreignKey(token, 'key_1', '--sensitive')
  foreignKey(token, 'key_1', '--sensitive')
  const backend = await openTokenBackend(token)
  await assert.rejects(backend.sign('key_1', message), {
    code: 'key-not-as-asked',
    message: /2 private keys of id key_1/,
  })
})

test('a module that ends or damages its process when it is loaded takes no other with it', {
  skip: skip || noCompiler,
}, async () => {
  const place = temporaryDirectory()
  const token = softToken('keys')
  for (const [name, body] of [
    ['crash', '*(volatile int *)0 = 1;'],
    ['leave', '_exit(7);'],
  ] as const) {
    const source = join(place, `${name}.c`)
    const module = join(place, `${name}.so`)
    writeFileSync(
      source,
      `#include <unistd.h>\nunsigned long C_GetFunctionList(void *list) { ${body} return 5; }\n`,
    )
    const built = spawnSync('gcc', ['-shared', '-fPIC', '-o', module, source], { encoding: 'utf8' })
    assert.equal(built.status, 0, built.stderr)
    assert.ok(existsSync(module))
    const backend = await openTokenBackend(token, { module })
    assert.equal(backend.health().state, 'away')
    assert.match(backend.health().because ?? '', /ended (by SIG|with status 7)/)
    await backend.close()
  }
})

test('a module that never comes back from its opening is killed', {
  skip: skip || noCompiler,
}, async () => {
  const place = temporaryDirectory()
  const [source, module] = [join(place, 'hang.c'), join(place, 'hang.so')]
  writeFileSync(
    source,
    '#include <unistd.h>\nunsigned long C_GetFunctionList(void *list) { for (;;) sleep(1000); }\n',
  )
  assert.equal(spawnSync('gcc', ['-shared', '-fPIC', '-o', module, source]).status, 0)
  const patience = { ...quickPatience, open: 1_500 }
  const backend = await openTokenBackend(softToken('keys'), { module }, { patience })
  assert.match(backend.health().because ?? '', /answered nothing for 1.5 s and was killed/)
})

test('a signature that the key did not make is never handed out', {
  skip: skip || noCompiler,
}, async () => {
  const token = softToken('keys')
  const good = await openTokenBackend(token)
  for (const algorithm of ['p-256', 'rsa-2048'] as const) await good.make(algorithm, algorithm)
  await good.close()
  for (const sign of ['signature[*length - 1] ^= 1;', 'signature[0] ^= 128;', '*length = 8;']) {
    const backend = await openTokenBackend(token, { module: bentModule({ sign }) })
    for (const keyId of ['p-256', 'rsa-2048']) {
      await assert.rejects(backend.sign(keyId, message), {
        ...{ code: 'key-not-as-asked', message: /pkcs11 keys signs wrongly with key/ },
      })
      // Its process is replaced.
      await becomes(backend, 'away')
      await becomes(backend, 'up')
    }
    assert.deepEqual([backend.health().signatures, backend.health().failures], [0, 2])
    await assert.rejects(backend.make('p-256', 'key_new'), { code: 'key-not-as-asked' })
    assert.equal(await backend.has('key_new'), false)
    await backend.close()
  }
})

test('a PIN whose try had no clear end is not tried again, unless it opened the token before', {
  skip: skip || noCompiler,
}, async () => {
  const token = softToken('keys')
  for (const login of ['if (result == 0xa0) result = 5;', 'if (result != 0) _exit(7);']) {
    const pins = new OnePin('wrong-pin')
    const backend = await openTokenBackend(token, { module: bentModule({ login }) }, { pins })
    await lookedAgain(pins, 5)
    assert.equal(pins.tried, 1, login)
    await backend.close()
  }
})

test('a PIN that never opened the token is not tried where another was refused, as on another node', {
  skip,
}, async () => {
  const token = softToken('keys')
  const elsewhere = await openTokenBackend(token, {}, { pins: new OnePin('wrong-pin') })
  await elsewhere.close()
  const pins = new OnePin('wrong-too')
  pins.afterRefusal = false
  const backend = await openTokenBackend(token, {}, { pins })
  assert.deepEqual([backend.health().state, pins.tried], ['stopped', 0])
  assert.match(backend.health().because ?? '', /somebody gave the token a wrong PIN/)
  const up = becomes(backend, 'up')
  token.tool('--list-objects')
  pins.pin = rightPin
  await up
})

test('a token of whose PIN one try is left, or none, is tried no more', {
  skip: skip || noCompiler,
}, async () => {
  const token = softToken('keys')
  for (const [flag, said] of [
    ['0x20000', /one try is left/],
    ['0x40000', /is locked/],
    ['0x100', /a pad of its own/],
  ] as const) {
    const pins = new OnePin(rightPin)
    const module = bentModule({ info: `*flags |= ${flag};` })
    const backend = await openTokenBackend(token, { module }, { pins })
    assert.deepEqual([backend.health().state, pins.tried], ['stopped', 0])
    assert.match(backend.health().because ?? '', said)
    await backend.close()
  }
})

test('a module that writes into the pipe of its process harms no other, and its process is replaced', {
  skip: skip || noCompiler,
}, async () => {
  const token = softToken('keys')
  // The login is question 1; 129 is a failure, 128 an answer, 9 no kind that there is.
  for (const frame of [
    '\\0\\0\\0\\7\\0\\0\\0\\1\\201no',
    '\\377\\377\\377\\377\\0\\0\\0\\1\\200no',
  ]) {
    const module = bentModule({ login: `write(3, "${frame}", 11);` })
    const backend = await openTokenBackend(token, { module })
    assert.equal(backend.health().state, 'away')
    assert.match(backend.health().because ?? '', /the process of the module wrote/)
    await backend.close()
  }
})

test('a try that cannot be marked is not made', { skip }, async () => {
  const pins = new OnePin(rightPin)
  pins.trying = async () => {
    throw new Error('the disk is full')
  }
  const backend = await openTokenBackend(softToken('keys'), {}, { pins })
  assert.deepEqual([backend.health().state, backend.health().because], ['away', 'the disk is full'])
})

test('keys of others in the token, whatever they are, do not disturb ours', { skip }, async () => {
  const token = softToken('keys')
  const first = await openTokenBackend(token)
  await first.make('p-256', 'key_1')
  await first.close()
  token.tool('--keypairgen', '--key-type', 'EC:secp256k1', ...idWords('theirs'))
  token.tool('--keypairgen', '--key-type', 'RSA:1024', ...idWords('old'))
  foreignKey(token, 'half', '--sensitive')
  token.tool('--delete-object', '--type', 'pubkey', ...idWords('half'))
  const backend = await openTokenBackend(token)
  assert.equal(backend.health().state, 'up')
  await backend.sign('key_1', message)
  for (const id of ['theirs', 'old', 'half'])
    await assert.rejects(backend.sign(id, message), { code: 'key-not-as-asked' })
})

/** Resolves once it was asked so often whether there is a PIN to try. */
async function lookedAgain(pins: OnePin, times: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let left = times
  const next = pins.next.bind(pins)
  pins.next = async () => {
    if (--left === 0) resolve()
    return next()
  }
  await promise
}
