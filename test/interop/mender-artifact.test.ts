// SPDX-License-Identifier: Apache-2.0
/** Artifacts between us and mender-artifact: what we sign it validates, what it signs we believe, bent ones nobody. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { packGzip } from '#edge/images/pack-gzip.ts'
import { archiveTools } from '#edge/images/tools.ts'
import { memorySource } from '#format/archive/byte-source.ts'
import { readTar, type TarFile, tarEnd } from '#format/archive/tar-entries.ts'
import { encodePem } from '#format/pem.ts'
import { buildMender, type MenderWish } from '#trust/artefact/mender/build.ts'
import { menderForm } from '#trust/artefact/mender/mender.ts'
import { sha256 } from '#trust/digest.ts'
import { absent } from '../support/absent.ts'
import { judgedBy, octetsOf, signedBy } from '../support/artefact-files.ts'
import { type MadeSigner, signAll, signingHouse } from '../support/signers.ts'
import { tarEntry } from '../support/tar-writer.ts'

const program = '/usr/bin/mender-artifact'
const skip = absent(program)
const place = mkdtempSync(join(tmpdir(), 'vitalsign-mender-'))
after(() => rmSync(place, { recursive: true }))
const at = (name: string) => join(place, name)

const form = menderForm(archiveTools())
const house = await signingHouse()
const signer = bare(await house.signer())
const trusting = (...keys: readonly MadeSigner[]) =>
  house.trust({ roots: [], keys: keys.map(({ publicKey }) => publicKey) })

function bare(made: MadeSigner): MadeSigner {
  return { ...made, chain: [] }
}

const image = Uint8Array.from({ length: 50_001 }, (_, index) => (index * 7_919) >> 7)
const container = await built()
const artifact = await signedBy(form, container, {}, [signer])

async function built(more: Partial<MenderWish> = {}): Promise<Uint8Array> {
  const made = await buildMender({
    ...{ artifactName: 'release-1', deviceTypes: ['board-a', 'board-b'] },
    ...{ payloadType: 'rootfs-image', gzip: packGzip },
    files: [{ name: 'rootfs.ext4', content: memorySource(image) }],
    ...more,
  })
  assert.ok(made.kind === 'container', JSON.stringify(made))
  return octetsOf(made.octets)
}

function run(...args: readonly string[]): { readonly taken: boolean; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: place, encoding: 'utf8' })
  return { taken: status === 0, said: `${stdout}${stderr}` }
}

function validates(bytes: Uint8Array, key: MadeSigner = signer): { taken: boolean; said: string } {
  writeFileSync(at('shown.mender'), bytes)
  writeFileSync(at('pub.pem'), encodePem('PUBLIC KEY', key.publicKey.spki))
  return run('validate', '-k', 'pub.pem', 'shown.mender')
}

for (const [algorithm, signsWith] of [
  ['p-256', undefined],
  ['rsa-2048', 'rsa-sha256'],
  ['rsa-3072', 'rsa-sha256'],
] as const)
  test(`mender-artifact validates what ${algorithm} signed here, and we what it signed with that key`, {
    skip,
  }, async () => {
    const one = bare(await house.signer({ algorithm, ...(signsWith && { signsWith }) }))
    const ours = validates(await signedBy(form, container, {}, [one]), one)
    assert.ok(ours.taken, ours.said)
    writeFileSync(
      at('key.pem'),
      one.privateKey.export({ format: 'pem', type: algorithm === 'p-256' ? 'sec1' : 'pkcs1' }),
    )
    writeFileSync(at('rootfs.ext4'), image)
    const made = run(
      ...['write', 'rootfs-image', '-t', 'board-a', '-n', 'theirs', '-f', 'rootfs.ext4'],
      ...['-k', 'key.pem', '-o', 'theirs.mender'],
    )
    assert.ok(made.taken, made.said)
    const theirs = new Uint8Array(readFileSync(at('theirs.mender')))
    assert.equal(await judgedBy(form, theirs, trusting(one)), 'genuine')
    const anew = validates(await signedBy(form, theirs, {}, [signer]))
    assert.ok(anew.taken, anew.said)
  })

test('mender-artifact reads what is built here: module images, several files, no compression', {
  skip,
}, async () => {
  const files = ['a', 'b'].map((name) => ({ name, content: memorySource(image) }))
  for (const more of [
    { payloadType: 'my-module', files, artifactGroup: 'clinic', securityVersion: 3 },
    { payloadType: 'my-module', files, gzip: undefined },
  ]) {
    const { gzip, ...rest } = { gzip: packGzip, ...more }
    const made = await buildMender({
      ...{ artifactName: 'release-2', deviceTypes: ['board-a'], ...rest },
      ...(gzip && { gzip }),
    })
    assert.ok(made.kind === 'container')
    const signed = await signedBy(form, await octetsOf(made.octets), {}, [signer])
    assert.equal(await judgedBy(form, signed, trusting(signer)), 'genuine')
    const { taken, said } = validates(signed)
    assert.ok(taken, said)
    const read = run('read', '-k', 'pub.pem', 'shown.mender')
    assert.match(read.said, /Name: release-2[\s\S]*signed and verified[\s\S]*my-module/)
  }
})

test('what it packs otherwise is believed, too', { skip }, async () => {
  writeFileSync(at('rootfs.ext4'), image)
  for (const compression of ['none', 'lzma']) {
    const made = run(
      ...['write', 'rootfs-image', '--compression', compression, '-t', 'x', '-n', 'theirs'],
      ...['-f', 'rootfs.ext4', '-o', 'theirs.mender'],
    )
    assert.ok(made.taken, made.said)
    const theirs = new Uint8Array(readFileSync(at('theirs.mender')))
    const signed = await signedBy(form, theirs, {}, [signer])
    assert.equal(await judgedBy(form, signed, trusting(signer)), 'genuine')
    assert.ok(validates(signed).taken)
  }
})

// What is bent

const parts = new Map<string, TarFile>()
for await (const file of readTar(memorySource(artifact))) parts.set(file.name, file)
const contents = new Map<string, Uint8Array>()
for (const [name, { start, size }] of parts) contents.set(name, artifact.slice(start, start + size))
const manifest = new TextDecoder().decode(contents.get('manifest'))

function joined(...all: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(all))
}

function flipped(name: string, offset: number): Uint8Array {
  const bent = artifact.slice()
  bent[parts.get(name)!.start + offset]! ^= 0x01
  return bent
}

type Change = Readonly<Record<string, Uint8Array | string | undefined>>

/** The artifact with other contents (undefined: without that file), in this order. */
function withParts(change: Change, order = [...contents.keys()]): Uint8Array {
  const files = order.flatMap((name) => {
    const content = name in change ? change[name] : contents.get(name)
    return content === undefined ? [] : [tarEntry({ name, content })]
  })
  return joined(...files, tarEnd)
}

/** The same, signed anew: only the content of what is signed can be wrong. */
function signedAnew(change: Change, text = manifest, one = signer): Uint8Array {
  const wanted = [{ signer: one, over: 'message', bytes: new TextEncoder().encode(text) } as const]
  const der = signAll(wanted, [one])[0]!
  const raw = der.length === 256 ? der : rawOf(der)
  return withParts({ ...change, manifest: text, 'manifest.sig': raw.toBase64() })
}

function rawOf(der: Uint8Array): Uint8Array {
  const raw = new Uint8Array(64)
  let offset = 3
  for (const end of [32, 64]) {
    const length = der[offset]!
    const digits = der.subarray(offset + 1, offset + 1 + length)
    const number = digits[0] === 0 ? digits.subarray(1) : digits
    raw.set(number, end - number.length)
    offset += length + 2
  }
  return raw
}

const payload = gunzipSync(contents.get('data/0000.tar.gz')!)
const header = gunzipSync(contents.get('header.tar.gz')!)
const digestLine = (name: string, bytes: Uint8Array) => `${sha256(bytes).toHex()}  ${name}\n`
const stranger = bare(await house.signer({ name: 'stranger' }))
const withoutInfo = new Uint8Array(gzipSync(joined(header.subarray(1_024))))
const order = [...contents.keys()]

const corruptions: readonly (readonly [string, string, () => Uint8Array])[] = [
  ['one octet of the manifest', 'signature-wrong', () => flipped('manifest', 3)],
  [
    'one octet of the signature',
    'signature-wrong',
    () =>
      withParts({
        'manifest.sig': contents
          .get('manifest.sig')!
          .map((octet, index) => (index === 20 ? (octet === 65 ? 66 : 65) : octet)),
      }),
  ],
  [
    'a signature that is no base64',
    'artefact-malformed',
    () => withParts({ 'manifest.sig': '!!!!' }),
  ],
  [
    'a signature in DER',
    'signature-wrong',
    () =>
      withParts({
        'manifest.sig': signAll(
          [{ signer, over: 'message', bytes: contents.get('manifest')! }],
          [signer],
        )[0]!.toBase64(),
      }),
  ],
  ['a signature of someone else', 'signature-wrong', () => signedAnew({}, manifest, stranger)],
  ['one octet of the version', 'artefact-malformed', () => flipped('version', 29)],
  [
    'another version of the format',
    'artefact-malformed',
    () => signedAnew({ version: '{"format":"mender","version":2}' }),
  ],
  ['one octet of the header', 'artefact-digest-wrong', () => flipped('header.tar.gz', 40)],
  ['one octet of a packed payload', 'artefact-malformed', () => flipped('data/0000.tar.gz', 60)],
  [
    'one octet of a payload, packed anew',
    'artefact-digest-wrong',
    () =>
      withParts({
        'data/0000.tar.gz': new Uint8Array(
          gzipSync(payload.map((octet, index) => (index === 1_000 ? octet ^ 1 : octet))),
        ),
      }),
  ],
  [
    'a payload with a file more',
    'artefact-not-covered',
    () =>
      withParts({
        'data/0000.tar.gz': new Uint8Array(
          gzipSync(joined(tarEntry({ name: 'more', content: 'x' }), payload)),
        ),
      }),
  ],
  [
    'a payload without its file',
    'artefact-malformed',
    () => withParts({ 'data/0000.tar.gz': new Uint8Array(gzipSync(tarEnd)) }),
  ],
  [
    'a manifest that names a file more',
    'artefact-malformed',
    () => signedAnew({}, manifest + digestLine('data/0000/more', image)),
  ],
  [
    'a manifest that leaves the header out',
    'artefact-not-covered',
    () => signedAnew({}, manifest.replace(/^.*header\.tar\.gz\n/m, '')),
  ],
  ['a manifest that is none', 'artefact-malformed', () => signedAnew({}, 'nothing\n')],
  [
    'a header without header-info',
    'artefact-malformed',
    () =>
      signedAnew(
        { 'header.tar.gz': withoutInfo },
        manifest.replace(/^.*header\.tar\.gz\n/m, digestLine('header.tar.gz', withoutInfo)),
      ),
  ],
  ['no payload', 'artefact-malformed', () => withParts({ 'data/0000.tar.gz': undefined })],
  ['no manifest', 'artefact-malformed', () => withParts({ manifest: undefined })],
  [
    'a manifest before the version',
    'artefact-of-another-form',
    () => withParts({}, ['manifest', ...order.filter((name) => name !== 'manifest')]),
  ],
  [
    'a payload before the header',
    'artefact-malformed',
    () => withParts({}, [...order.slice(0, 3), 'data/0000.tar.gz', 'header.tar.gz']),
  ],
  [
    'an artifact that is cut off',
    'artefact-truncated',
    () => artifact.subarray(0, artifact.length - 4_096),
  ],
  ['a header whose sum is wrong', 'artefact-malformed', () => flipped('header.tar.gz', -500)],
]

for (const [what, reason, bend] of corruptions)
  test(`neither mender-artifact nor we take ${what}`, { skip }, async () => {
    const bent = bend()
    const word = await judgedBy(form, bent, trusting(signer))
    assert.equal(word.split(':')[0], reason, word)
    const { taken, said } = validates(bent)
    assert.ok(!taken, said)
  })

/** What mender-artifact 3.9 passes over. */
const ours: readonly (readonly [string, string, () => Uint8Array])[] = [
  ['no signature', 'artefact-not-signed', () => container],
  ['octets behind the end', 'artefact-trailing-octets', () => joined(artifact, Uint8Array.of(1))],
  [
    'a record of zeros behind the end',
    'artefact-trailing-octets',
    () => joined(artifact, new Uint8Array(10_240)),
  ],
  [
    'octets behind a packed payload',
    'artefact-trailing-octets',
    () =>
      withParts({
        'data/0000.tar.gz': joined(contents.get('data/0000.tar.gz')!, new Uint8Array(9)),
      }),
  ],
  [
    'a payload in second place that nobody counted',
    'artefact-not-covered',
    () =>
      joined(
        artifact.subarray(0, -1_024),
        tarEntry({
          name: 'data/0001.tar.gz',
          content: new Uint8Array(gzipSync(tarEntry({ name: 'x', content: 'y' }))),
        }),
        tarEnd,
      ),
  ],
  [
    'something that was added to after it was signed',
    'artefact-not-covered',
    () =>
      withParts({ 'manifest-augment': '' }, [
        ...order.slice(0, 3),
        'manifest-augment',
        ...order.slice(3),
      ]),
  ],
]

for (const [what, reason, bend] of ours)
  test(`we do not take ${what}, whatever mender-artifact does`, async () => {
    const word = await judgedBy(form, bend(), trusting(signer))
    assert.equal(word.split(':')[0], reason, word)
  })

test('a device that knows no key for it says so', async () => {
  const other = bare(await house.signer({ algorithm: 'ed25519' }))
  assert.match(await judgedBy(form, artifact, trusting(other)), /^artefact-signer-unknown/)
})
