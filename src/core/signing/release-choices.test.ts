// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cmsForm } from '#trust/artefact/cms/form.ts'
import { raucOptions } from '#trust/artefact/rauc/choices.ts'
import { swupdateOptions } from '#trust/artefact/swupdate/choices.ts'
import { madeNow } from '../../../test/made-certificates.ts'
import { choicesOf, isOfRelease, type ReleaseFacts } from './release-choices.ts'

test('a release says in every CMS when it was signed, whatever the plan says of it', () => {
  // Nothing else of a release is asked for by these forms.
  const facts = { now: madeNow, release: { firmwareVersion: '2.4.1' } } as ReleaseFacts
  for (const form of [
    cmsForm,
    { name: 'rauc', options: raucOptions },
    { name: 'swupdate', options: swupdateOptions },
  ] as const)
    assert.equal(
      choicesOf(form, { signedAt: '2000-01-01T00:00:00Z' }, facts)['signedAt'],
      String(madeNow),
    )
})

test('what says a version says that of the release, or the one that the plan chooses', () => {
  const facts = { now: madeNow, release: { firmwareVersion: '2.4.1' } } as ReleaseFacts
  const form = { name: 'swupdate', options: swupdateOptions } as const
  assert.equal(choicesOf(form, {}, facts)['version'], '2.4.1')
  assert.equal(choicesOf(form, { version: 'any' }, facts)['version'], 'any')
  assert.ok(!isOfRelease('swupdate', 'version') && isOfRelease('outer-manifest', 'version'))
  assert.ok(!('version' in choicesOf(cmsForm, {}, facts)))
})
