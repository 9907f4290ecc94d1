// SPDX-License-Identifier: Apache-2.0
/** What a ceremony left must be read for as long as its roots live: bundles and shares of format 1, frozen. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verifyBundle } from '#core/ceremony/verify-bundle.ts'
import { openShare } from '#edge/ceremony/custody.ts'
import { parseShareText } from '#edge/ceremony/share-text.ts'
import { passphrases } from '../../../test/support/ceremony.ts'
import { readVectors } from '../../../test/vectors/vector.ts'
import { stretch } from './steps/custody.ts'

const vectors = readVectors(new URL('../../../test/vectors/ceremony/', import.meta.url))

function bytesOf(expect: string): Uint8Array {
  return vectors.find((one) => one.expect === expect)?.bytes ?? assert.fail(expect)
}

test('a bundle of format 1 proves itself', async () => {
  const bundle = await verifyBundle(bytesOf('ceremony-bundle accepted'))
  if (bundle.kind === 'refused') assert.fail(bundle.detail)
  assert.deepEqual(
    [bundle.manifest.act, bundle.roots.length, bundle.certificates.length, bundle.lists.length],
    [1, 1, 1, 1],
  )
})

test('a share of format 1 opens by its passphrase', async () => {
  const share = parseShareText(new TextDecoder().decode(bytesOf('ceremony-share accepted')))
  if (share.kind === 'refused') assert.fail(share.detail)
  const opened = await openShare(share, passphrases(share.head.custodian), stretch)
  assert.equal(opened.kind === 'open' && opened.share.length, 33)
})
