// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ByteSource, memorySource } from '#format/archive/byte-source.ts'
import { findForm, formNamed } from './find-form.ts'
import type { ArtefactFormName } from './form-names.ts'
import type { AnyForm } from './forms.ts'

function beginningWith(name: ArtefactFormName, octets: readonly number[]): AnyForm {
  const never = () => assert.fail('nothing but the beginning is asked')
  return {
    ...{ name, title: name, place: 'embedded', algorithms: [], options: {} },
    ...{ needsAll: undefined, refuse: never, plan: never, verify: never, inspect: never },
    refuse: () => undefined,
    recognise: async (source: ByteSource) => {
      const read = await source.read(0, octets.length)
      return octets.every((octet, index) => read[index] === octet)
    },
  }
}

const forms = {
  mcuboot: beginningWith('mcuboot', [1, 2]),
  raw: beginningWith('raw', [1]),
  suit: beginningWith('suit', [9]),
}

async function wordFor(...octets: readonly number[]): Promise<string> {
  const found = await findForm(memorySource(Uint8Array.from(octets)), forms)
  return 'reason' in found ? `${found.reason}: ${found.detail}` : found.name
}

test('the form of a file is found by what is in it', async () => {
  assert.equal(await wordFor(9, 9), 'suit')
  assert.equal(await wordFor(1, 3), 'raw')
})

test('what no form knows is refused, an empty file, too', async () => {
  assert.match(await wordFor(), /^artefact-of-another-form: /)
  assert.match(await wordFor(7), /^artefact-of-another-form: /)
})

test('what can be read as two forms is refused with both names', async () => {
  assert.match(await wordFor(1, 2), /^artefact-form-ambiguous: .*mcuboot and as raw/)
})

test('a form that is not there is refused with the names of those that are', () => {
  const found = formNamed('authenticode', forms)
  assert.ok('reason' in found)
  assert.equal(found.reason, 'artefact-of-another-form')
})
