// SPDX-License-Identifier: Apache-2.0
/** The device client with its keys in a software TPM, against the real house. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { registerTpm } from '#core/attestation/register-tpm.ts'
import { addProduct } from '#core/devices/product.ts'
import type { Product } from '#core/ledger/tables.ts'
import { type Enrolment, enrol } from '#device/enrol.ts'
import { keepUp } from '#device/keep-up.ts'
import { fileOf } from '#device/state/state.ts'
import { visitTpm } from '#device/tpm/conversation.ts'
import { findEndorsement } from '#device/tpm/endorsement.ts'
import { deviceHandles, readBook } from '#device/tpm/handle-book.ts'
import { encodeSpki } from '#format/tpm/structure/spki.ts'
import { urlOf } from '#house/configuration.ts'
import { sha256 } from '#trust/digest.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { openTestHouse, type TestHouse, withDevice } from '../support/house.ts'
import { makeTpm, openTpmMaker, type SoftTpm, type TpmMaker, withoutTpm } from '../support/tpm.ts'
import { type Bench, benchOf, FragileFiles, workingOf } from './support/device-bench.ts'

const skip = withoutTpm
const operator = { kind: 'person', id: 'test' } as const

let house: TestHouse
let product: Product
let maker: TpmMaker
let tpm: SoftTpm
/** A device begins a dozen exchanges a minute; the house's clock goes on between tests. */
let passed = Temporal.Duration.from({ seconds: 0 })
const clock = { now: () => Temporal.Now.instant().add(passed) }

before(async () => {
  if (skip !== false) return
  house = await openTestHouse(undefined, { clock })
  maker = openTpmMaker()
  tpm = await makeTpm(maker)
  const words = {
    name: 'pump',
    exposure: 'therapy',
    maker: 'Acme',
    profile: 'tpm-working',
  } as const
  const added = await addProduct({ ...words, birthProfile: 'tpm-birth' }, operator, house.core)
  product = added.kind === 'added' ? added.product : assert.fail(added.detail)
})
after(async () => {
  await house?.stop()
  await tpm?.remove()
  maker?.remove()
})

const address = ({ socket }: SoftTpm) => ({ kind: 'socket', path: socket }) as const

/** The factory reads the endorsement key of a unit and registers it. */
async function expectTpm(serial: string, of: SoftTpm) {
  const device = await withDevice(house, product, serial)
  const { public: key } = await visitTpm(address(of), (visit) => findEndorsement(visit, undefined))
  const publicKey = importPublicKey(encodeSpki(key))
  assert.ok(!('kind' in publicKey))
  const { fingerprint, spki } = publicKey
  const named = { fingerprint, spkiSha256: sha256(spki), certificateSha256: null }
  const expected = { ...named, announcedSha256: null }
  const registered = await registerTpm(device, expected, undefined, operator, house.core)
  assert.equal(registered.kind, 'registered', JSON.stringify(registered))
}

function wishOf(serial: string, of: SoftTpm, more: Partial<Enrolment> = {}): Enrolment {
  const root = house.core.doors.own.find(({ kind }) => kind === 'root')?.certificateSha256.toHex()
  return {
    settings: {
      server: urlOf('https', house.addresses.devices),
      label: undefined,
      serial,
      root: root ?? '',
      keyAlgorithm: 'p-256',
      tpm: `swtpm:${of.socket}`,
    },
    code: undefined,
    birth: false,
    again: false,
    attempts: 1,
    ...more,
  }
}

const filesOf = (bench: Bench) =>
  bench.files
    .names()
    .map((name) => new TextDecoder().decode(bench.files.read(name)))
    .join('\n')

test('a device with an expected TPM enrols without any code, and its key stays in the TPM', {
  skip,
}, async () => {
  await expectTpm('PUMP-1', tpm)
  const bench = benchOf(new FragileFiles(), clock.now())
  const done = await enrol(bench, wishOf('PUMP-1', tpm))
  assert.equal(done.kind, 'proved', JSON.stringify(done))
  const { leaf } = workingOf(bench)
  const publicKey = importPublicKey(leaf.publicKey)
  assert.ok(!('kind' in publicKey))
  const key = await house.core.ledger.find('key', 'fingerprint', [publicKey.fingerprint])
  assert.deepEqual([key?.attested, key?.protection, key?.exportable], [true, 'tpm', false])
  const making = await house.core.ledger.find('keyMaking', 'key', [key?.id])
  assert.deepEqual(
    [making?.source, making?.mode, making?.result],
    ['tpm', 'conditioned', 'not-testable'],
  )
  assert.doesNotMatch(filesOf(bench), /BEGIN (EC |RSA )?PRIVATE KEY/)
  assert.ok(
    bench.files.names().includes(fileOf.attestation),
    'the attestation key has a certificate',
  )
})

test('a bare TPM is provisioned and enrolled, though it has room for three keys only', {
  skip,
}, async () => {
  passed = passed.add({ minutes: 2 })
  const bare = await makeTpm()
  try {
    await expectTpm('PUMP-5', bare)
    const bench = benchOf(new FragileFiles(), clock.now())
    assert.equal((await enrol(bench, wishOf('PUMP-5', bare))).kind, 'proved')
    assert.equal((await keepUp(bench, { now: true })).kind, 'kept')
  } finally {
    await bare.remove()
  }
})

test('its renewal attests a new key, and drops the old one from the TPM', { skip }, async () => {
  passed = passed.add({ minutes: 2 })
  const other = await makeTpm(maker)
  try {
    await expectTpm('PUMP-2', other)
    const bench = benchOf(new FragileFiles(), clock.now())
    assert.equal((await enrol(bench, wishOf('PUMP-2', other))).kind, 'proved')
    const before = workingOf(bench)
    const kept = await keepUp(bench, { now: true })
    assert.equal(kept.kind, 'kept', JSON.stringify(kept))
    const after = workingOf(bench)
    assert.notDeepEqual(after.leaf.publicKey.der, before.leaf.publicKey.der)
    const handles = [...readBook(bench.files).entries.keys()]
    assert.equal(handles.filter((handle) => deviceHandles.includes(handle)).length, 1)
  } finally {
    await other.remove()
  }
})

test('a genuine TPM that is not the expected one is refused', { skip }, async () => {
  passed = passed.add({ minutes: 2 })
  const other = await makeTpm(maker)
  try {
    const bench = benchOf(new FragileFiles(), clock.now())
    const done = await enrol(bench, wishOf('PUMP-1', other))
    assert.ok(done.kind === 'refused')
    assert.match(done.detail, /tpm-unexpected/)
  } finally {
    await other.remove()
  }
})

test('a device whose TPM goes away tells it, and goes on when it is back', { skip }, async () => {
  passed = passed.add({ minutes: 2 })
  const other = await makeTpm(maker)
  try {
    await expectTpm('PUMP-3', other)
    const bench = benchOf(new FragileFiles(), clock.now())
    await other.stop()
    await assert.rejects(enrol(bench, wishOf('PUMP-3', other)), { code: 'tpm-unreachable' })
    await other.start()
    assert.equal((await enrol(bench, wishOf('PUMP-3', other))).kind, 'proved')
  } finally {
    await other.remove()
  }
})
