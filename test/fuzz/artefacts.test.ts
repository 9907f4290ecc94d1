// SPDX-License-Identifier: Apache-2.0
/**
 * Signed artefacts under mutation, by the way that every file takes: which form it is of, what it is made of, whether a
 * device believes it. Nothing is thrown, nothing is read without bound, and what is believed says what was signed.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { archiveTools } from '#edge/images/tools.ts'
import { type ByteSource, memorySource } from '#format/archive/byte-source.ts'
import { concatBytes, sameBytes } from '#format/bytes.ts'
import { findForm } from '#trust/artefact/find-form.ts'
import type { ArtefactFormName } from '#trust/artefact/form-names.ts'
import { type AnyForm, artefactForms } from '#trust/artefact/forms.ts'
import { artefactRefusals } from '#trust/artefact/refusal.ts'
import { showArtefact } from '#trust/artefact/show-artefact.ts'
import type { Verdict } from '#trust/artefact/verdict.ts'
import { peerRefusals } from '#trust/peer/refusal.ts'
import { trustRefusals } from '#trust/refusal.ts'
import { type ArtefactSample, sampleMakers } from '../support/artefacts/samples.ts'
import { mutateBytes } from './mutate.ts'
import { depthOfRun, Random, seedOfRun } from './random.ts'

const seed = seedOfRun()
const rounds = 150 * depthOfRun()
const forms = artefactForms(archiveTools())
const known: ReadonlySet<string> = new Set([...artefactRefusals, ...peerRefusals, ...trustRefusals])

test('every form has a sample here', () => {
  assert.deepEqual(Object.keys(sampleMakers).sort(), Object.keys(forms).sort())
})

/** A source that says how much of it was read. */
function counting(bytes: Uint8Array): {
  readonly source: ByteSource
  readonly octets: () => number
} {
  const inner = memorySource(bytes)
  let octets = 0
  const source: ByteSource = {
    size: bytes.length,
    async read(at, length) {
      const read = await inner.read(at, length)
      octets += read.length
      return read
    },
  }
  return { source, octets: () => octets }
}

/** As often as a form may go over a small file; what would go on for ever is far beyond. */
const mostOver = 200

interface Tried {
  readonly form: AnyForm
  readonly sample: ArtefactSample
  readonly signed: Verdict
}

/** Every way that the file can take; gives `genuine`, or the reason why not. */
async function walk({ form, sample, signed }: Tried, bytes: Uint8Array): Promise<string> {
  const { source, octets } = counting(bytes)
  await findForm(source, forms)
  const shown = await showArtefact(form, source)
  if ('reason' in shown) assert.ok(known.has(shown.reason), shown.reason)
  else assert.ok(shown.title.length > 0 && shown.title.length < 1_000 && shown.parts.length < 2_000)
  const beside = sample.beside && memorySource(sample.beside)
  const verdict = await form.verify(source, sample.trust, beside)
  assert.ok(octets() <= mostOver * (bytes.length + 1_024), `read ${octets()} of ${bytes.length}`)
  if (verdict.kind === 'genuine') {
    for (const part of ['version', 'securityVersion', 'covers'] as const)
      assert.deepEqual(verdict[part], signed[part])
    return 'genuine'
  }
  assert.ok(known.has(verdict.reason), verdict.reason)
  assert.doesNotMatch(verdict.detail, /undefined|NaN|\[object/)
  return verdict.reason
}

/** What is done to any file on its way, whatever its form. */
const damages: readonly (readonly [what: string, change: (bytes: Uint8Array) => Uint8Array])[] = [
  ['nothing is left of it', () => new Uint8Array()],
  ['its first octet alone', (bytes) => bytes.slice(0, 1)],
  ['its last octet is missing', (bytes) => bytes.slice(0, -1)],
  ['its second half is missing', (bytes) => bytes.slice(0, bytes.length >> 1)],
  ['its last kibioctet is missing', (bytes) => bytes.slice(0, -1_024)],
  ['its first octet is missing', (bytes) => bytes.slice(1)],
  ['an octet stands before it', (bytes) => concatBytes([Uint8Array.of(0), bytes])],
  ['an octet follows it', (bytes) => concatBytes([bytes, Uint8Array.of(1)])],
  ['it follows itself', (bytes) => concatBytes([bytes, bytes])],
  ['its beginning is cleared', (bytes) => bytes.map((octet, at) => (at < 16 ? 0 : octet))],
  ['its beginning is all ones', (bytes) => bytes.map((octet, at) => (at < 16 ? 0xff : octet))],
  [
    'its end is all ones',
    (bytes) => bytes.map((octet, at) => (at < bytes.length - 16 ? octet : 0xff)),
  ],
]

/** What takes nothing away that anybody reads. */
const harmless: Readonly<Record<string, readonly string[]>> = {
  // cpio fills up to 512 octets behind its trailer, and others do not.
  swupdate: ['its last octet is missing'],
}

for (const [name, make] of Object.entries(sampleMakers)) {
  const form = forms[name as ArtefactFormName]
  if (form === undefined) continue
  const tried = make(forms).then(async (sample): Promise<Tried> => {
    const beside = sample.beside && memorySource(sample.beside)
    const signed = await form.verify(memorySource(sample.bytes), sample.trust, beside)
    assert.ok(signed.kind === 'genuine', JSON.stringify(signed))
    return { form, sample, signed }
  })

  test(`${name} is found by what is in it`, async () => {
    const found = await findForm(memorySource((await tried).sample.bytes), forms)
    // A bare signature is any octets: nobody knows it by what is in it.
    const expected = name === 'raw' ? 'artefact-of-another-form' : name
    assert.equal('reason' in found ? found.reason : found.name, expected)
  })

  test(`${name} is not believed when it was damaged on its way`, async () => {
    for (const [what, change] of damages) {
      const one = await tried
      const changed = change(one.sample.bytes)
      const word = await walk(one, changed)
      const isTaken = harmless[name]?.includes(what) || sameBytes(changed, one.sample.bytes)
      assert.equal(word === 'genuine', isTaken === true, what)
    }
  })

  test(`${name} holds under ${rounds} changes (FUZZ_SEED=${seed})`, async () => {
    const random = new Random(seed)
    const one = await tried
    const met = new Set<string>()
    for (let round = 0; round < rounds; round++)
      met.add(await walk(one, mutateBytes(random, one.sample.bytes)))
    // A bare signature has one way to be wrong.
    assert.ok(met.size >= (name === 'raw' ? 1 : 3), [...met].join(' '))
  })
}

test('octets of chance are of no form, and every form takes them', async () => {
  const random = new Random(seed)
  for (let round = 0; round < rounds; round++) {
    const source = memorySource(random.bytes(random.below(5_000)))
    const found = await findForm(source, forms)
    assert.ok('reason' in found && found.reason === 'artefact-of-another-form')
    for (const form of Object.values(forms)) await showArtefact(form, source)
  }
})
