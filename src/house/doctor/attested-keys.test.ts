// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addReference } from '#core/attestation/references.ts'
import { tpmPump } from '../../../test/support/attested.ts'
import { addPump, operator, withCore } from '../../../test/support/core.ts'
import { checkAttestedKeys } from './attested-keys.ts'

test('entrances that certify attested keys alone are told, and quotes without reference values', () =>
  withCore(async (core) => {
    await addPump(core, 'plain')
    assert.equal((await checkAttestedKeys(core)).found, 'no entrance asks where keys live')
    const product = await tpmPump(core, { quote: 'recorded' })
    const blind = await checkAttestedKeys(core)
    assert.equal(blind.verdict, 'warning')
    assert.match(blind.found, /^pump: tpm; quotes are asked for at pump/)
    const said = {
      ...{ hardwareRevision: null, firmwareVersion: '1', bank: 'sha256' as const },
      values: { 0: '00'.repeat(32) },
    }
    await addReference(product, said, operator, core)
    assert.deepEqual(await checkAttestedKeys(core), {
      ...{ verdict: 'good', found: 'pump: tpm', remedy: null },
    })
  }))
