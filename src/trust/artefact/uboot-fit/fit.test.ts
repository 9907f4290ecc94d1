// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { concatBytes } from '#format/bytes.ts'
import { fdtText, parseFdt } from '#format/firmware/boot/fdt.ts'
import {
  changeNode,
  devicetree,
  fitImage,
  kernel,
  placeOf,
  plainFit,
  takeTree,
} from '../../../../test/support/artefacts/fit.ts'
import { fitCorruptions } from '../../../../test/support/artefacts/fit-corruptions.ts'
import { put } from '../../../../test/support/artefacts/mcuboot-corruptions.ts'
import {
  judged,
  refusedPlan,
  signatures,
  signed,
  signerOf,
  type TestSigner,
  trustIn,
} from '../../../../test/support/artefacts/signed.ts'
import { readPieces } from '../pieces.ts'
import { addFitKeys, encodeFitKeySource } from './control-tree.ts'
import { fitForm } from './fit.ts'
import { fitHint } from './key-node.ts'
import { readFitTree, signedPaths } from './tree.ts'
import { uncoveredName } from './uncovered.ts'

const rsa = await signerOf('rsa-3072')
const p256 = await signerOf('p-256')
const p384 = await signerOf('p-384')
const other = await signerOf('p-256')
const fit = devicetree(plainFit())
const byRsa = await signed(fitForm, fit, {}, [rsa])

test('what each key signs is genuine for who knows it, and for nobody else', async () => {
  const rsaWide: TestSigner = { ...rsa, algorithm: 'rsa-sha512' }
  for (const signer of [rsa, rsaWide, p256, p384]) {
    const octets = await signed(fitForm, fit, {}, [signer])
    assert.equal(await judged(fitForm, octets, trustIn([signer])), 'genuine')
    const stranger = signer === rsa || signer === rsaWide ? other : rsa
    assert.equal(await judged(fitForm, octets, trustIn([stranger])), 'artefact-signer-unknown')
  }
  // Signatures name no key that could be trusted: by a key of the same kind one is as good as wrong.
  const octets = await signed(fitForm, fit, {}, [p256])
  assert.equal(await judged(fitForm, octets, trustIn([other])), 'signature-wrong')
})

test('RSA signs by PSS where it is chosen, with the longest salt alone', async () => {
  const asked = askedOf({ padding: 'pss' }, rsa)
  assert.equal(asked, 'rsa-pss-sha256-longest-salt')
  assert.equal(askedOf({}, rsa), undefined)
  assert.equal(askedOf({ padding: 'pss' }, p256), undefined)
  const wide: TestSigner = { ...rsa, algorithm: 'rsa-pss-sha512-longest-salt' }
  for (const [signer, options] of [
    [{ ...rsa, algorithm: asked }, { padding: 'pss' }],
    [wide, {}],
  ] as const) {
    const octets = await signed(fitForm, fit, options, [signer])
    assert.equal(await judged(fitForm, octets, trustIn([signer])), 'genuine')
    const node = (await parseFdt(memorySource(octets))).root.children[1]?.children[0]?.children[0]
    assert.equal(fdtText(node?.properties.get('padding')), 'pss')
  }
  // What is no padding to U-Boot is none here: a salt of the digest's length.
  const plan = await fitForm.plan(memorySource(fit), {}, [wide])
  assert.ok(plan.kind === 'plan')
  const wanted = plan.wanted.map(
    (one) => ({ ...one, signer: { ...wide, algorithm: 'rsa-pss-sha512' } }) as const,
  )
  const short = concatBytes(
    await Array.fromAsync(
      readPieces(await plan.finish(await signatures({ ...plan, wanted }, [wide]))),
    ),
  )
  assert.equal(await judged(fitForm, short, trustIn([wide])), 'signature-wrong')
})

test('a padding that is none, of no key, or other than a key signs by, is refused', async () => {
  for (const [padding, signer] of [
    ['oaep', rsa],
    ['pss', p256],
    ['pss', rsa],
    ['pkcs-1.5', { ...rsa, algorithm: 'rsa-pss-sha256-longest-salt' }],
  ] as const)
    assert.equal(await refusedPlan(fitForm, fit, { padding }, [signer]), 'artefact-choice-wrong')
})

function askedOf(options: Readonly<Record<string, unknown>>, { publicKey }: TestSigner) {
  return fitForm.asks?.(options, publicKey)
}

test('several keys sign one configuration, and each alone is enough', async () => {
  const octets = await signed(fitForm, fit, {}, [rsa, p256])
  for (const known of [[rsa], [p256], [p256, rsa]])
    assert.equal(await judged(fitForm, octets, trustIn(known)), 'genuine')
})

for (const { name, refusal, change } of fitCorruptions) {
  test(`refuses ${name}: ${refusal}`, async () => {
    assert.equal(await judged(fitForm, await change(byRsa), trustIn([rsa])), refusal)
  })
}

test('all of the tree but for the new nodes stays as it was', async () => {
  const before = await takeTree(fit)
  const after = await takeTree(byRsa)
  const without = changeNode(after, '/configurations/conf-1', (node) => ({ ...node, children: [] }))
  assert.deepEqual(without, await takeTree(devicetree(before)))
  const node = (await parseFdt(memorySource(byRsa))).root.children[1]?.children[0]?.children[0]
  assert.deepEqual(
    ['algo', 'key-name-hint', 'hashed-nodes'].map((one) =>
      new TextDecoder().decode(node?.properties.get(one)?.bytes),
    ),
    [
      'sha256,rsa3072\0',
      `${fitHint(rsa.publicKey)}\0`,
      '/\0/configurations/conf-1\0/images/kernel-1\0/images/kernel-1/hash-1\0/images/fdt-1\0/images/fdt-1/hash-1\0',
    ],
  )
})

test('signed anew, the old signatures are gone', async () => {
  const again = await signed(fitForm, byRsa, {}, [p256])
  assert.equal(await judged(fitForm, again, trustIn([rsa])), 'artefact-signer-unknown')
  assert.equal(await judged(fitForm, again, trustIn([p256])), 'genuine')
})

test('every configuration has to be signed, and one can be signed after the other', async () => {
  const two = changeNode(plainFit(), '/configurations', (node) => ({
    ...node,
    children: [...(node.children ?? []), { name: 'conf-2', properties: [['kernel', 'kernel-1']] }],
  }))
  const first = await signed(fitForm, devicetree(two), { configuration: ['conf-1'] }, [rsa])
  assert.equal(await judged(fitForm, first, trustIn([rsa])), 'artefact-not-signed')
  const both = await signed(fitForm, first, { configuration: ['conf-2'] }, [p256])
  assert.equal(await judged(fitForm, both, trustIn([rsa, p256])), 'genuine')
  assert.equal(await judged(fitForm, both, trustIn([rsa])), 'artefact-signer-unknown')
})

test('a ramdisk, and whatever else a configuration starts, is covered', async () => {
  const more = changeNode(plainFit(), '/images', (node) => ({
    ...node,
    children: [...(node.children ?? []), fitImage('disk', kernel), fitImage('fpga', kernel)],
  }))
  const tree = changeNode(more, '/configurations/conf-1', (node) => ({
    ...node,
    properties: [...node.properties, ['ramdisk', 'disk'], ['loadables', ['fpga', 'disk']]],
  }))
  const octets = await signed(fitForm, devicetree(tree), {}, [p256])
  assert.equal(await judged(fitForm, octets, trustIn([p256])), 'genuine')
  const { offset } = await placeOf(octets, '/images/fpga', 'arch')
  assert.equal(await judged(fitForm, put(octets, offset, 0x62), trustIn([p256])), 'signature-wrong')
})

/** The kernel's data behind the tree, as mkimage -E puts them, or at a place, as -p does. */
async function external(place: number | undefined): Promise<Uint8Array> {
  const tree = changeNode(plainFit(), '/images/kernel-1', (node) => ({
    ...node,
    properties: [
      ...node.properties.filter(([name]) => name !== 'data'),
      ['data-size', [kernel.length]],
      place === undefined ? ['data-offset', [0]] : ['data-position', [place]],
    ],
  }))
  const octets = devicetree(tree)
  const gap = new Uint8Array(place === undefined ? 0 : place - octets.length)
  return concatBytes([octets, gap, kernel])
}

test('data behind the tree stay where their image says', async () => {
  for (const place of [undefined, 8_192]) {
    const octets = await signed(fitForm, await external(place), {}, [p256])
    assert.equal(await judged(fitForm, octets, trustIn([p256])), 'genuine')
    const last = put(octets, -1, 0)
    assert.equal(await judged(fitForm, last, trustIn([p256])), 'artefact-digest-wrong')
    const cut = octets.slice(0, -1)
    assert.equal(await judged(fitForm, cut, trustIn([p256])), 'artefact-truncated')
  }
  const narrow = await refusedPlan(fitForm, await external(1_200), {}, [rsa])
  assert.equal(narrow, 'artefact-choice-wrong')
})

test('what U-Boot would not start, or not cover, is not signed', async () => {
  const image = (change: Parameters<typeof changeNode>[2]) =>
    devicetree(changeNode(plainFit(), '/images/kernel-1', change))
  const hash = (...properties: readonly (readonly [string, string | Uint8Array])[]) =>
    image((node) => ({ ...node, children: [{ name: 'hash-1', properties }] }))
  const refusals = [
    [fit, {}, [], 'artefact-choice-wrong'],
    [fit, { configuration: ['conf-9'] }, [rsa], 'artefact-choice-wrong'],
    [fit, { keyName: ['a b'] }, [rsa], 'artefact-choice-wrong'],
    [fit, { keyName: ['a', 'b'] }, [rsa], 'artefact-choice-wrong'],
    [fit, {}, [await signerOf('ed25519')], 'artefact-signer-unfit'],
    [fit, {}, [{ ...p256, algorithm: 'ecdsa-sha384' }], 'artefact-signer-unfit'],
    [fit, {}, [{ ...rsa, algorithm: 'rsa-pss-sha256' }], 'artefact-signer-unfit'],
    [devicetree({ name: '', properties: [] }), {}, [rsa], 'artefact-of-another-form'],
    [
      devicetree({ ...plainFit(), properties: [['description', 'made without mkimage']] }),
      ...([{}, [rsa], 'artefact-malformed'] as const),
    ],
    [image((node) => ({ ...node, children: [] })), {}, [rsa], 'artefact-not-covered'],
    [hash(['algo', 'crc32'], ['value', new Uint8Array(4)]), {}, [rsa], 'artefact-not-covered'],
    [hash(['algo', 'sha256']), {}, [rsa], 'artefact-digest-wrong'],
    [
      image((node) => ({ ...node, properties: [...node.properties, ['data-offset', [0]]] })),
      ...([{}, [rsa], 'artefact-field-twice'] as const),
    ],
    [image((node) => ({ ...node, name: 'kernel-1@1' })), {}, [rsa], 'artefact-malformed'],
    [
      devicetree(
        changeNode(plainFit(), '/images', (node) => ({
          ...node,
          children: [...(node.children ?? []), fitImage('fdt-1', kernel)],
        })),
      ),
      ...([{}, [rsa], 'artefact-field-twice'] as const),
    ],
    [fit.slice(0, -1), {}, [rsa], 'artefact-truncated'],
  ] as const
  for (const [octets, options, signers, reason] of refusals)
    assert.equal(await refusedPlan(fitForm, octets, options, signers), reason, reason)
})

test('a name that is not among those covered gives its property away', async () => {
  const tree = await readFitTree(memorySource(byRsa))
  assert.ok(tree.kind === 'tree')
  const paths = signedPaths(tree.configurations[0]!, tree)
  const { stringsSize } = (await parseFdt(memorySource(fit))).header
  assert.equal(uncoveredName(tree, paths, stringsSize), undefined)
  assert.equal(uncoveredName(tree, paths, 20)?.reason, 'artefact-not-covered')
})

test('keys go into the devicetree of U-Boot, and into a source for its build', async () => {
  const keys = [
    { publicKey: rsa.publicKey, algorithm: rsa.algorithm },
    { publicKey: p256.publicKey, algorithm: p256.algorithm, name: 'spare' },
  ]
  const before = devicetree({ name: '', properties: [['model', 'a board']] })
  const once = await addFitKeys(before, keys)
  const twice = await addFitKeys(once, keys.slice(1), 'any')
  const { root } = await parseFdt(memorySource(twice))
  const [node] = root.children
  assert.deepEqual(
    [node?.name, node?.children.map(({ name }) => name)],
    ['signature', ['key-spare', `key-${fitHint(rsa.publicKey)}`]],
  )
  assert.equal(new TextDecoder().decode(node?.properties.get('required-mode')?.bytes), 'any\0')
  assert.ok(root.properties.has('model'))
  const source = encodeFitKeySource(keys)
  assert.match(source, /key-spare \{\n\t\t\trequired = "conf";\n\t\t\talgo = "sha256,ecdsa256";/)
  assert.match(source, /rsa,exponent = <0x00000000 0x00010001>;/)
  assert.throws(() => encodeFitKeySource([{ ...keys[0]!, algorithm: 'ed25519' }]), TypeError)
})

test('its anatomy tells images, configurations and signatures, and what is wrong with a damaged one', async () => {
  const { title, parts } = await fitForm.inspect(memorySource(byRsa))
  assert.equal(title, 'U-Boot FIT, an infusion pump')
  assert.deepEqual(
    parts.map(({ name }) => name),
    [
      ...['tree', '/images/kernel-1', '/images/fdt-1'],
      ...['/configurations/conf-1', '/configurations/conf-1/signature-1'],
    ],
  )
  const twice = changeNode(plainFit(), '/images', (node) => ({
    ...node,
    children: [...(node.children ?? []), fitImage('fdt-1', kernel)],
  }))
  const damaged = await fitForm.inspect(memorySource(devicetree(twice)))
  assert.match(damaged.parts[0]!.what, /does not read on/)
})
