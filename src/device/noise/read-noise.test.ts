// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { DeviceFault } from '../fault.ts'
import { thisMachine } from './machine.ts'
import { readNoise, type Source } from './read-noise.ts'

const home = mkdtempSync(join(tmpdir(), 'vitalsign-noise-'))
after(() => rmSync(home, { recursive: true }))

const failed = (code: string, words: RegExp) => (error: unknown) =>
  error instanceof DeviceFault && error.code === code && words.test(error.message)

/** A pipe that somebody holds open, with these octets in it. */
async function pipeWith(name: string, octets: Uint8Array) {
  const path = join(home, name)
  execFileSync('/usr/bin/mkfifo', [path])
  const held = await open(path, constants.O_RDWR | constants.O_NONBLOCK)
  await held.write(octets)
  return { path, held }
}

test('a file is read from its beginning, and no more of it than is asked', async () => {
  const path = join(home, 'file')
  writeFileSync(
    path,
    Uint8Array.from({ length: 100 }, (_, index) => index),
  )
  assert.deepEqual([...(await readNoise(path, 3))], [0, 1, 2])
})

test('a source that ends early is named with how much it gave', async () => {
  const path = join(home, 'short')
  writeFileSync(path, new Uint8Array(7))
  await assert.rejects(readNoise(path, 8), failed('noise-ended', /ended after 7 of 8 octets$/))
})

test('a source that gives nothing is named in time, and holds nothing up', async () => {
  const { path, held } = await pipeWith('slow', new Uint8Array(5))
  const limits = { longestMilliseconds: 100, againMilliseconds: 5 }
  await assert.rejects(
    readNoise(path, 8, limits),
    failed('noise-silent', /gave 5 of 8 octets in 0\.1 s$/),
  )
  await held.close()
})

test('a driver that hangs holds one thread, however often it is asked, and is asked again when it lets go', async () => {
  // A read of the kernel keeps a program alive; these do not.
  const alive = setInterval(() => {}, 1_000)
  for (const where of ['open', 'read'] as const) {
    const stuck = Promise.withResolvers<void>()
    let asked = 0
    const hang = async () => {
      asked++
      await stuck.promise
    }
    const source = {
      stat: async () => ({ rdev: 0 }),
      async read(into: Uint8Array) {
        if (where === 'read') await hang()
        return { bytesRead: into.length, buffer: into }
      },
      close: async () => {},
    } as unknown as Source
    const openFile = async () => {
      if (where === 'open') await hang()
      return source
    }
    const limits = { longestMilliseconds: 10, againMilliseconds: 1 }
    const read = () => readNoise(`/dev/${where}`, 8, limits, openFile)
    await assert.rejects(read(), failed('noise-silent', /gave 0 of 8 octets/))
    for (let times = 0; times < 5; times++)
      await assert.rejects(read(), failed('noise-silent', /hangs since the try before$/))
    assert.equal(asked, 1)
    stuck.resolve()
    await setImmediate()
    assert.equal((await read()).length, 8)
  }
  clearInterval(alive)
})

test('a source that gives bit by bit is waited for', async () => {
  const { path, held } = await pipeWith('steady', new Uint8Array(5))
  const read = readNoise(path, 8)
  await held.write(Uint8Array.of(1, 2, 3))
  assert.deepEqual([...(await read)], [0, 0, 0, 0, 0, 1, 2, 3])
  await held.close()
})

test('what is not there, or no source at all, is named', async () => {
  await assert.rejects(readNoise(join(home, 'none'), 8), failed('noise-unreachable', /enoent/))
  await assert.rejects(readNoise(home, 8), failed('noise-unreachable', /eisdir/))
})

test('what the kernel makes of its noise is not taken for noise, under whatever name', async () => {
  for (const path of ['/dev/random', '/dev/urandom'])
    await assert.rejects(readNoise(path, 8), failed('noise-conditioned', /not the noise$/))
})

test('the kernel of this machine says that it is ready, or nothing', () => {
  // It seeded its generator long before any test could run; elsewhere than on Linux it cannot be asked.
  assert.notEqual(thisMachine.kernelReady(), false)
})

test('a text that is not there, or no file, is none', () => {
  assert.equal(thisMachine.readText(join(home, 'none')), undefined)
  assert.equal(thisMachine.readText(home), undefined)
  writeFileSync(join(home, 'text'), 'pump-os 4\n')
  assert.equal(thisMachine.readText(join(home, 'text')), 'pump-os 4\n')
  writeFileSync(join(home, 'long'), 'x'.repeat(100_000))
  assert.equal(thisMachine.readText(join(home, 'long')), 'x'.repeat(65_536))
})
