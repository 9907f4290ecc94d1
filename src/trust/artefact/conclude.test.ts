// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { madeNow } from '../../../test/made-certificates.ts'
import type { KeyAlgorithmName } from '../algorithms.ts'
import { generateKey } from '../private-key.ts'
import { conclude } from './conclude.ts'
import type { DeviceTrust, ProvedSigner } from './verdict.ts'

const device: DeviceTrust = {
  ...{ keys: [], roots: [], purpose: 'any', now: madeNow },
  ...{ stampRoots: [], counter: undefined, demandsBoth: false },
}

async function signerWith(algorithm: KeyAlgorithmName): Promise<ProvedSigner> {
  const { publicKey } = await generateKey(algorithm)
  return { publicKey, certificate: undefined, stampedAt: undefined, judgedAt: undefined }
}
const classical = await signerWith('p-256')
const lasting = await signerWith('ml-dsa-65')

function wordFor(
  signers: readonly ProvedSigner[],
  securityVersion: number | undefined,
  trust: Partial<DeviceTrust>,
): string {
  const said = conclude(
    { signers, version: '1.0.0', securityVersion, covers: [] },
    { ...device, ...trust },
  )
  return said.kind === 'refused' ? said.reason : said.kind
}

test('what nobody signed is not genuine', () => {
  assert.equal(wordFor([], 1, {}), 'artefact-not-signed')
})

test('a security version may stay or rise, and never fall', () => {
  assert.equal(wordFor([classical], 4, { counter: 3 }), 'genuine')
  assert.equal(wordFor([classical], 3, { counter: 3 }), 'genuine')
  assert.equal(wordFor([classical], 2, { counter: 3 }), 'artefact-version-lower')
})

test('a device with a counter takes nothing that says no security version', () => {
  assert.equal(wordFor([classical], undefined, { counter: 0 }), 'artefact-version-missing')
  assert.equal(wordFor([classical], undefined, {}), 'genuine')
})

test('a device that demands both takes neither kind of signature alone', () => {
  const trust = { demandsBoth: true }
  assert.equal(wordFor([classical], 1, trust), 'artefact-signature-missing')
  assert.equal(wordFor([lasting], 1, trust), 'artefact-signature-missing')
  assert.equal(wordFor([classical, classical], 1, trust), 'artefact-signature-missing')
  assert.equal(wordFor([lasting, classical], 1, trust), 'genuine')
})
