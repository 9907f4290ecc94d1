// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createPrivateKey, sign } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import { keyPurposes } from '#format/oids.ts'
import { encodePem } from '#format/pem.ts'
import { artefactForms } from '#trust/artefact/forms.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import { signatures } from '../../../test/support/artefacts/signed.ts'
import { temporaryDirectory } from '../../../test/support/house.ts'
import { runHere } from '../../../test/support/in-process.ts'
import { longLived, signingHouse } from '../../../test/support/signers.ts'
import { rightPin, softHsm, softToken, withoutToken } from '../../../test/support/soft-token.ts'
import { choiceArguments } from '../firmware/choices.ts'

const place = temporaryDirectory()
after(() => rmSync(place, { recursive: true }))
const at = (name: string) => join(place, name)

const passphrase = 'correct horse battery staple'
let key: KeyPair
before(async () => {
  key = await generateKey('p-256')
  const sealed = key.privateKey.export({
    ...{ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase },
  })
  writeFileSync(at('firmware.key'), sealed)
  writeFileSync(at('open.key'), key.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  writeFileSync(at('firmware.pub'), encodePem('PUBLIC KEY', key.publicKey.spki))
  const other = await generateKey('p-256')
  writeFileSync(at('other.pub'), encodePem('PUBLIC KEY', other.publicKey.spki))
  writeFileSync(at('app.bin'), new Uint8Array(5_000).fill(7))
})

const asMcuboot = [
  ...['--form', 'mcuboot', '--version', '1.2.3', '--pad-header', '--header-size', '64'],
]

function signWith(...words: readonly string[]) {
  return runHere(['firmware', 'sign', at('app.bin'), ...asMcuboot, ...words], `${passphrase}\n`)
}

async function signedApp(name: string, ...words: readonly string[]): Promise<string> {
  const ran = await signWith('--key', at('firmware.key'), '--out', at(name), ...words)
  assert.equal(ran.status, 0, ran.error)
  return at(name)
}

async function verified(file: string, ...words: readonly string[]): Promise<string> {
  const { status, out } = await runHere(['firmware', 'verify', file, '--json', ...words])
  const told = JSON.parse(out) as { readonly kind?: string; readonly code?: string }
  assert.equal(status === 0, told.kind === 'genuine')
  return told.kind ?? told.code ?? ''
}

test('a sealed key signs, and who knows its public half believes it', async () => {
  const file = await signedApp('a.bin', '--security-counter', '5')
  const known = ['--key', at('firmware.pub')]
  assert.equal(await verified(file, ...known, '--counter', '5'), 'genuine')
  assert.equal(await verified(file, ...known, '--counter', '6'), 'artefact-version-lower')
  assert.equal(await verified(file, '--key', at('other.pub')), 'artefact-signer-unknown')
  assert.equal(await verified(file, ...known, '--both'), 'artefact-signature-missing')
  const changed = readFileSync(file)
  changed[100] = 8
  writeFileSync(at('changed.bin'), changed)
  assert.equal(await verified(at('changed.bin'), ...known), 'artefact-digest-wrong')
})

test('a wrong passphrase signs nothing, and is told in no message', async () => {
  const words = ['firmware', 'sign', at('app.bin'), ...asMcuboot, '--key', at('firmware.key')]
  const ran = await runHere([...words, '--out', at('none.bin')], 'hunter2hunter2\n')
  assert.equal(ran.status, 2)
  assert.match(ran.error, /the passphrase is wrong, or the file is damaged/)
  assert.doesNotMatch(ran.error + ran.out, /hunter2/)
  assert.ok(!existsSync(at('none.bin')))
})

test('a key in the clear signs, with a word about it; a passphrase may come from a file', async () => {
  const clear = await signWith('--key', at('open.key'), '--out', at('b.bin'))
  assert.equal(clear.status, 0)
  assert.match(clear.error, /holds its key in the clear/)
  writeFileSync(at('pass'), `${passphrase}\n`)
  const words = ['firmware', 'sign', at('app.bin'), ...asMcuboot, '--key', at('firmware.key')]
  const ran = await runHere([...words, '--passphrase-file', at('pass'), '--out', at('b.bin')])
  assert.equal(ran.status, 0, ran.error)
})

test('what is to be signed is told, and what was signed elsewhere is taken', async () => {
  const words = ['--key', at('firmware.pub')]
  const told = await signWith(...words, '--digest-only', '--json')
  const { wanted } = JSON.parse(told.out) as {
    readonly wanted: readonly { readonly bytes: string }[]
  }
  assert.equal(wanted.length, 1)
  const asked = Buffer.from(wanted[0]?.bytes ?? '', 'base64')
  assert.equal(asked.length, 32)
  // A signer elsewhere: given the digest, it makes no other.
  writeFileSync(
    at('wrong.sig'),
    sign('sha256', asked, createPrivateKey(readFileSync(at('open.key')))),
  )
  const wrong = await signWith(...words, '--signatures', at('wrong.sig'), '--out', at('c.bin'))
  assert.equal(wrong.status, 1)
  assert.match(wrong.error, /signature-wrong: signature 1 is not by ecdsa-sha256/)
  assert.ok(!existsSync(at('c.bin')))
  const signature = await signatures(
    {
      ...{ kind: 'plan', form: 'mcuboot', finish: () => assert.fail() },
      wanted: [
        {
          signer: { publicKey: key.publicKey, chain: [], algorithm: 'ecdsa-sha256' },
          ...{ over: 'digest', bytes: Uint8Array.from(asked) },
        },
      ],
    },
    [{ pair: key, publicKey: key.publicKey, chain: [], algorithm: 'ecdsa-sha256' }],
  )
  writeFileSync(at('right.sig'), signature[0] ?? new Uint8Array())
  writeFileSync(at('right.b64'), Buffer.from(signature[0] ?? []).toString('base64'))
  for (const file of ['right.sig', 'right.b64']) {
    const ran = await signWith(...words, '--signatures', at(file), '--out', at('c.bin'))
    assert.equal(ran.status, 0, ran.error)
    assert.equal(await verified(at('c.bin'), ...words), 'genuine')
  }
  const changed = await signWith(...words, '--signatures', at('right.sig'), '--rom-fixed', '4096')
  assert.equal(changed.status, 1)
})

test('nothing half signed is left, and nothing of a write that was refused', async () => {
  const before = readdirSync(place).length
  const ran = await signWith('--key', at('firmware.key'), '--header-size', '9')
  assert.notEqual(ran.status, 0)
  assert.equal(readdirSync(place).length, before)
})

test('choices are told by their form: missing, of another form, and not of their kind', async () => {
  const sign = (...words: readonly string[]) =>
    runHere(['firmware', 'sign', at('app.bin'), '--key', at('open.key'), ...words])
  for (const [words, says] of [
    [
      ['--form', 'mcuboot', '--product', 'pump', '--version', '1.0'],
      /MCUboot image knows no product/,
    ],
    [['--form', 'mcuboot', '--version', '1.0', '--header-size', 'many'], /headerSize is "many"/],
    [['--form', 'outer-manifest'], /needs product/],
    [['--form', 'mcuboot', '--versoin', '1'], /did you mean --version/],
    [['--form', 'authenticode'], /none of mcuboot/],
  ] as const) {
    const ran = await sign(...words)
    assert.notEqual(ran.status, 0)
    assert.match(ran.error, says)
  }
})

test('every choice of every form is a flag of one meaning, and none is one of the command itself', () => {
  const flags = choiceArguments().map(({ flag }) => flag)
  assert.equal(new Set(flags).size, flags.length)
  const own = ['form', 'key', 'chain', 'algorithm', 'out', 'digest-only', 'signatures', 'token']
  assert.deepEqual(
    flags.filter((flag) => own.includes(flag)),
    [],
  )
})

test('a signature beside a file by a certificate is judged by path, purpose, time and environment', async () => {
  const house = await signingHouse('Acme', longLived)
  const signer = await house.signer({
    purposes: [keyPurposes.codeSigning, keyPurposes.emailProtection],
  })
  writeFileSync(at('s.key'), signer.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const chain = signer.chain.map((der) => encodePem('CERTIFICATE', der)).join('')
  writeFileSync(at('s.pem'), chain)
  writeFileSync(at('root.pem'), encodePem('CERTIFICATE', house.rootCertificate.der))
  const words = ['--form', 'cms', '--key', at('s.key'), '--chain', at('s.pem')]
  const ran = await runHere(['firmware', 'sign', at('app.bin'), ...words])
  assert.equal(ran.status, 0, ran.error)
  const beside = ['--beside', at('app.bin'), '--roots', at('root.pem')]
  const file = at('app.bin.cms')
  assert.equal(await verified(file, ...beside), 'genuine')
  assert.equal(
    await verified(file, ...beside, '--purpose', 'update-package'),
    'certificate-wrong-purpose',
  )
  assert.equal(await verified(file, ...beside, '--at', '2055-01-01'), 'certificate-expired')
  assert.equal(
    await verified(file, ...beside, '--no-clock', '--seen', '2055-01-01'),
    'certificate-expired',
  )
  // The signature says its own time, for devices that have no other.
  assert.equal(await verified(file, ...beside, '--no-clock'), 'genuine')
  const alone = await runHere(['firmware', 'verify', file, '--roots', at('root.pem')])
  assert.match(alone.error, /stands beside what it signs/)
})

test('a key in a token signs, and its PIN is asked for once', { skip: withoutToken }, async () => {
  const token = softToken('firmware')
  token.tool(
    '--keypairgen',
    '--key-type',
    'EC:prime256v1',
    '--id',
    '617070',
    '--label',
    'app',
    '--usage-sign',
  )
  const words = ['--token-module', softHsm, '--token', token.label, '--token-key', 'app']
  const sign = (pin: string) =>
    runHere(
      ['firmware', 'sign', at('app.bin'), ...asMcuboot, ...words, '--json', '--out', at('t.bin')],
      `${pin}\n`,
    )
  const wrong = await sign('000000')
  assert.notEqual(wrong.status, 0)
  assert.doesNotMatch(wrong.error, /000000/)
  const ran = await sign(rightPin)
  assert.equal(ran.status, 0, ran.error)
  const { keys } = JSON.parse(ran.out) as { readonly keys: readonly string[] }
  assert.equal(keys.length, 1)
})

test('declared devices are asked, and the status says whether all of them take it', async () => {
  const file = await signedApp('d.bin', '--security-counter', '5')
  const declare = (name: string, counter: number) =>
    writeFileSync(
      at(name),
      JSON.stringify({
        ...{ format: 'vitalsign-device-declaration', version: 1, name, form: 'mcuboot' },
        ...{ settings: ['MCUBOOT_HW_ROLLBACK_PROT'], keys: ['firmware.pub'], counter },
      }),
    )
  declare('old.json', 4)
  declare('new.json', 6)
  const ask = (...names: readonly string[]) =>
    runHere(['firmware', 'check', file, ...names.flatMap((name) => ['--device', at(name)])])
  const taken = await ask('old.json')
  assert.equal(taken.status, 0, taken.error)
  assert.match(taken.out, /old\.json \(MCUboot\) takes d\.bin/)
  const refused = await ask('old.json', 'new.json')
  assert.equal(refused.status, 1)
  assert.match(refused.out, /new\.json \(MCUboot\) does not take d\.bin/)
  assert.match(refused.out, /artefact-version-lower: its security version is 5/)
  writeFileSync(at('bad.json'), '{"format":"vitalsign-device-declaration","version":1,"nme":1}')
  const bad = await ask('bad.json')
  assert.equal(bad.status, 2)
  assert.match(bad.error, /nme is not known/)
})

test('a file is shown part by part, for people and for programs', async () => {
  const file = await signedApp('e.bin')
  const shown = await runHere(['firmware', 'inspect', file])
  assert.match(shown.out, /^MCUboot image, version 1\.2\.3/)
  assert.match(shown.out, /0x0040 {2}5,000 {2}payload/)
  const told = JSON.parse((await runHere(['firmware', 'inspect', file, '--json'])).out) as {
    readonly form: string
    readonly parts: readonly { readonly offset: number; readonly octets: number }[]
  }
  assert.equal(told.form, 'mcuboot')
  assert.equal(told.parts[1]?.octets, 5_000)
  const none = await runHere(['firmware', 'inspect', at('app.bin')])
  assert.equal(none.status, 1)
  assert.match(none.error, /artefact-of-another-form/)
})

test('every form is listed, with what can be chosen', async () => {
  const all = await runHere(['firmware', 'forms', '--json'])
  const listed = JSON.parse(all.out) as readonly { readonly name: string }[]
  assert.deepEqual(
    listed.map(({ name }) => name).toSorted(),
    Object.keys(artefactForms(archiveTools())).toSorted(),
  )
  const one = await runHere(['firmware', 'forms', 'mcuboot'])
  assert.match(one.out, /--security-counter TEXT {2}/)
})
