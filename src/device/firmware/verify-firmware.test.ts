// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { encodePem } from '#format/pem.ts'
import { judgeSigner } from '#trust/artefact/judge-signer.ts'
import { mcubootForm } from '#trust/artefact/mcuboot/mcuboot.ts'
import { suitForm } from '#trust/artefact/suit/form.ts'
import { FragileFiles, PowerCut } from '../../../test/journeys/support/device-bench.ts'
import { madeNotAfter, madeNow } from '../../../test/made-certificates.ts'
import { signed, signerOf } from '../../../test/support/artefacts/signed.ts'
import { signingHouse } from '../../../test/support/signers.ts'
import { contentOf, makeStatusSigner, signedFile } from '../../../test/support/status-file.ts'
import { DeviceFault } from '../fault.ts'
import { fileOf } from '../state/state.ts'
import { readFirmwareTrust } from './firmware-trust.ts'
import { setFirmwareTrust, type TrustChange } from './set-trust.ts'
import { confirmInstalled, noteInstall, verifyFirmware } from './verify-firmware.ts'
import { raiseVersionBook, readVersionBook } from './version-book.ts'

const signer = await signerOf('p-256')
const keys = encodePem('PUBLIC KEY', signer.publicKey.spki)
const clock = { now: () => madeNow }

async function imageOf(securityCounter: string): Promise<Uint8Array> {
  const payload = new TextEncoder().encode('a program')
  const options = { version: '1.0.0', padHeader: true, securityCounter }
  return signed(mcubootForm, payload, options, [signer])
}
const images = { five: await imageOf('5'), six: await imageOf('6'), seven: await imageOf('7') }

function deviceWith(change: TrustChange = { keys, settings: {} }) {
  const files = new FragileFiles()
  const told = setFirmwareTrust({ files, clock }, change)
  if (told.kind === 'refused') assert.fail(`${told.reason}: ${told.detail}`)
  return files
}

async function judge(files: FragileFiles, image: Uint8Array) {
  return verifyFirmware({ files, clock }, { source: memorySource(image) })
}

async function wordFor(files: FragileFiles, image: Uint8Array): Promise<string> {
  const found = await judge(files, image)
  return found.kind === 'refused' ? found.reason : found.kind
}

async function install(files: FragileFiles, image: Uint8Array): Promise<void> {
  const found = await judge(files, image)
  if (found.kind === 'refused') assert.fail(found.reason)
  noteInstall(files, found)
  const book = confirmInstalled(files)
  if ('reason' in book) assert.fail(book.reason)
}

test('a device that was told nobody believes nobody', async () => {
  assert.equal(await wordFor(new FragileFiles(), images.five), 'firmware-nobody-believed')
})

test('a device believes the key that it was told, and not what was changed', async () => {
  const files = deviceWith()
  assert.equal(await wordFor(files, images.five), 'believed')
  const changed = images.five.slice()
  changed[40] = (changed[40] ?? 0) ^ 1
  assert.equal(await wordFor(files, changed), 'artefact-digest-wrong')
  const other = await signerOf('p-256')
  const stranger = deviceWith({ keys: encodePem('PUBLIC KEY', other.publicKey.spki), settings: {} })
  assert.equal(await wordFor(stranger, images.five), 'artefact-signer-unknown')
})

test('the counter rises with what was confirmed, never before and never down', async () => {
  const files = deviceWith()
  const found = await judge(files, images.six)
  assert.ok(found.kind === 'believed')
  noteInstall(files, found)
  assert.equal(readVersionBook(files).counter, 0)
  assert.equal(await wordFor(files, images.five), 'believed')
  const book = confirmInstalled(files)
  assert.ok(!('reason' in book) && book.counter === 6)
  assert.equal(await wordFor(files, images.five), 'artefact-version-lower')
  assert.equal(await wordFor(files, images.six), 'believed')
  raiseVersionBook(files, { counter: 2 })
  assert.equal(readVersionBook(files).counter, 6)
})

test('what was never noted is not confirmed, and is confirmed once', async () => {
  const files = deviceWith()
  const nothing = confirmInstalled(files)
  assert.ok('reason' in nothing && nothing.reason === 'firmware-not-noted')
  await install(files, images.five)
  const again = confirmInstalled(files)
  assert.ok('reason' in again && again.reason === 'firmware-not-noted')
})

test('whatever text a version is, what was noted is confirmed; a number that no counter holds is refused before', async () => {
  const files = deviceWith()
  const found = await judge(files, images.six)
  assert.ok(found.kind === 'believed')
  const version = '1\u2028\u2029\u0085\n9'
  noteInstall(files, { ...found, verdict: { ...found.verdict, version } })
  const book = confirmInstalled(files)
  assert.ok(!('reason' in book) && book.counter === 6)
  const suit = await signed(
    suitForm,
    new TextEncoder().encode('a program'),
    { vendor: 'acme.example', class: 'pump', sequenceNumber: 2 ** 32, integrated: true },
    [signer],
  )
  assert.equal(await wordFor(files, suit), 'artefact-field-not-allowed')
})

test('only the last note counts: an update that was not installed raises nothing', async () => {
  const files = deviceWith()
  const seven = await judge(files, images.seven)
  assert.ok(seven.kind === 'believed')
  noteInstall(files, seven)
  await install(files, images.five)
  assert.equal(readVersionBook(files).counter, 5)
})

test('a book that was damaged is no book that begins anew', async () => {
  for (const text of [
    '',
    'counter=5',
    'counter=-1\nseen=\n',
    'counter=5\nseen=soon\n',
    'counter=9999999999\nseen=\n',
  ]) {
    const files = deviceWith()
    files.write(fileOf.firmwareBook, new TextEncoder().encode(text))
    await assert.rejects(
      judge(files, images.five),
      (error) => error instanceof DeviceFault && error.code === 'state-damaged',
      text,
    )
  }
})

test('wherever power is cut, the counter stands as before or as confirmed, and the end is the same', async () => {
  const before = deviceWith()
  await install(before, images.five)
  const found = await judge(before, images.seven)
  assert.ok(found.kind === 'believed')
  const disk = before.after('all')
  for (const survivors of ['all', 'none'] as const)
    for (let steps = 0; ; steps++) {
      const files = new FragileFiles(disk, steps)
      let done = false
      try {
        noteInstall(files, found)
        confirmInstalled(files)
        done = true
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error
      }
      const next = new FragileFiles(files.after(survivors))
      assert.ok([5, 7].includes(readVersionBook(next).counter), `after ${steps} steps`)
      assert.equal(await wordFor(next, images.seven), 'believed')
      await install(next, images.seven)
      assert.equal(readVersionBook(next).counter, 7)
      if (done) break
    }
})

test('a device that keeps no counter takes what says no security version', async () => {
  const plain = await signed(mcubootForm, Uint8Array.of(1), { version: '1.0.0', padHeader: true }, [
    signer,
  ])
  assert.equal(await wordFor(deviceWith(), plain), 'artefact-version-missing')
  const files = deviceWith({ keys, settings: { counts: false } })
  assert.equal(await wordFor(files, plain), 'believed')
})

test('what is told later adds to what was told before, and what does not read changes nothing', () => {
  const files = deviceWith({ keys, settings: { purpose: 'code', product: 'pump' } })
  const ports = { files, clock }
  const changed = setFirmwareTrust(ports, { settings: { environment: 'trial' } })
  assert.ok(changed.kind === 'trust')
  const { purpose, product, environment, keys: known } = changed.trust
  assert.deepEqual([purpose, product, environment, known.length], ['code', 'pump', 'trial', 1])
  const steps = files.steps
  const wrong = setFirmwareTrust(ports, { keys: 'no key', settings: { purpose: 'any' } })
  assert.ok(wrong.kind === 'refused' && wrong.reason === 'key-malformed')
  assert.equal(files.steps, steps)
})

test('roots, status file and time come together, and no status file goes back', async () => {
  const house = await signingHouse()
  // As our authorities draw them: the second of the drawing in front, from which a status file knows what it covers.
  const serialNumber = new Uint8Array(16).fill(7)
  const drawn = Math.floor(madeNow.subtract({ hours: 3 }).epochMilliseconds / 1000)
  new DataView(serialNumber.buffer).setUint32(0, 0x4000_0000 | (drawn & 0x3fff_ffff))
  const made = await house.signer({ serialNumber })
  const status = await makeStatusSigner()
  const roots = [house.rootCertificate, status.root]
    .map(({ der }) => encodePem('CERTIFICATE', der))
    .join('')
  const fileNumbered = (number: number, state: 'fine' | 'revoked') =>
    signedFile(
      contentOf(house.issuingCertificate, [[made.certificate.serialNumber, state]], {
        ...{ number, madeAt: madeNow, coversUntil: madeNow },
      }),
      [status],
    )
  const files = deviceWith({ roots, settings: {} })
  const claim = {
    publicKey: made.publicKey,
    chain: [made.certificate, house.issuingCertificate],
    claimedAt: madeNotAfter,
  }
  const word = async (now: Temporal.Instant) => {
    const held = readFirmwareTrust({ files, clock: { now: () => now } })
    if (held.kind === 'refused') return held.reason
    const one = await judgeSigner(claim, held.trust)
    return 'reason' in one ? one.reason : String(one.judgedAt)
  }
  assert.equal(await word(madeNow), String(madeNow))
  const told = setFirmwareTrust(
    { files, clock },
    { statusFile: await fileNumbered(2, 'revoked'), settings: {} },
  )
  assert.ok(told.kind === 'trust')
  assert.equal(await word(madeNow), 'certificate-revoked')
  const older = setFirmwareTrust(
    { files, clock },
    { statusFile: await fileNumbered(1, 'fine'), settings: {} },
  )
  assert.ok(older.kind === 'refused' && older.reason === 'status-file-older')
  // A clock of 1970 counts for nothing: what was signed, and what the status file says, does.
  assert.equal(await word(Temporal.Instant.from('1970-01-01T00:00:09Z')), 'certificate-revoked')
  const held = readFirmwareTrust({
    files,
    clock: { now: () => Temporal.Instant.from('1970-01-01T00:00:09Z') },
  })
  assert.ok(held.kind === 'trust')
  assert.equal(String(held.trust.seen), String(madeNow))
})
