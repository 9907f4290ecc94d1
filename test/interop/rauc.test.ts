// SPDX-License-Identifier: Apache-2.0
/** Bundles between us and RAUC: what we sign it unpacks, what it signs we believe, and what is bent neither takes. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import { memorySource } from '#format/archive/byte-source.ts'
import { parseSignedData } from '#format/cms/signed-data.ts'
import { parseKeyFile } from '#format/firmware/bundle/key-file.ts'
import { parseRaucBundle } from '#format/firmware/bundle/rauc.ts'
import { keyPurposes } from '#format/oids.ts'
import { encodePem } from '#format/pem.ts'
import { buildRauc } from '#trust/artefact/rauc/build.ts'
import { raucForm } from '#trust/artefact/rauc/rauc.ts'
import type { DeviceTrust } from '#trust/artefact/verdict.ts'
import { type CmsWish, planCms } from '#trust/cms/plan-cms.ts'
import { absent } from '../support/absent.ts'
import { fileToPack, judgedBy, octetsOf, signedBy } from '../support/artefact-files.ts'
import { longLived, type MadeSigner, signAll, signingHouse } from '../support/signers.ts'
import { makeStamper } from '../support/stamper.ts'

const rauc = '/usr/bin/rauc'
const skip = absent(rauc, '/usr/bin/unsquashfs', '/usr/bin/mksquashfs', '/usr/bin/openssl')
const place = mkdtempSync(join(tmpdir(), 'vitalsign-rauc-'))
after(() => rmSync(place, { recursive: true }))
const at = (name: string) => join(place, name)

const form = raucForm(archiveTools())
const house = await signingHouse('Test', longLived)
const signer = await house.signer()
const trust = (other: Partial<DeviceTrust> = {}) =>
  house.trust({ now: Temporal.Now.instant(), ...other })

const image = Uint8Array.from({ length: 700_000 }, (_, index) => (index * 7_919) >> 7)
const container = await built('1.2.3')
const bundle = await signedBy(form, container, {}, [signer])

async function built(version: string): Promise<Uint8Array> {
  const groups = parseKeyFile(
    `[update]\ncompatible=Test Board\nversion=${version}\n[image.rootfs]\nfilename=rootfs.ext4\n`,
  )
  const entries = [
    fileToPack('rootfs.ext4', image),
    fileToPack('hook.sh', image.subarray(0, 9), true),
  ]
  const made = await buildRauc({ groups, entries, modifiedAt: 1_800_000_000 })
  assert.ok(made.kind === 'container')
  return octetsOf(made.octets)
}

writeFileSync(at('root.pem'), encodePem('CERTIFICATE', house.rootCertificate.der))
writeFileSync(at('ca.pem'), encodePem('CERTIFICATE', house.issuingCertificate.der))
for (const [name, purpose] of [
  ['default', ''],
  ['codesign', 'check-purpose=codesign\n'],
  ['signing-time', 'use-bundle-signing-time=true\n'],
])
  writeFileSync(
    at(`${name}.conf`),
    `[system]\ncompatible=Test Board\nbootloader=noop\nbundle-formats=-plain\n[keyring]\npath=root.pem\n${purpose}`,
  )

function run(...args: readonly string[]): { readonly taken: boolean; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(rauc, args, { cwd: place, encoding: 'utf8' })
  return { taken: status === 0, said: `${stdout}${stderr}` }
}

/** Whether RAUC checks all of it and unpacks it. */
function unpacks(bytes: Uint8Array, conf = 'default'): { taken: boolean; said: string } {
  writeFileSync(at('shown.raucb'), bytes)
  rmSync(at('out'), { recursive: true, force: true })
  return run('-c', `${conf}.conf`, 'extract', 'shown.raucb', 'out')
}

test('RAUC unpacks what is built and signed here, with its usual and its strict setting', {
  skip,
}, () => {
  for (const conf of ['default', 'codesign']) {
    const { taken, said } = unpacks(bundle, conf)
    assert.ok(taken, said)
    assert.deepEqual(new Uint8Array(readFileSync(at('out/rootfs.ext4'))), image)
  }
})

for (const [algorithm, signsWith] of [
  ['p-384', undefined],
  ['rsa-3072', 'rsa-sha256'],
  ['rsa-2048', 'rsa-pss-sha256'],
] as const)
  test(`RAUC unpacks what ${signsWith ?? algorithm} signed`, { skip }, async () => {
    const one = await house.signer({ algorithm, ...(signsWith && { signsWith }) })
    const { taken, said } = unpacks(await signedBy(form, container, {}, [one]))
    assert.ok(taken, said)
  })

test('RAUC unpacks a bundle whose signature bears a time-stamp, as those of production do', {
  skip,
}, async () => {
  const { root, stamp } = await makeStamper()
  const stamped = await signedBy(form, container, {}, [signer], stamp)
  const verdict = await form.verify(memorySource(stamped), trust({ stampRoots: [root] }))
  assert.ok(verdict.kind === 'genuine' && verdict.signers[0]?.stampedAt !== undefined)
  const { taken, said } = unpacks(stamped)
  assert.ok(taken, said)
})

test('RAUC that goes by the time of signing takes a signer that has expired since, as we foretell', {
  skip,
}, async () => {
  const one = await house.signer(past)
  for (const [signedAt, taken, word] of [
    ['2020-06-01T00:00:00Z', true, 'genuine'],
    ['2023-06-01T00:00:00Z', false, 'certificate-expired'],
  ] as const) {
    const signed = await signedBy(form, container, { signedAt }, [one])
    const rauc = unpacks(signed, 'signing-time')
    assert.equal(rauc.taken, taken, rauc.said)
    const ours = await judgedBy(form, signed, trust({ now: undefined, purpose: 'email' }))
    assert.equal(ours.split(':')[0], word)
  }
})

test('a bundle of RAUC that is signed anew is believed by both, by the new signer', {
  skip,
}, async () => {
  const next = await house.signer({ name: 'next', algorithm: 'p-384' })
  const anew = await signedBy(form, bundle, { signedAt: '2026-01-01T00:00:00Z' }, [next])
  assert.equal(await judgedBy(form, anew, trust()), 'genuine')
  const { taken, said } = unpacks(anew)
  assert.ok(taken && said.includes('CN = next'), said)
  const both = await form.plan(memorySource(bundle), {}, [signer, next])
  assert.equal(both.kind === 'refused' && both.reason, 'artefact-choice-wrong')
})

/** The matrix of docs/conformance/rauc.md: extKeyUsage, RAUC as delivered, with check-purpose=codesign. */
const { codeSigning, emailProtection, serverAuth } = keyPurposes
for (const [what, purposes, words] of [
  ['codeSigning', [codeSigning], [false, true]],
  ['emailProtection', [emailProtection], [true, false]],
  ['both', [codeSigning, emailProtection], [true, true]],
  ['nothing', undefined, [true, false]],
  ['serverAuth', [serverAuth], [false, false]],
] as const)
  test(`RAUC and we agree on a signer with ${what}`, { skip }, async () => {
    const signed = await signedBy(form, container, {}, [await house.signer({ purposes })])
    for (const [index, [conf, purpose]] of (
      [
        ['default', 'email'],
        ['codesign', 'code'],
      ] as const
    ).entries()) {
      assert.equal(unpacks(signed, conf).taken, words[index], `RAUC, ${conf}`)
      const word = await judgedBy(form, signed, trust({ purpose }))
      assert.equal(word === 'genuine', words[index], `${purpose}: ${word}`)
    }
  })

/** Likewise of the authority between signer and root, where it restricts itself. */
for (const [what, purposes, words] of [
  ['codeSigning', [codeSigning], [false, true]],
  ['emailProtection', [emailProtection], [true, false]],
  ['serverAuth', [serverAuth], [false, false]],
] as const)
  test(`RAUC and we agree on an authority for ${what} alone`, { skip }, async () => {
    const other = await signingHouse('Restricted', longLived, purposes)
    writeFileSync(at('root.pem'), encodePem('CERTIFICATE', other.rootCertificate.der))
    const signed = await signedBy(form, container, {}, [await other.signer()])
    for (const [index, [conf, purpose]] of (
      [
        ['default', 'email'],
        ['codesign', 'code'],
      ] as const
    ).entries()) {
      const { taken, said } = unpacks(signed, conf)
      const now = Temporal.Now.instant()
      const word = await judgedBy(form, signed, other.trust({ now, purpose }))
      assert.deepEqual([taken, word === 'genuine'], [words[index], words[index]], said + word)
    }
    writeFileSync(at('root.pem'), encodePem('CERTIFICATE', house.rootCertificate.der))
  })

test('what RAUC builds and signs is believed here, and unpacked again after we sign it', {
  skip,
}, async () => {
  for (const algorithm of ['p-256', 'rsa-2048'] as const) {
    const one = await house.signer({ algorithm })
    writeKey(one)
    mkdirSync(at('content'), { recursive: true })
    writeFileSync(at('content/rootfs.ext4'), image)
    writeFileSync(
      at('content/manifest.raucm'),
      '[update]\ncompatible=Test Board\nversion=2\n[bundle]\nformat=verity\n[image.rootfs]\nfilename=rootfs.ext4\n',
    )
    rmSync(at('theirs.raucb'), { force: true })
    const { taken, said } = run(
      ...['-c', 'default.conf', '--cert', 'cert.pem', '--key', 'key.pem'],
      ...['--intermediate', 'ca.pem', 'bundle', 'content', 'theirs.raucb'],
    )
    assert.ok(taken, said)
    const theirs = new Uint8Array(readFileSync(at('theirs.raucb')))
    assert.equal(await judgedBy(form, theirs, trust()), 'genuine')
    const ours = unpacks(await signedBy(form, theirs, {}, [signer]))
    assert.ok(ours.taken, ours.said)
  }
})

function writeKey({ certificate, privateKey }: MadeSigner): void {
  writeFileSync(at('cert.pem'), encodePem('CERTIFICATE', certificate.der))
  writeFileSync(at('key.pem'), privateKey.export({ format: 'pem', type: 'pkcs8' }))
}

// What is bent

const parts = await parseRaucBundle(memorySource(bundle))
assert.ok(parts?.manifest)
const { payloadSize, manifest } = parts
const message = parseSignedData(parts.cms)
const signatureAt =
  bundle.length - 8 - parts.cms.length + indexOf(parts.cms, message.signers[0]!.signature)
const manifestAt = payloadSize + indexOf(parts.cms, new TextEncoder().encode(manifest))

function indexOf(within: Uint8Array, part: Uint8Array): number {
  return Buffer.from(within).indexOf(part)
}

function flipped(offset: number, bytes: Uint8Array = bundle): Uint8Array {
  const bent = bytes.slice()
  bent[offset]! ^= 0x01
  return bent
}

function joined(...all: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(all))
}

function ended(cms: Uint8Array, says = cms.length): Uint8Array {
  const end = new Uint8Array(8)
  new DataView(end.buffer).setBigUint64(0, BigInt(says))
  return joined(cms, end)
}

/** The payload with a CMS of whoever signs whatever. */
async function withCms(
  text: string | undefined,
  signers: readonly MadeSigner[] = [signer],
  payload = bundle.subarray(0, payloadSize),
): Promise<Uint8Array> {
  const digests = new Map([
    ['sha256', Uint8Array.from(createHash('sha256').update(payload).digest())],
  ] as const)
  const content: CmsWish['content'] =
    text === undefined
      ? { kind: 'detached', digests }
      : { kind: 'attached', bytes: new TextEncoder().encode(text) }
  const plan = planCms({ content, signers })
  assert.ok(plan.kind === 'cms-plan')
  return joined(payload, ended(await plan.finish(signAll(plan.wanted, signers))))
}

const stranger = await (await signingHouse('Stranger', longLived)).signer()
const cms = bundle.subarray(payloadSize, -8)
const past = {
  notBefore: longLived.notBefore,
  notAfter: Temporal.Instant.from('2021-01-01T00:00:00Z'),
}
const future = { notBefore: Temporal.Instant.from('2049-01-01T00:00:00Z') }
const block = new Uint8Array(4_096)

const corruptions: readonly (readonly [string, string, () => Uint8Array | Promise<Uint8Array>])[] =
  [
    ['one octet of the superblock', 'artefact-digest-wrong', () => flipped(70)],
    ['one octet of an image', 'artefact-digest-wrong', () => flipped(100_000)],
    ['one octet of the hash tree', 'artefact-digest-wrong', () => flipped(payloadSize - 5_000)],
    ['one octet of the signed manifest', 'artefact-digest-wrong', () => flipped(manifestAt + 22)],
    ['one octet of the signature', 'signature-wrong', () => flipped(signatureAt + 20)],
    ['the last octet cut off', 'artefact-not-signed', () => bundle.subarray(0, -1)],
    ['the CMS cut off', 'artefact-not-signed', () => bundle.subarray(0, payloadSize)],
    ['an octet behind the end', 'artefact-not-signed', () => joined(bundle, Uint8Array.of(0))],
    ['eight octets behind the end', 'artefact-not-signed', () => joined(bundle, new Uint8Array(8))],
    [
      'a CMS of no octets',
      'artefact-not-signed',
      () => joined(bundle.subarray(0, -8), new Uint8Array(8)),
    ],
    [
      'a CMS that says one octet more',
      'artefact-not-signed',
      () => joined(bundle.subarray(0, payloadSize), ended(cms, cms.length + 1)),
    ],
    [
      'a CMS larger than the file',
      'artefact-not-signed',
      () => joined(bundle.subarray(0, payloadSize), ended(cms, 2 ** 40)),
    ],
    [
      'a block of the payload missing',
      'artefact-digest-wrong',
      () => joined(bundle.subarray(4_096)),
    ],
    [
      'a block between tree and CMS',
      'artefact-digest-wrong',
      () => joined(bundle.subarray(0, payloadSize), block, bundle.subarray(payloadSize)),
    ],
    [
      'a block between squashfs and tree',
      'artefact-digest-wrong',
      () => joined(container, block, bundle.subarray(container.length)),
    ],
    [
      'the payload of another bundle',
      'artefact-digest-wrong',
      async () =>
        joined(
          (await signedBy(form, await built('9.9.9'), {}, [signer])).subarray(0, payloadSize),
          bundle.subarray(payloadSize),
        ),
    ],
    [
      'verity-size that lies',
      'artefact-malformed',
      () => withCms(manifest.replace(/verity-size=\d+/, 'verity-size=4096')),
    ],
    [
      'verity-size of no whole blocks',
      'artefact-malformed',
      () => withCms(manifest.replace(/verity-size=\d+/, 'verity-size=4100')),
    ],
    [
      'verity-hash of something else',
      'artefact-digest-wrong',
      () => withCms(manifest.replace(/verity-hash=\w{2}/, 'verity-hash=00')),
    ],
    [
      'another salt',
      'artefact-digest-wrong',
      () => withCms(manifest.replace(/verity-salt=\w{2}/, 'verity-salt=00')),
    ],
    [
      'no hash tree in the manifest',
      'artefact-field-not-allowed',
      () => withCms(manifest.replace(/verity-\w+=\w+\n/g, '')),
    ],
    [
      'a plain bundle (CVE-2026-34155)',
      'artefact-not-covered',
      () => withCms(undefined, [signer], container),
    ],
    [
      'two signers',
      'artefact-field-not-allowed',
      async () => withCms(manifest, [signer, await house.signer({ name: 'next' })]),
    ],
    ['a signer of another house', 'certificate-not-trusted', () => withCms(manifest, [stranger])],
    [
      'a signer whose authority is missing',
      'certificate-not-trusted',
      () => withCms(manifest, [{ ...signer, chain: [signer.certificate.der] }]),
    ],
    [
      'a signer that has expired',
      'certificate-expired',
      async () => withCms(manifest, [await house.signer(past)]),
    ],
    [
      'a signer that is not yet valid',
      'certificate-not-yet-valid',
      async () => withCms(manifest, [await house.signer(future)]),
    ],
    [
      'a signer of servers',
      'certificate-wrong-purpose',
      async () => withCms(manifest, [await house.signer({ purposes: [serverAuth] })]),
    ],
  ]

for (const [what, reason, bend] of corruptions)
  test(`neither RAUC nor we take ${what}`, { skip }, async () => {
    const bent = await bend()
    const word = await judgedBy(form, bent, trust())
    assert.equal(word.split(':')[0], reason, word)
    const { taken, said } = unpacks(bent)
    assert.ok(!taken, said)
  })

test('a bundle of format crypt is neither believed nor signed here, and told why', {
  skip,
}, async () => {
  writeKey(signer)
  mkdirSync(at('sealed'), { recursive: true })
  writeFileSync(at('sealed/rootfs.ext4'), image)
  writeFileSync(
    at('sealed/manifest.raucm'),
    '[update]\ncompatible=Test Board\n[bundle]\nformat=crypt\n[image.rootfs]\nfilename=rootfs.ext4\n',
  )
  const common = ['--cert', 'cert.pem', '--key', 'key.pem', '--keyring', 'root.pem'] as const
  const made = run(...common, '--intermediate', 'ca.pem', 'bundle', 'sealed', 'sealed.raucb')
  assert.ok(made.taken, made.said)
  const recipient = await house.signer({ algorithm: 'rsa-2048' })
  writeFileSync(at('to.pem'), encodePem('CERTIFICATE', recipient.certificate.der))
  const sealed = run(
    'encrypt',
    '--keyring',
    'root.pem',
    '--to',
    'to.pem',
    'sealed.raucb',
    'crypt.raucb',
  )
  assert.ok(sealed.taken, sealed.said)
  const bytes = new Uint8Array(readFileSync(at('crypt.raucb')))
  assert.match(await judgedBy(form, bytes, trust()), /^artefact-encrypted: .*format crypt/)
  const plan = await form.plan(memorySource(bytes), {}, [signer])
  assert.equal(plan.kind === 'refused' && plan.reason, 'artefact-encrypted')
  assert.match((await form.inspect(memorySource(bytes))).title, /crypt/)
})
