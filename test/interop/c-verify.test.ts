// SPDX-License-Identifier: Apache-2.0
/**
 * The C99 verifiers of clients/c against our own forms: what we sign they believe, what we refuse they refuse alike; on this
 * machine with sanitisers, and at -Os on a Cortex-M4 that is emulated.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { concatBytes } from '#format/bytes.ts'
import { encodeCertsOnly } from '#format/cms/certs-only.ts'
import { FormatError } from '#format/format-error.ts'
import { outerSignatureInput, parseOuterEnvelope } from '#format/outer-manifest/envelope.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import type { McubootChoices } from '#trust/artefact/mcuboot/choices.ts'
import { mcubootForm } from '#trust/artefact/mcuboot/mcuboot.ts'
import { outerManifestForm } from '#trust/artefact/outer-manifest/form.ts'
import { verifyCoseSignature } from '#trust/cose/signature.ts'
import { sha256 } from '#trust/digest.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { depthOfRun, seedOfRun } from '../fuzz/random.ts'
import { certifyAuthority, makeEntity } from '../made-certificates.ts'
import {
  mcubootCorruptions,
  mcubootEcdsaWritings,
  put,
} from '../support/artefacts/mcuboot-corruptions.ts'
import {
  judged as judgedHere,
  signed,
  signerOf,
  type TestSigner,
  trustIn,
} from '../support/artefacts/signed.ts'
import { emulatedVerify, noCortexM4 } from '../support/c-cortex-m4.ts'
import { clientProgram, Driver, noMbedTls } from '../support/c-programs.ts'
import { requestBy, temporaryDirectory } from '../support/house.ts'
import {
  firmware,
  type OuterHouse,
  outerCorruptions,
  outerHouse,
  signedBy,
  usualOptions,
} from '../support/outer-manifests.ts'
import { signPlan, softSigner } from '../support/soft-signers.ts'
import { parseVector } from '../vectors/vector.ts'

const place = temporaryDirectory()
const skip = noMbedTls

/** Programs of one machine: built with a test's ML-DSA, and without any. */
interface Drivers {
  readonly whole: Driver
  readonly bare: Driver
}

const machines = [
  {
    name: 'here',
    skip,
    start: () => ({
      whole: new Driver(clientProgram('verify with a chip for ML-DSA')),
      bare: new Driver(clientProgram('verify')),
    }),
  },
  {
    name: 'on a Cortex-M4',
    skip: noCortexM4,
    start: () => ({
      whole: new Driver(...emulatedVerify(true)),
      bare: new Driver(...emulatedVerify(false)),
    }),
  },
] as const

const started = new Map<string, Drivers>()
let house: OuterHouse

before(async () => {
  for (const { name, skip, start } of machines) if (skip === false) started.set(name, start())
  house = await outerHouse()
})

after(async () => {
  for (const { whole, bare } of started.values()) {
    await whole.end()
    await bare.end()
  }
})

/** The same rule for each machine. */
function everywhere(rule: string, hold: (drivers: Drivers) => Promise<void>): void {
  for (const { name, skip } of machines)
    test(`${rule}: ${name}`, { skip }, () => hold(started.get(name) ?? assert.fail(name)))
}

function keep(bytes: Uint8Array, name = 'input'): string {
  const path = join(place, name)
  writeFileSync(path, bytes)
  return path
}

/** What the device knows, and what it is; undefined: it asks nothing. */
async function know(
  driver: Driver,
  signers: readonly { readonly publicKey: Pick<PublicKey, 'spki'> }[],
  device: {
    readonly counter?: number
    readonly is?: readonly [environment: number, product: string, hardware: string]
    readonly both?: boolean
  } = {},
): Promise<Driver> {
  await driver.ask('keys')
  for (const [index, { publicKey }] of signers.entries())
    await driver.ask('key', keep(publicKey.spki, `key-${index}`))
  const [environment, product, hardware] = device.is ?? [3, '-', '-']
  await driver.ask(
    'trust',
    device.counter ?? '-',
    device.both === true ? 1 : 0,
    environment,
    product,
    hardware,
  )
  return driver
}

/** Node says for which signatures ML-DSA holds; the reader asks about these octets and no others. */
async function believe(
  driver: Driver,
  bytes: Uint8Array,
  keys: readonly PublicKey[],
): Promise<void> {
  try {
    const { manifest, payload, signatures } = parseOuterEnvelope(bytes)
    for (const [index, row] of manifest.policy.entries()) {
      const key = keys.find(({ spki }) => sha256(spki).toHex() === row.keyId.toHex())
      const signature = signatures[index]?.signature
      if (key === undefined || signature === undefined || !key.algorithm.startsWith('ml-dsa'))
        continue
      const input = outerSignatureInput(row, payload)
      if ((await verifyCoseSignature(row.algorithm, key, input, signature)) !== true) continue
      const strength = Uint8Array.of(Number(key.algorithm.slice(-2)))
      const all = concatBytes([strength, key.material, input, signature])
      await driver.ask('believe', sha256(all).toHex())
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
  }
}

async function judged(
  driver: Driver,
  what: 'manifest' | 'image',
  bytes: Uint8Array,
  ...more: readonly string[]
) {
  return (await driver.ask(what, keep(bytes), ...more)).split(' ')
}

const demanding = { counter: 42, both: true, is: [2, 'pump-7', 'board-c'] } as const

everywhere(
  'a manifest that both signed is believed, with the file that it names',
  async ({ whole }) => {
    const keys = [house.classical.publicKey, house.postQuantum.publicKey]
    const driver = await know(whole, [house.classical, house.postQuantum], demanding)
    await believe(driver, house.genuine, keys)
    assert.deepEqual(await judged(driver, 'manifest', house.genuine, keep(firmware, 'pump.bin')), [
      'ok',
      '42',
      '2',
    ])
    for (const other of [
      firmware.subarray(1),
      Uint8Array.of(...firmware, 0),
      put(firmware, 3, 0),
    ]) {
      const [word] = await judged(driver, 'manifest', house.genuine, keep(other, 'pump.bin'))
      assert.equal(word, 'artefact-digest-wrong')
    }
  },
)

/** Each corruption bent once: every machine, with and without ML-DSA, is shown the same octets. */
let bent: Promise<readonly BentManifest[]> | undefined

interface BentManifest {
  readonly what: string
  readonly reason: string
  readonly bytes: Uint8Array
}

function bentManifests(): Promise<readonly BentManifest[]> {
  bent ??= Promise.all(
    outerCorruptions.map(async ({ what, reason, bytes }) => ({
      ...{ what, reason, bytes: await bytes(house) },
    })),
  )
  return bent
}

everywhere('every manifest that we refuse is refused for the same reason', async ({ whole }) => {
  const keys = [house.classical.publicKey, house.postQuantum.publicKey]
  const driver = await know(whole, [house.classical, house.postQuantum], demanding)
  for (const { what, reason, bytes } of await bentManifests()) {
    await believe(driver, bytes, keys)
    const [word] = await judged(driver, 'manifest', bytes, keep(firmware, 'pump.bin'))
    assert.equal(word, reason, what)
  }
})

everywhere(
  'built without ML-DSA it believes no manifest that asks for it, and none where both are demanded',
  async ({ bare }) => {
    const driver = await know(bare, [house.classical, house.postQuantum], demanding)
    const [word] = await judged(driver, 'manifest', house.genuine)
    assert.equal(word, 'algorithm-not-built-in')
    for (const { what, bytes } of await bentManifests()) {
      const [refused] = await judged(driver, 'manifest', bytes, keep(firmware, 'pump.bin'))
      assert.notEqual(refused, 'ok', what)
    }
    const single = await signedBy([house.classical], (manifest) => manifest, house.genuine)
    assert.equal((await judged(driver, 'manifest', single))[0], 'artefact-signature-missing')
    await know(bare, [house.classical, house.postQuantum])
    assert.equal((await judged(driver, 'manifest', house.genuine))[0], 'algorithm-not-built-in')
    assert.equal(
      (await judged(driver, 'manifest', single))[0],
      'ok',
      'a device that demands nothing',
    )
  },
)

everywhere(
  'a manifest by P-384 is believed, and one by Ed25519 refused by name',
  async ({ whole }) => {
    for (const [algorithm, expected] of [
      ['p-384', 'ok'],
      ['ed25519', 'algorithm-not-built-in'],
    ] as const) {
      const signers = [await softSigner(algorithm), house.postQuantum]
      const plan = await outerManifestForm.plan(memorySource(firmware), usualOptions, signers)
      const made = await signPlan(plan, signers)
      const driver = await know(whole, signers, demanding)
      await believe(
        driver,
        made,
        signers.map(({ publicKey }) => publicKey),
      )
      assert.equal((await judged(driver, 'manifest', made))[0], expected)
    }
  },
)

everywhere(
  'the worked example of the page is read, and the signature of its first row holds',
  async ({ bare }) => {
    const text = readFileSync('test/vectors/outer-manifest/two-files', 'utf8')
    const { bytes } = parseVector('two-files', text)
    const page = readFileSync('docs/outer-manifest.md', 'utf8')
    const spki = /^(3059[0-9a-f]+)\n([0-9a-f]+)$/m.exec(page) ?? assert.fail('no key on the page')
    const key = { publicKey: { spki: Uint8Array.fromHex(spki[1]! + spki[2]!) } }
    const driver = await know(bare, [key])
    assert.deepEqual(await judged(driver, 'manifest', bytes), [
      'artefact-signer-unknown',
      '42',
      '2',
    ])
    const { payload } = parseOuterEnvelope(bytes)
    const at = Buffer.from(bytes).indexOf(payload) + 50
    assert.equal(
      (await judged(driver, 'manifest', put(bytes, at, bytes[at]! ^ 1)))[0],
      'signature-wrong',
    )
  },
)

const program = new TextEncoder().encode('a program of a few octets')
const choices: McubootChoices = {
  version: '1.2.3+4',
  padHeader: true,
  headerSize: 64,
  securityCounter: '7',
}
const signersOf = new Map<KeyAlgorithmName, TestSigner>()

async function imageBy(key: KeyAlgorithmName, more: McubootChoices = {}) {
  const rsa = key.startsWith('rsa') ? (['rsa-pss-sha256'] as const) : []
  const signer = signersOf.get(key) ?? (await signerOf(key, ...rsa))
  signersOf.set(key, signer)
  return { signer, octets: await signed(mcubootForm, program, { ...choices, ...more }, [signer]) }
}

everywhere(
  'an image by each key that Mbed TLS checks is believed, and one by Ed25519 refused by name',
  async ({ bare }) => {
    for (const [key, more, expected] of [
      ['p-256', {}, 'ok'],
      ['p-384', {}, 'ok'],
      ['rsa-3072', {}, 'ok'],
      ['rsa-2048', { exceptionRsa2048: true }, 'ok'],
      ['ed25519', {}, 'algorithm-not-built-in'],
      ['p-256', { fullKey: true }, 'ok'],
      ['rsa-3072', { fullKey: true, dependency: ['1:1.2.3'], value: ['0x00a0:c0ffee'] }, 'ok'],
    ] as const) {
      const { signer, octets } = await imageBy(key, more)
      const driver = await know(bare, [(await imageBy('p-256')).signer, signer], { counter: 7 })
      const answer = await judged(driver, 'image', octets)
      assert.deepEqual(answer, [expected, '1.2.3+4', '7', `${octets.length}`], key)
      await know(bare, [house.stranger])
      assert.equal((await judged(driver, 'image', octets))[0], 'artefact-signer-unknown', key)
    }
  },
)

everywhere('every image that we refuse is refused for the same reason', async ({ bare }) => {
  for (const key of ['p-256', 'p-384', 'rsa-3072'] as const) {
    const { signer, octets } = await imageBy(key)
    const driver = await know(bare, [signer])
    for (const { name, refusal, change } of mcubootCorruptions)
      assert.equal((await judged(driver, 'image', change(octets)))[0], refusal, `${key}: ${name}`)
  }
})

everywhere('ECDSA in another writing than DER is refused, by both', async ({ bare }) => {
  const { signer, octets } = await imageBy('p-256')
  const driver = await know(bare, [signer])
  for (const { name, change } of mcubootEcdsaWritings) {
    const bent = change(octets)
    assert.equal((await judged(driver, 'image', bent))[0], 'signature-wrong', name)
    assert.equal(await judgedHere(mcubootForm, bent, trustIn([signer])), 'signature-wrong', name)
  }
})

everywhere(
  'an image below the counter of the device, or without one, is refused',
  async ({ bare }) => {
    const { signer, octets } = await imageBy('p-256')
    const driver = await know(bare, [signer], { counter: 8 })
    assert.equal((await judged(driver, 'image', octets))[0], 'artefact-version-lower')
    const { securityCounter: _, ...without } = choices
    const none = await signed(mcubootForm, program, without, [signer])
    assert.equal((await judged(driver, 'image', none))[0], 'artefact-version-missing')
  },
)

everywhere(
  'of several signatures a wrong one by a known key is enough to refuse',
  async ({ bare }) => {
    const [one, other] = [(await imageBy('p-256')).signer, await signerOf('p-256')]
    const both = await signed(mcubootForm, program, choices, [one, other])
    const driver = await know(bare, [other])
    assert.equal((await judged(driver, 'image', both))[0], 'ok')
    const bent = put(both, -5, both.at(-5)! ^ 1)
    assert.equal((await judged(driver, 'image', bent))[0], 'signature-wrong')
    await know(bare, [one])
    assert.equal((await judged(driver, 'image', bent))[0], 'ok')
  },
)

test('no changed octets are believed, and none make a reader step beyond its bytes', {
  skip,
}, async (context) => {
  const seed = seedOfRun()
  const count = 2_000 * depthOfRun()
  const { signer, octets } = await imageBy('p-256')
  const { whole } = started.get('here')!
  const driver = await know(whole, [signer, house.classical, house.postQuantum])
  await believe(driver, house.genuine, [house.postQuantum.publicKey])
  const fuzz = async (kind: string, bytes: Uint8Array, times: number) =>
    Number(await driver.ask('fuzz', kind, keep(bytes), seed, times))
  assert.equal(await fuzz('manifest', house.genuine, 400 * depthOfRun()), 0)
  assert.equal(await fuzz('image', octets, 400 * depthOfRun()), 0)
  const read = await readOf(driver, seed, count)
  for (const [kind, passed] of Object.entries(read))
    assert.ok(passed > 0 && passed < count, `${kind}: ${passed}`)
  context.diagnostic(
    `of ${count} changed copies each were read: ${JSON.stringify(read)}; seed ${seed}`,
  )
})

/** How many of so many changed copies each parser reads. */
async function readOf(driver: Driver, seed: number, count: number) {
  const { signer } = await imageBy('p-256')
  const fuzz = async (kind: string, bytes: Uint8Array) =>
    Number(await driver.ask('fuzz', kind, keep(bytes), seed, count))
  const text = (words: string) => new TextEncoder().encode(words.replaceAll('\n', '\r\n'))
  const chunks = '5;a\n12345\n4\n6789\n0\nX: y\n\n'
  certified ??= (await certifyAuthority(await makeEntity('CN=Someone'))).der
  requested ??= await requestBy(signer.pair)
  return {
    http: await fuzz(
      'http',
      text('HTTP/1.1 200 OK\nContent-Length: 9\nRetry-After: 5\n\n{"device"}'),
    ),
    chunks: await fuzz('http', text(`HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n${chunks}`)),
    request: await fuzz('request', requested),
    base64: await fuzz('base64', text('TWFu\nTWE=\n')),
    cms: await fuzz('cms', encodeCertsOnly([requested])),
    certificate: await fuzz('certificate', certified),
  }
}

let [certified, requested] = [undefined, undefined] as (Uint8Array | undefined)[]

test('of the same changed octets a Cortex-M4 reads the same ones', {
  skip: noCortexM4,
}, async () => {
  const seed = seedOfRun()
  const [here, there] = [started.get('here')!, started.get('on a Cortex-M4')!]
  assert.deepEqual(await readOf(there.bare, seed, 500), await readOf(here.bare, seed, 500))
})
