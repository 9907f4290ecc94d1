// SPDX-License-Identifier: Apache-2.0
/** A signing key follows another over a small fleet: what people and devices do, against a server that runs. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { markApproved } from '#core/releases/mark.ts'
import { signRelease } from '#core/signing/sign-release.ts'
import { main } from '#device/command/main.ts'
import { enrol } from '#device/enrol.ts'
import { reportFirmware } from '#device/firmware/report-firmware.ts'
import { setFirmwareTrust } from '#device/firmware/set-trust.ts'
import { makeDirectory } from '#device/state/files.ts'
import { urlOf } from '#house/configuration.ts'
import { signingPorts } from '#house/verbs/signing.ts'
import { operator } from '../support/core.ts'
import {
  ask,
  enrolled,
  openTestHouse,
  temporaryDirectory,
  withCode,
  withDevice,
  withProduct,
} from '../support/house.ts'
import { runHere } from '../support/in-process.ts'
import { callApi } from '../support/local-api.ts'
import { stored } from '../support/releases.ts'
import { benchOf } from './support/device-bench.ts'

const house = await openTestHouse()
after(() => house.stop())
const pump = await withProduct(house, 'pump')
const program = join(import.meta.dirname, '../../bin/vitalsign')
const path = '/firmware/report'

// biome-ignore lint/suspicious/noExplicitAny: a journey reads what it expects
async function asked(method: string, route: string, input?: object): Promise<any> {
  const { status, body } = await callApi(house, method, route, input)
  assert.ok(status < 300, JSON.stringify(body))
  return body
}

/** The same, which is to be refused; gives the reason. */
async function refusedBy(route: string, input: object): Promise<string> {
  const { body } = await callApi(house, 'POST', route, input)
  return body.code
}

async function newKey(name: string, next: boolean) {
  const made = await asked('POST', '/signing-keys', {
    ...{ product: pump.id, name, forms: ['mcuboot'], next },
  })
  const { publicKeyPem } = await asked('GET', `/signing-keys/${made.id}`)
  return { id: made.id as string, pem: publicKeyPem as string }
}

const old = await newKey('old', false)
const next = await newKey('new', true)
await asked('POST', `/signing-plans/${pump.id}`, {
  plan: {
    lines: [
      {
        ...{ form: 'mcuboot', artefacts: ['*.bin'] },
        options: { version: '1.0.0', headerSize: 32, padHeader: true },
      },
    ],
  },
})

/** A release that came to devices; who approves it is another journey. */
async function published(firmwareVersion: string): Promise<string> {
  const { id } = await asked('POST', '/releases', {
    ...{ product: pump.id, firmwareVersion, securityVersion: 1, kind: 'feature' },
  })
  const sha256 = (await stored(house.core, `image ${firmwareVersion}${'.'.repeat(3_000)}`)).toHex()
  await asked('POST', `/releases/${id}/parts`, { role: 'artefact', name: 'app.bin', sha256 })
  await asked('POST', `/releases/${id}/submit`, {})
  const { ledger } = house.core
  const submitted = (await ledger.read('release', id)) ?? assert.fail()
  await ledger.commit(markApproved(submitted, 2, operator, house.core))
  const approved = (await ledger.read('release', id)) ?? assert.fail()
  const ports = { ...(await signingPorts(house.core)), judge: async () => undefined }
  const signed = await signRelease(approved, undefined, operator, ports)
  assert.equal(signed.kind, 'signed', JSON.stringify(signed))
  await asked('POST', `/releases/${id}/publish`, {})
  return id
}

const devices = await Promise.all(['P-1', 'P-2', 'P-3'].map((one) => enrolled(house, pump, one)))

async function report(at: number, anchors: readonly string[], securityVersion = 1) {
  const credential = devices[at] ?? assert.fail()
  const body = JSON.stringify({ firmwareVersion: `1.${at}`, securityVersion, anchors })
  return ask(house, 'POST', path, { credential, body })
}

/** What the devices hold, as the server itself says it. */
async function anchorOf(rotation: string): Promise<string> {
  const { anchors } = await asked('GET', `/rotations/${rotation}`)
  return anchors[0]
}

test('what a device reports is strict, and over its own connection', async () => {
  assert.equal((await ask(house, 'POST', path, { body: '{}' })).status, 401)
  const [credential] = devices
  for (const [body, status] of [
    ['{}', 400],
    ['{"firmwareVersion":"1","securityVersion":1,"anchors":["AB"]}', 400],
    ['{"firmwareVersion":"1","securityVersion":-1,"anchors":[]}', 400],
    ['{"firmwareVersion":"1","securityVersion":1,"securityVersion":2,"anchors":[]}', 400],
    ['{"firmwareVersion":"1","securityVersion":1,"anchors":[],"device":"P-2"}', 400],
    [`{"firmwareVersion":"${'x'.repeat(9_000)}"}`, 413],
  ] as const)
    assert.equal(
      (await ask(house, 'POST', path, { ...(credential && { credential }), body })).status,
      status,
      body.slice(0, 80),
    )
})

test('a key is replaced over a small fleet: shipped, both sign, proved, retired', async () => {
  await published('1.0')
  const begun = await asked('POST', '/rotations', {
    ...{ product: pump.id, from: old.id, to: next.id, threshold: 100, mostSilent: 0 },
    because: 'the old key is five years old',
  })
  assert.match(begun.next, /^anchors-shipped/)
  assert.match(begun.warnings.join(), /compiled in/)
  const rotation = `/rotations/${begun.id}`
  const because = 'as planned'
  assert.equal(await refusedBy(`${rotation}/advance`, { because }), 'rotation-step-waits')
  assert.equal(
    await refusedBy(`/signing-keys/${next.id}/promote`, { because }),
    'rotation-step-waits',
  )
  assert.equal(await refusedBy(`/signing-keys/${old.id}/retire`, { because }), 'key-depended-on')
  await asked('POST', `${rotation}/carrier`, { release: await published('2.0') })
  await asked('POST', `${rotation}/advance`, { because })
  await published('3.0')

  const fresh = await anchorOf(begun.id)
  for (const at of [0, 1]) assert.equal((await report(at, [fresh])).status, 200)
  assert.equal(await refusedBy(`${rotation}/advance`, { because }), 'rotation-step-waits')
  const found = await asked('GET', `/signing-keys/${old.id}/what-if`)
  assert.deepEqual([found.breaks, found.unknown], [true, 1])
  const { adoption } = await asked('GET', rotation)
  assert.deepEqual([adoption.adopted, adoption.firstLagging], [2, ['P-3']])

  await report(2, [fresh])
  const done = await asked('POST', `${rotation}/advance`, { because })
  assert.equal(done.state, 'done')
  assert.equal((await asked('GET', `/signing-keys/${old.id}`)).state, 'retired')
})

test('what devices run is listed and counted, and one that fell back is told of', async () => {
  const { anchors } = JSON.parse((await report(0, [], 1)).body)
  assert.deepEqual(anchors, [])
  assert.equal(JSON.parse((await report(0, [], 0)).body).fellBack, true)
  const { items } = await asked('GET', `/installed?product=${pump.id}`)
  assert.deepEqual(
    items
      .map(({ serial, believes }: { serial: string; believes: string[] }) => [serial, believes])
      .toSorted(),
    [
      ['P-1', []],
      ['P-2', ['new']],
      ['P-3', ['new']],
    ],
  )
  const counted = await asked('GET', `/products/${pump.id}/installed`)
  assert.deepEqual([counted.inService, counted.reported, counted.anchors[0].devices], [3, 3, 2])
  await house.sequence()
  const log = await asked('GET', '/log?type=firmware-fell-back')
  assert.equal(log.items.length, 1)
})

test('the device client reports what it believes updates by', async () => {
  const device = await withDevice(house, pump, 'P-9')
  const root = house.core.doors.own.find(({ kind }) => kind === 'root')?.certificateSha256.toHex()
  const server = urlOf('https', house.addresses.devices)
  const bench = benchOf(undefined, Temporal.Now.instant())
  const done = await enrol(bench, {
    settings: { server, label: undefined, serial: 'P-9', root: root ?? '', keyAlgorithm: 'p-256' },
    code: await withCode(house, device),
    ...{ birth: false, again: false, attempts: 3 },
  })
  assert.equal(done.kind, 'proved', JSON.stringify(done))
  setFirmwareTrust(bench, { keys: `${old.pem}\n${next.pem}`, settings: {} })
  const told = await reportFirmware(bench, 'pump-os 4.2.1')
  assert.equal(told.kind, 'told', JSON.stringify(told))
  const { items } = await asked('GET', `/installed?product=${pump.id}`)
  const own = items.find(({ serial }: { serial: string }) => serial === 'P-9')
  assert.deepEqual(
    [own.firmwareVersion, own.believes.toSorted()],
    ['pump-os 4.2.1', ['new', 'old']],
  )
  // The same by its command, from the files of that device.
  const state = join(temporaryDirectory(), 'state')
  const files = makeDirectory(state)
  for (const name of bench.files.names()) files.write(name, bench.files.read(name)!)
  const lines: string[] = []
  const outlet = { out: (line: string) => lines.push(line), error: assert.fail }
  const words = ['firmware', 'report', '--firmware', 'pump-os 4.2.2', '--state', state]
  assert.equal(await main(words, outlet), 0)
  assert.match(lines[0] ?? '', /^the server knows that this device runs pump-os 4\.2\.2, security/)
  assert.equal(lines.filter((line) => /^ {2}and believes {2}[0-9a-f]{64}$/.test(line)).length, 2)
  assert.equal(await main([...words.with(3, 'pump-os 4.2.3'), '--json'], outlet), 0)
  const { kind, firmwareVersion, anchors } = JSON.parse(lines.at(-1) ?? '')
  assert.deepEqual([kind, firmwareVersion, anchors.length], ['told', 'pump-os 4.2.3', 2])
})

test('the command line tells what breaks, and ends with 1 if anything does', async () => {
  const { promise, resolve } = Promise.withResolvers<{ status: unknown; out: string }>()
  const words = ['signing-key', 'what-if', next.id, '--data', house.directory]
  execFile(program, words, (error, out) => resolve({ status: error?.code ?? 0, out }))
  const { status, out } = await promise
  assert.equal(status, 1)
  assert.match(out, /3 devices believe updates of no other key/)
  assert.match(out, /MCUboot/)
  assert.match(out, /rotation begin/)
})

test('the end of an authority names the signing keys under it, and what verifiers do then', async () => {
  const made = await asked('POST', '/signing-keys', {
    ...{ product: pump.id, name: 'updates', forms: ['rauc', 'cms'] },
  })
  const words = ['authority', 'what-if', 'signers-root', '--data', house.directory]
  const { status, out } = await runHere(words)
  assert.equal(status, 1, out)
  assert.match(
    out,
    /^if signers-root ended now, and with it signers-1, this would break: 1 signing key\n/,
  )
  const [, own = ''] = out.split('signing keys that devices believe through it:\n')
  assert.match(
    own,
    new RegExp(`^ {2}updates of product pump, current, signs rauc, cms.*: ${made.id}\n`),
  )
  assert.match(own, /devices? reports? that they believe it, 0 of them no other key\n/)
  assert.match(own, /\n {4}rauc, if its certificate ends: /)
  assert.match(own, /\n {4}cms, if it is revoked: /)
  assert.match(out, /What is signed by updates is refused by bootloaders and update programs that/)
  assert.match(out, /make a signing key that follows updates, under another authority: vitalsign/)
  const { signingKeys } = JSON.parse((await runHere([...words, '--json'])).out)
  assert.deepEqual(
    signingKeys.map(({ key, productName, releases }: Record<string, unknown>) => [
      ...[key, productName, releases],
    ]),
    [[made.id, 'pump', []]],
  )
})
