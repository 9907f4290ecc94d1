// SPDX-License-Identifier: Apache-2.0
/**
 * What verifying takes of a Cortex-M4, emulated by QEMU: instructions, and the stack that was really used, Mbed TLS and its
 * settings of clients/c/examples included: `node bench/c-cortex-m4.ts`. A real one takes somewhat more than one cycle an
 * instruction; the emulator knows no flash and no caches.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { mcubootForm } from '#trust/artefact/mcuboot/mcuboot.ts'
import { signed, signerOf } from '../test/support/artefacts/signed.ts'
import { emulatedVerify, noCortexM4 } from '../test/support/c-cortex-m4.ts'
import { Driver } from '../test/support/c-programs.ts'
import { outerHouse, signedBy } from '../test/support/outer-manifests.ts'
import { benchDirectory } from './tools/bench-house.ts'

if (noCortexM4 !== false) throw new Error(noCortexM4)
const place = benchDirectory()
const driver = new Driver(...emulatedVerify(false, true))

function keep(name: string, bytes: Uint8Array): string {
  const path = join(place, name)
  writeFileSync(path, bytes)
  return path
}

async function told(
  what: string,
  command: 'image' | 'manifest',
  key: Uint8Array,
  file: Uint8Array,
) {
  await driver.ask('keys')
  await driver.ask('key', keep('key', key))
  await driver.ask('trust', '-', 0, 3, '-', '-')
  const [word] = (await driver.ask(command, keep('file', file))).split(' ')
  if (word !== 'ok') throw new Error(`${what}: ${word}`)
  const [stack, instructions] = (await driver.ask('cost')).split(' ').map(Number)
  const millions = (instructions! / 1e6).toFixed(1)
  console.log(
    `${what.padEnd(32)} ${millions.padStart(7)} million ${String(stack).padStart(7)} octets`,
  )
}

console.log(`${''.padEnd(32)} instructions       stack`)
const choices = { version: '1.0.0', padHeader: true, exceptionRsa2048: true }
const program = new Uint8Array(1 << 20).fill(0x5a)
for (const key of ['p-256', 'p-384', 'rsa-2048', 'rsa-3072'] satisfies KeyAlgorithmName[]) {
  const rsa = key.startsWith('rsa') ? (['rsa-pss-sha256'] as const) : []
  const signer = await signerOf(key, ...rsa)
  for (const [size, octets] of [
    ['1 MB', program],
    ['1 kB', program.subarray(0, 1024)],
  ] as const) {
    const image = await signed(mcubootForm, octets, choices, [signer])
    await told(`image of ${size}, ${key}`, 'image', signer.publicKey.spki, image)
  }
}
const house = await outerHouse()
const single = await signedBy([house.classical], (manifest) => manifest, house.genuine)
await told('outer manifest, one signature', 'manifest', house.classical.publicKey.spki, single)
await driver.end()
