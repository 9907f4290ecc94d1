// SPDX-License-Identifier: Apache-2.0
/** FITs that mkimage signs are genuine to us, and those that we sign, and those that are not, to U-Boot itself. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { u32be } from '#format/archive/fields.ts'
import { concatBytes } from '#format/bytes.ts'
import { type FdtNode, parseFdt } from '#format/firmware/boot/fdt.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { readPieces } from '#trust/artefact/pieces.ts'
import { addFitKeys, encodeFitKeySource } from '#trust/artefact/uboot-fit/control-tree.ts'
import { fitForm } from '#trust/artefact/uboot-fit/fit.ts'
import { coveredRegions } from '#trust/artefact/uboot-fit/regions.ts'
import { nodesOf, readFitTree, signedPaths } from '#trust/artefact/uboot-fit/tree.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import { absent } from '../support/absent.ts'
import { board, devicetree, kernel, plainFit } from '../support/artefacts/fit.ts'
import { fitCorruptions } from '../support/artefacts/fit-corruptions.ts'
import { judged, signed, signerOf, trustIn } from '../support/artefacts/signed.ts'
import { boardTree, qemu, startedByUboot, uboot } from '../support/artefacts/u-boot.ts'
import { temporaryDirectory } from '../support/house.ts'

const place = temporaryDirectory()
const [mkimage, dumpimage, dtc] = ['/usr/bin/mkimage', '/usr/bin/dumpimage', '/usr/bin/dtc']
const noTools = absent(mkimage, dumpimage, dtc)
const noUboot = absent(qemu, uboot)

function run(program: string, ...words: readonly string[]): string {
  const ran = spawnSync(program, words, { cwd: place, encoding: 'utf8' })
  assert.equal(ran.status, 0, `${program} ${words.join(' ')}: ${ran.stdout}${ran.stderr}`)
  return ran.stdout
}

/** The source of a FIT, for mkimage. */
function source(signature: string): string {
  const image = (name: string, file: string, more: string) =>
    `${name} { description = "${name}"; data = /incbin/("${file}"); arch = "arm"; compression = "none"; ${more}
      hash-1 { algo = "sha256"; }; hash-2 { algo = "crc32"; }; };`
  return `/dts-v1/; / { description = "an infusion pump"; #address-cells = <1>;
    images {
      ${image('kernel-1', 'kernel', 'type = "kernel"; os = "linux"; load = <0x40080000>; entry = <0x40080000>;')}
      ${image('fdt-1', 'board', 'type = "flat_dt";')}
    };
    configurations { default = "conf-1"; conf-1 { kernel = "kernel-1"; fdt = "fdt-1";
      signature-1 { ${signature} }; }; }; };`
}

/** A key as mkimage wants it: NAME.key and NAME.crt in a directory. */
function makeKey(name: string, bits: number): PublicKey {
  const key = join('keys', `${name}.key`)
  run(
    '/usr/bin/openssl',
    'genpkey',
    '-algorithm',
    'RSA',
    '-pkeyopt',
    `rsa_keygen_bits:${bits}`,
    '-out',
    key,
  )
  run(
    '/usr/bin/openssl',
    'req',
    '-batch',
    '-new',
    '-x509',
    '-key',
    key,
    '-out',
    join('keys', `${name}.crt`),
  )
  const spki = createPublicKey(readFileSync(join(place, key))).export({
    format: 'der',
    type: 'spki',
  })
  const read = importPublicKey(parseSubjectPublicKeyInfo(Uint8Array.from(spki)))
  assert.ok(!('kind' in read))
  return read
}

const read = (name: string) => Uint8Array.from(readFileSync(join(place, name)))
mkdirSync(join(place, 'keys'))
writeFileSync(join(place, 'kernel'), kernel)
writeFileSync(join(place, 'board'), board)
const keys =
  noTools === false ? { two: makeKey('two', 2048), three: makeKey('three', 3072) } : undefined

test('what mkimage signs is genuine, whatever the padding, the digest and the place of data', {
  skip: noTools,
}, async () => {
  const cases = [
    ['algo = "sha256,rsa2048"; key-name-hint = "two";', []],
    ['algo = "sha512,rsa3072"; key-name-hint = "three";', []],
    ['algo = "sha256,rsa3072"; key-name-hint = "three"; padding = "pss";', []],
    ['algo = "sha384,rsa2048"; key-name-hint = "two"; padding = "pkcs-1.5";', ['-E']],
    ['algo = "sha256,rsa2048"; key-name-hint = "two";', ['-E', '-p', '0x2000']],
  ] as const
  const trust = { ...trustIn([]), keys: Object.values(keys!) }
  for (const [signature, flags] of cases) {
    writeFileSync(join(place, 'made.its'), source(signature))
    run(mkimage, ...flags, '-f', 'made.its', '-k', 'keys', '-r', 'made.itb')
    const made = read('made.itb')
    assert.equal(await judged(fitForm, made, trust), 'genuine', signature)
    const stranger = trustIn([await signerOf('p-256')])
    assert.equal(await judged(fitForm, made, stranger), 'artefact-signer-unknown')
    const changed = made.slice()
    const at = Buffer.from(made).indexOf(Buffer.from(kernel.subarray(0, 64)))
    changed[at] = changed[at]! ^ 1
    assert.equal(await judged(fitForm, changed, trust), 'artefact-digest-wrong')
  }
})

test('SHA-1, which mkimage still signs, is refused by name', { skip: noTools }, async () => {
  writeFileSync(join(place, 'old.its'), source('algo = "sha1,rsa2048"; key-name-hint = "two";'))
  run(mkimage, '-f', 'old.its', '-k', 'keys', '-r', 'old.itb')
  const answer = judged(fitForm, read('old.itb'), { ...trustIn([]), keys: [keys!.two] })
  assert.equal(await answer, 'signature-algorithm-unknown')
})

test('our node of a key is that of mkimage, value by value, in both forms', {
  skip: noTools,
}, async () => {
  writeFileSync(
    join(place, 'same.its'),
    source('algo = "sha256,rsa3072"; key-name-hint = "three";'),
  )
  writeFileSync(join(place, 'empty.dts'), '/dts-v1/; / { };')
  run(dtc, '-O', 'dtb', '-o', 'theirs.dtb', 'empty.dts')
  run(mkimage, '-f', 'same.its', '-k', 'keys', '-K', 'theirs.dtb', '-r', 'same.itb')
  const mine = [{ publicKey: keys!.three, algorithm: 'rsa-sha256', name: 'three' } as const]
  writeFileSync(join(place, 'keys.dts'), `/dts-v1/;\n${encodeFitKeySource(mine)}`)
  run(dtc, '-O', 'dtb', '-o', 'source.dtb', 'keys.dts')
  run(dtc, '-O', 'dtb', '-o', 'empty.dtb', 'empty.dts')
  const patched = await addFitKeys(read('empty.dtb'), mine)
  const theirs = await keyNode(read('theirs.dtb'))
  for (const tree of [patched, read('source.dtb')])
    assert.deepEqual(valuesOf(await keyNode(tree)), valuesOf(theirs))
})

async function keyNode(tree: Uint8Array): Promise<FdtNode> {
  const { root } = await parseFdt(memorySource(tree))
  const found = root.children.find(({ name }) => name === 'signature')?.children[0]
  assert.equal(found?.name, 'key-three')
  return found
}

function valuesOf({ properties }: FdtNode) {
  return [...properties.values()].map(({ name, bytes }) => [name, bytes?.toHex()]).sort()
}

test('dumpimage reads what we sign', { skip: noTools }, async () => {
  const signers = [await signerOf('p-256'), await signerOf('p-384')]
  const octets = await signed(
    fitForm,
    devicetree(plainFit()),
    { keyName: ['first', 'second'] },
    signers,
  )
  writeFileSync(join(place, 'ours.itb'), octets)
  const said = run(dumpimage, '-l', 'ours.itb')
  assert.match(said, /Sign algo: +sha256,ecdsa256:first/)
  assert.match(said, /Sign algo: +sha384,ecdsa384:second/)
})

test('dumpimage reads PSS of ours, and openssl finds the longest salt, as in what mkimage signs', {
  skip: noTools,
}, async () => {
  const signer = await signerOf('rsa-2048', 'rsa-pss-sha256-longest-salt')
  writeFileSync(join(place, 'pss.itb'), await signed(fitForm, devicetree(plainFit()), {}, [signer]))
  assert.match(run(dumpimage, '-l', 'pss.itb'), /Sign padding: +pss/)
  const pem = signer.publicKey.keyObject.export({ format: 'pem', type: 'spki' })
  writeFileSync(join(place, 'pss.pub'), pem)
  await checkLongestSalt('pss.itb', 'pss.pub')
  const theirs = 'algo = "sha256,rsa2048"; key-name-hint = "two"; padding = "pss";'
  writeFileSync(join(place, 'pss.its'), source(theirs))
  run(mkimage, '-f', 'pss.its', '-k', 'keys', '-r', 'theirs.itb')
  writeFileSync(join(place, 'two.pub'), keys!.two.keyObject.export({ format: 'pem', type: 'spki' }))
  await checkLongestSalt('theirs.itb', 'two.pub')
})

/** By openssl, over what the one signature of the one configuration covers. */
async function checkLongestSalt(fit: string, key: string): Promise<void> {
  const octets = memorySource(read(fit))
  const tree = await readFitTree(octets)
  assert.ok(tree.kind === 'tree')
  const [configuration] = tree.configurations
  const [node] = nodesOf(configuration!, 'signature')
  const size = u32be(node!.properties.get('hashed-strings')!.bytes!, 4)
  const covered = coveredRegions(octets, tree.fdt, signedPaths(configuration!, tree), size)
  writeFileSync(join(place, 'covered'), concatBytes(await Array.fromAsync(readPieces(covered))))
  writeFileSync(join(place, 'value'), node!.properties.get('value')!.bytes!)
  const options = ['rsa_padding_mode:pss', 'rsa_pss_saltlen:max'].flatMap((one) => ['-sigopt', one])
  const words = ['dgst', '-sha256', ...options, '-verify', key, '-signature', 'value', 'covered']
  assert.match(run('/usr/bin/openssl', ...words), /Verified OK/)
}

test('U-Boot starts what we sign, and refuses what we refuse', { skip: noUboot }, async () => {
  const rsa = await signerOf('rsa-2048')
  const other = await signerOf('rsa-2048')
  const plain = devicetree(plainFit())
  const good = await signed(fitForm, plain, {}, [rsa])
  const tree = await addFitKeys(boardTree(place), [rsa])
  const damaged = await Promise.all(fitCorruptions.map(({ change }) => change(good)))
  const asked = [
    ...[
      good,
      await signed(fitForm, plain, {}, [other, rsa]),
      await signed(fitForm, good, {}, [rsa]),
    ],
    ...[plain, await signed(fitForm, plain, {}, [other])],
    ...damaged,
  ]
  const { started } = await startedByUboot(
    place,
    tree,
    asked.map((octets, index) => ({
      octets,
      configuration: fitCorruptions[index - 5]?.configuration ?? 'conf-1',
    })),
  )
  assert.deepEqual(started.slice(0, 5), [true, true, true, false, false])
  const wanted = fitCorruptions.map(({ name, uboot: does }) => [name, does])
  const did = fitCorruptions.map(({ name }, index) => [
    name,
    started[index + 5] ? 'starts' : 'refuses',
  ])
  assert.deepEqual(did, wanted)
})

test('U-Boot demands both keys, or either, as its tree says', { skip: noUboot }, async () => {
  const [one, two] = [await signerOf('rsa-2048'), await signerOf('rsa-2048')]
  const plain = devicetree(plainFit())
  const fits = [
    await signed(fitForm, plain, {}, [one]),
    await signed(fitForm, plain, {}, [one, two]),
  ]
  const asked = fits.map((octets) => ({ octets, configuration: 'conf-1' }))
  const before = boardTree(place)
  const all = await startedByUboot(place, await addFitKeys(before, [one, two]), asked)
  assert.deepEqual(all.started, [false, true])
  const any = await startedByUboot(place, await addFitKeys(before, [one, two], 'any'), asked)
  assert.deepEqual(any.started, [true, true])
})
