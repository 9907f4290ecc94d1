// SPDX-License-Identifier: Apache-2.0
/** Updates between us and SWUpdate: what we sign it installs (dry), and what is bent neither takes. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { readCpio } from '#format/archive/cpio-entries.ts'
import { parseSignedData } from '#format/cms/signed-data.ts'
import { keyPurposes } from '#format/oids.ts'
import { encodePem } from '#format/pem.ts'
import { encodeSwupdateAuthorities, encodeSwupdateKey } from '#trust/artefact/swupdate/anchors.ts'
import { buildSwupdate } from '#trust/artefact/swupdate/build.ts'
import { swupdateForm as form } from '#trust/artefact/swupdate/swupdate.ts'
import type { DeviceTrust } from '#trust/artefact/verdict.ts'
import { planCms } from '#trust/cms/plan-cms.ts'
import { absent } from '../support/absent.ts'
import { judgedBy, piecesOf, signedBy } from '../support/artefact-files.ts'
import { longLived, type MadeSigner, signAll, signingHouse } from '../support/signers.ts'
import { makeStamper } from '../support/stamper.ts'

const swupdate = '/usr/bin/swupdate'
/** One of its sockets has a fixed name in the namespace of the network: each run has one of its own, where that is allowed. */
const apart = ['/usr/bin/unshare', '-r', '-n']
const isApart = spawnSync(apart[0]!, [...apart.slice(1), 'true']).status === 0
const [runner = '', ...before] = isApart ? [...apart, swupdate] : [swupdate]
const skip = absent(swupdate, '/usr/bin/openssl', '/usr/bin/cpio')
const place = mkdtempSync(join(tmpdir(), 'vitalsign-swupdate-'))
after(() => rmSync(place, { recursive: true }))
const at = (name: string) => join(place, name)

const house = await signingHouse('Test', longLived)
const signer = await house.signer()
const trust = (other: Partial<DeviceTrust> = {}) =>
  house.trust({ now: Temporal.Now.instant(), ...other })
writeFileSync(
  at('anchors.pem'),
  encodeSwupdateAuthorities([[house.issuingCertificate, house.rootCertificate]]),
)

const image = Uint8Array.from({ length: 70_001 }, (_, index) => (index * 7_919) >> 7)
const script = new TextEncoder().encode('#!/bin/sh\nexit 0\n')
const written = `software = {
  version = "1.2.3"; hardware-compatibility: [ "1.0" ];
  files: ( { filename = "rootfs.bin"; path = "/tmp/never.bin"; type = "rawfile"; } );
  scripts: ( { filename = "after.sh"; type = "shellscript"; } );
}`

async function built(description = written): Promise<Uint8Array> {
  const made = await buildSwupdate({
    description,
    files: [
      { name: 'rootfs.bin', content: memorySource(image) },
      { name: 'after.sh', content: memorySource(script) },
    ],
  })
  assert.ok(made.kind === 'container', JSON.stringify(made))
  return piecesOf(made.pieces)
}

const container = await built()
const update = await signedBy(form, container, {}, [signer])

let runs = 0

/** Whether SWUpdate says that it would install it; its exit code says nothing. */
async function installs(
  bytes: Uint8Array,
  ...args: readonly string[]
): Promise<{ readonly taken: boolean; readonly said: string }> {
  for (let tries = 1; ; tries++) {
    const said = await logOf(bytes, args)
    const taken = said.includes('SWUPDATE successful')
    if (taken || said.includes('SWUPDATE failed')) return { taken, said }
    // Its two halves may miss each other at their start: then it has judged nothing.
    assert.ok(tries < 5, said)
  }
}

async function logOf(bytes: Uint8Array, args: readonly string[]): Promise<string> {
  // Its other sockets have fixed names in the directory for temporary files.
  const room = at(`run-${runs++}`)
  mkdirSync(room)
  const file = join(room, 'shown.swu')
  writeFileSync(file, bytes)
  const running = spawn(
    runner,
    [
      ...before,
      ...['-l', '5', '-c', '-n', '-H', 'board:1.0', '-k', at('anchors.pem')],
      ...args,
      '-i',
      file,
    ],
    { cwd: room, env: { ...process.env, TMPDIR: room }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let said = ''
  for (const stream of [running.stdout, running.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  await new Promise((resolve) => running.on('close', resolve))
  return said
}

/** As SWUpdate's own documentation says (doc/source/signed_images.rst), with cpio of GNU. */
async function madeByTools(): Promise<Uint8Array> {
  const room = at('tools')
  mkdirSync(room)
  const { description } = await partsOf(container)
  const files = {
    'sw-description': description,
    'rootfs.bin': image,
    'after.sh': script,
    'cert.pem': encodePem('CERTIFICATE', signer.certificate.der),
    'key.pem': signer.privateKey.export({ format: 'pem', type: 'pkcs8' }),
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(room, name), content)
  const signing = [
    'cms',
    '-sign',
    '-in',
    'sw-description',
    '-out',
    'sw-description.sig',
    '-signer',
    'cert.pem',
  ]
  const how = ['-inkey', 'key.pem', '-outform', 'DER', '-nosmimecap', '-binary']
  const { status, stderr } = spawnSync(
    '/usr/bin/openssl',
    [...signing, ...how, '-certfile', at('anchors.pem')],
    {
      ...{ cwd: room, encoding: 'utf8' as const },
    },
  )
  assert.equal(status, 0, stderr)
  const input = 'sw-description\nsw-description.sig\nrootfs.bin\nafter.sh\n'
  const packed = spawnSync('/usr/bin/cpio', ['-o', '-H', 'crc', '--quiet', '-O', 'their.swu'], {
    cwd: room,
    input,
  })
  assert.equal(packed.status, 0)
  return new Uint8Array(readFileSync(join(room, 'their.swu')))
}

// What is bent

async function partsOf(bytes: Uint8Array) {
  const { entries } = await readCpio(memorySource(bytes))
  const of = (name: string) => {
    const entry = entries.find((one) => one.name === name)
    return entry === undefined
      ? { head: 0, start: 0, end: 0 }
      : { head: entry.at, start: entry.start, end: entry.end }
  }
  const described = entries[0]!
  return {
    of,
    description: bytes.slice(described.start, described.start + described.size),
    mark: (await readCpio(memorySource(bytes))).mark,
  }
}

const { of, description, mark } = await partsOf(update)
const rootfs = of('rootfs.bin')
const sig = of('sw-description.sig')
const first = of('sw-description')
const text = new TextDecoder().decode(description)

function flipped(offset: number): Uint8Array {
  const bent = update.slice()
  bent[offset]! ^= 0x01
  return bent
}

function joined(...all: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(all))
}

/** A field of a header with other digits. */
function withField(head: number, index: number, digits: string): Uint8Array {
  const bent = update.slice()
  bent.set(new TextEncoder().encode(digits), head + 6 + index * 8)
  return bent
}

/** The update with another description, signed by whoever. */
async function described(
  other: string,
  signers: readonly MadeSigner[] = [signer],
  kind: 'attached' | 'detached' = 'detached',
) {
  const bytes = new TextEncoder().encode(other)
  const digests = new Map([
    ['sha256', Uint8Array.from(createHash('sha256').update(bytes).digest())],
  ] as const)
  const content = kind === 'attached' ? ({ kind, bytes } as const) : ({ kind, digests } as const)
  const plan = planCms({ content, signers })
  assert.ok(plan.kind === 'cms-plan')
  const cms = await plan.finish(signAll(plan.wanted, signers))
  return joined(
    file('sw-description', bytes),
    file('sw-description.sig', cms),
    update.subarray(sig.end),
  )
}

function file(name: string, content: Uint8Array): Uint8Array {
  const hex = (value: number) => value.toString(16).padStart(8, '0')
  const sum = content.reduce((total, octet) => (total + octet) >>> 0, 0)
  const numbers = [9, 0o100644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, sum]
  const head = Buffer.from(`070702${numbers.map(hex).join('')}${name}\0`)
  const padded = (part: Uint8Array) => joined(part, new Uint8Array((4 - (part.length % 4)) % 4))
  return joined(padded(head), padded(content))
}

const stranger = await (await signingHouse('Stranger', longLived)).signer()
const cms = parseSignedData(update.slice(sig.start, sig.start + sizeOfSignature()), {
  order: 'any',
})
const signatureAt =
  sig.start + Buffer.from(update.subarray(sig.start)).indexOf(cms.signers[0]!.signature)

function sizeOfSignature(): number {
  return Number.parseInt(Buffer.from(update.subarray(sig.head + 54, sig.head + 62)).toString(), 16)
}

const past = {
  notBefore: longLived.notBefore,
  notAfter: Temporal.Instant.from('2021-01-01T00:00:00Z'),
}
const digest = /sha256 = "(\w+)"/.exec(text)?.[1] ?? ''

const corruptions: readonly (readonly [string, string, () => Uint8Array | Promise<Uint8Array>])[] =
  [
    [
      'one octet of the description',
      'artefact-digest-wrong',
      () => flipped(first.start + text.indexOf('1.2.3')),
    ],
    ['one octet of an image', 'artefact-digest-wrong', () => flipped(rootfs.start + 9)],
    ['one octet of the signature', 'signature-wrong', () => flipped(signatureAt + 20)],
    ['no signature', 'artefact-not-signed', () => container],
    [
      'a signature that is no CMS',
      'artefact-signer-unknown',
      () =>
        joined(
          update.subarray(0, first.end),
          file('sw-description.sig', new Uint8Array(256).fill(7)),
          update.subarray(sig.end),
        ),
    ],
    [
      'a signature behind an image',
      'artefact-malformed',
      () =>
        joined(
          update.subarray(0, first.end),
          update.subarray(rootfs.head, rootfs.end),
          update.subarray(sig.head, sig.end),
          update.subarray(rootfs.end),
        ),
    ],
    [
      'a description behind an image',
      'artefact-of-another-form',
      () =>
        joined(
          update.subarray(rootfs.head, rootfs.end),
          update.subarray(0, rootfs.head),
          update.subarray(rootfs.end),
        ),
    ],
    [
      'a described image that is missing',
      'artefact-malformed',
      () => joined(update.subarray(0, rootfs.head), update.subarray(rootfs.end)),
    ],
    [
      'an update that is cut off in an image',
      'artefact-truncated',
      () => update.subarray(0, rootfs.start + 1_000),
    ],
    ['an update without its end mark', 'artefact-truncated', () => update.subarray(0, mark)],
    [
      'an image larger than the file',
      'artefact-truncated',
      () => withField(rootfs.head, 6, 'ffffffff'),
    ],
    [
      'an image whose size is a little less',
      'artefact-malformed',
      () => withField(rootfs.head, 6, '00011100'),
    ],
    ['a size that is no number', 'artefact-malformed', () => withField(rootfs.head, 6, '0001117g')],
    ['a header of another form', 'artefact-malformed', () => flipped(rootfs.head + 5)],
    [
      'a checksum of something else',
      'artefact-digest-wrong',
      () => withField(rootfs.head, 12, '00000001'),
    ],
    [
      'another image with its checksum',
      'artefact-digest-wrong',
      () =>
        joined(
          update.subarray(0, rootfs.head),
          file(
            'rootfs.bin',
            image.map((octet) => octet ^ 1),
          ),
          update.subarray(rootfs.end),
        ),
    ],
    [
      'an image without a digest',
      'artefact-not-covered',
      () => described(text.replace(/ *sha256 = "\w+";\n/, '')),
    ],
    [
      'a digest of something else, signed',
      'artefact-digest-wrong',
      () => described(text.replace(digest, '00'.repeat(32))),
    ],
    [
      'the description of another update',
      'artefact-digest-wrong',
      async () =>
        joined(
          file('sw-description', new TextEncoder().encode(text.replace('1.2.3', '0.0.1'))),
          update.subarray(first.end),
        ),
    ],
    ['a signer of another house', 'certificate-not-trusted', () => described(text, [stranger])],
    [
      'a signer of servers',
      'certificate-wrong-purpose',
      async () => described(text, [await house.signer({ purposes: [keyPurposes.serverAuth] })]),
    ],
    [
      'a signer that has expired',
      'certificate-expired',
      async () => described(text, [await house.signer(past)]),
    ],
  ]

/** What this version of SWUpdate passes over. */
const ours: readonly (readonly [string, string, () => Uint8Array | Promise<Uint8Array>])[] = [
  [
    'a file that nobody described',
    'artefact-not-covered',
    () => joined(update.subarray(0, mark), file('more', script), update.subarray(mark)),
  ],
  [
    'a file that stands twice',
    'artefact-field-twice',
    () =>
      joined(
        update.subarray(0, mark),
        update.subarray(rootfs.head, rootfs.end),
        update.subarray(mark),
      ),
  ],
  ['octets behind the end', 'artefact-trailing-octets', () => joined(update, Uint8Array.of(1))],
  [
    'a whole record behind the end',
    'artefact-trailing-octets',
    () => joined(update, new Uint8Array(1_024)),
  ],
  [
    'a name with a slash',
    'artefact-malformed',
    () => joined(update.subarray(0, mark), file('../x', script), update.subarray(mark)),
  ],
  [
    'a CMS with content of its own',
    'artefact-field-not-allowed',
    () => described(text, [signer], 'attached'),
  ],
  [
    'two digests of one file',
    'artefact-field-twice',
    () =>
      described(
        text.replace(
          'scripts =',
          `images = ( { filename = "rootfs.bin"; sha256 = "${'0'.repeat(64)}"; } );\n  scripts =`,
        ),
      ),
  ],
]

const concurrency = isApart ? 8 : 1

describe('SWUpdate and we', { skip, concurrency }, () => {
  for (const [algorithm, signsWith] of [
    ['p-256', undefined],
    ['p-384', undefined],
    ['rsa-3072', 'rsa-sha256'],
    ['rsa-2048', 'rsa-pss-sha256'],
  ] as const)
    test(`agree on an update that ${signsWith ?? algorithm} signed, usual and strict`, async () => {
      const one = await house.signer({ algorithm, ...(signsWith && { signsWith }) })
      const signed = await signedBy(form, container, {}, [one])
      assert.equal(await judgedBy(form, signed, trust()), 'genuine')
      const { taken, said } = await installs(signed, '--cert-purpose', 'codeSigning')
      assert.ok(taken, said)
    })

  /** The matrix of docs/conformance/swupdate.md: extKeyUsage, as delivered, with --cert-purpose codeSigning. */
  const { codeSigning, emailProtection, serverAuth } = keyPurposes
  for (const [what, purposes, words] of [
    ['codeSigning', [codeSigning], [false, true]],
    ['emailProtection', [emailProtection], [true, false]],
    ['both', [codeSigning, emailProtection], [true, true]],
    ['nothing', undefined, [true, false]],
    ['serverAuth', [serverAuth], [false, false]],
  ] as const)
    test(`agree on a signer with ${what}`, async () => {
      const signed = await signedBy(form, container, {}, [await house.signer({ purposes })])
      for (const [index, [purpose, args]] of (
        [
          ['email', []],
          ['code', ['--cert-purpose', 'codeSigning']],
        ] as const
      ).entries()) {
        assert.equal((await installs(signed, ...args)).taken, words[index], `SWUpdate, ${args}`)
        const word = await judgedBy(form, signed, trust({ purpose }))
        assert.equal(word === 'genuine', words[index], `${purpose}: ${word}`)
      }
    })

  test('agree on an update of two signers of whom the device knows one, in whatever order', async () => {
    for (const signers of [
      [signer, stranger],
      [stranger, signer],
    ]) {
      const signed = await signedBy(form, update, {}, signers)
      assert.equal(await judgedBy(form, signed, trust()), 'genuine')
      assert.ok((await installs(signed)).taken)
    }
  })

  test('agree on an update whose signature bears a time-stamp, as those of production do', async () => {
    const { root, stamp } = await makeStamper()
    const stamped = await signedBy(form, container, {}, [signer], stamp)
    const verdict = await form.verify(memorySource(stamped), trust({ stampRoots: [root] }))
    assert.ok(verdict.kind === 'genuine' && verdict.signers[0]?.stampedAt !== undefined)
    const { taken, said } = await installs(stamped)
    assert.ok(taken, said)
  })

  test('agree on what cpio and openssl made', async () => {
    const theirs = await madeByTools()
    assert.equal(await judgedBy(form, theirs, trust()), 'genuine')
    assert.ok((await installs(theirs)).taken)
    const anew = await signedBy(form, theirs, {}, [await house.signer({ algorithm: 'p-384' })])
    assert.equal(await judgedBy(form, anew, trust()), 'genuine')
    assert.ok((await installs(anew)).taken)
  })

  for (const [what, reason, bend] of corruptions)
    test(`do not take ${what}`, async () => {
      const bent = await bend()
      const word = await judgedBy(form, bent, trust())
      assert.equal(word.split(':')[0], reason, word)
      const { taken, said } = await installs(bent)
      assert.ok(!taken, said)
    })
})

for (const [what, reason, bend] of ours)
  test(`we do not take ${what}, whatever SWUpdate does`, async () => {
    const word = await judgedBy(form, await bend(), trust())
    assert.equal(word.split(':')[0], reason, word)
  })

test('openssl believes a raw signature of ours, and we one of its, of either padding', {
  skip,
}, async () => {
  for (const [signsWith, sigopt] of [
    ['rsa-sha256', []],
    ['rsa-pss-sha256', ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:-2']],
  ] as const) {
    const one = { ...(await house.signer({ algorithm: 'rsa-2048', signsWith })), chain: [] }
    const known = trust({ keys: [one.publicKey], roots: [] })
    const signed = await signedBy(form, container, {}, [one])
    assert.equal(await judgedBy(form, signed, known), 'genuine')
    assert.match(await judgedBy(form, signed, trust({ keys: [] })), /^artefact-signer-unknown/)
    const { entries } = await readCpio(memorySource(signed))
    const raw = entries[1]!
    writeFileSync(at('raw.sig'), signed.subarray(raw.start, raw.start + raw.size))
    writeFileSync(at('described'), description)
    writeFileSync(at('pub.pem'), encodeSwupdateKey(one.publicKey))
    const verified = spawnSync(
      '/usr/bin/openssl',
      [
        ...['dgst', '-sha256', '-verify', at('pub.pem')],
        ...sigopt,
        '-signature',
        at('raw.sig'),
        at('described'),
      ],
      { encoding: 'utf8' },
    )
    assert.equal(verified.status, 0, verified.stdout + verified.stderr)
    writeFileSync(at('key.pem'), one.privateKey.export({ format: 'pem', type: 'pkcs8' }))
    const made = spawnSync('/usr/bin/openssl', [
      ...['dgst', '-sha256', '-sign', at('key.pem')],
      ...sigopt,
      at('described'),
    ])
    assert.equal(made.status, 0)
    const theirs = joined(
      signed.subarray(0, raw.at),
      file('sw-description.sig', made.stdout),
      signed.subarray(raw.end),
    )
    assert.equal(await judgedBy(form, theirs, known), 'genuine')
    const bent = theirs.slice()
    bent[raw.start + 40]! ^= 1
    assert.match(await judgedBy(form, bent, known), /^signature-wrong/)
  }
})

/** What stands for hardware-compatibility, and whether a board 1.0 takes it. */
const boards: Readonly<Record<string, readonly [string, boolean]>> = {
  'its revision among others': ['hardware-compatibility: [ "0.9", "1.0" ];', true],
  'other revisions': ['hardware-compatibility: [ "1.1", "11.0" ];', false],
  'a pattern that it fits': ['hardware-compatibility: [ "#RE:^1\\\\.[0-9]$" ];', true],
  'a pattern that is found in it': ['hardware-compatibility: [ "#RE:0" ];', true],
  'a pattern that it does not fit': ['hardware-compatibility: [ "#RE:^2", "#RE:^1$" ];', false],
  'a pattern that is none': ['hardware-compatibility: [ "#RE:(1" ];', false],
  'a list of its own': [
    'hardware-compatibility: [ "9" ]; board = { hardware-compatibility: [ "1.0" ]; };',
    true,
  ],
  'a list of another board': [
    'hardware-compatibility: [ "9" ]; other = { hardware-compatibility: [ "1.0" ]; };',
    false,
  ],
  'a list of its own without it': [
    'hardware-compatibility: [ "1.0" ]; board = { hardware-compatibility: [ "2.0" ]; };',
    false,
  ],
  'no list at all': ['', false],
}

describe('SWUpdate and we say the same of hardware-compatibility', { skip, concurrency }, () => {
  for (const [what, [list, isTaken]] of Object.entries(boards))
    test(`with ${what}`, async () => {
      const described = written.replace('hardware-compatibility: [ "1.0" ];', list)
      const bytes = await signedBy(form, await built(described), {}, [signer])
      const verdict = await form.verify(memorySource(bytes), trust({ hardware: 'board:1.0' }))
      const said = verdict.kind === 'refused' ? verdict.reason : verdict.kind
      assert.equal(said, isTaken ? 'genuine' : 'artefact-hardware-wrong')
      const theirs = await installs(bytes)
      assert.equal(theirs.taken, isTaken, theirs.said)
    })
})
