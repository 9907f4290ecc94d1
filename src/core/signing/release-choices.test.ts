// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cmsForm } from '#trust/artefact/cms/form.ts'
import { raucOptions } from '#trust/artefact/rauc/choices.ts'
import { swupdateOptions } from '#trust/artefact/swupdate/choices.ts'
import { madeNow } from '../../../test/made-certificates.ts'
import { choicesOf, type ReleaseFacts } from './release-choices.ts'

test('a release says in every CMS when it was signed, whatever the plan says of it', () => {
  // Nothing else of a release is asked for by these forms.
  const facts = { now: madeNow } as ReleaseFacts
  for (const form of [
    cmsForm,
    { name: 'rauc', options: raucOptions },
    { name: 'swupdate', options: swupdateOptions },
  ] as const)
    assert.deepEqual(choicesOf(form, { signedAt: '2000-01-01T00:00:00Z' }, facts), {
      signedAt: String(madeNow),
    })
})
