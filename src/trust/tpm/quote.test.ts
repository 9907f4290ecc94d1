// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes } from '#format/bytes.ts'
import type { PcrSelection } from '#format/tpm/structure/pcr.ts'
import { parseSizedPublic } from '#format/tpm/structure/public.ts'
import { readVectors } from '../../../test/frozen-vectors.ts'
import {
  forgeAttest,
  forgeAttestationKey,
  forgeCertify,
  frame,
} from '../../../test/support/forged-tpm.ts'
import { tpmDigest } from './name.ts'
import { compareRegisters, policyOfRegisters, type RegisterValue, verifyQuote } from './quote.ts'

const selections: readonly PcrSelection[] = [{ bank: 'sha256', registers: [0, 1, 7], mapOctets: 3 }]
const zero = new Uint8Array(32)
const zeros: readonly RegisterValue[] = [0, 1, 7].map((register) => ({
  bank: 'sha256',
  register,
  value: zero,
}))

for (const { name, expect, head, blocks } of readVectors('trust/tpm-attests')) {
  if (expect !== 'quoted') continue
  const bytesOf = (label: string) =>
    blocks.find((block) => block.label === label)?.bytes ?? new Uint8Array()
  test(`${name} is believed as a TPM made it`, async () => {
    const verdict = await verifyQuote({
      attest: bytesOf('TPM ATTEST'),
      signature: bytesOf('TPM SIGNATURE'),
      attestationKey: parseSizedPublic(bytesOf('TPM ATTESTATION KEY')),
      qualifyingData: Uint8Array.fromHex(head.get('message') ?? ''),
      selections,
      values: zeros,
    })
    assert.equal(verdict.kind, 'quoted', JSON.stringify(verdict))
  })
}

const signer = forgeAttestationKey()
const nonce = new TextEncoder().encode('one nonce')

function quoteOf(values: readonly Uint8Array[], over = selections) {
  const attested = {
    kind: 'quote',
    selections: over,
    digest: tpmDigest('sha256', concatBytes(values)),
  } as const
  const made = forgeAttest(signer, { ...frame(signer, nonce), attested })
  return { ...made, attestationKey: signer.public, qualifyingData: nonce, selections }
}

async function reasonOf(claim: Parameters<typeof verifyQuote>[0]): Promise<string> {
  const verdict = await verifyQuote(claim)
  return verdict.kind === 'refused' ? verdict.reason : verdict.kind
}

test('values are taken in the order of the selection, whatever order they come in', async () => {
  const other = new Uint8Array(32).fill(7)
  const values = zeros.map((one) => (one.register === 7 ? { ...one, value: other } : one))
  const claim = { ...quoteOf([zero, zero, other]), values: values.toReversed() }
  assert.equal(await reasonOf(claim), 'quoted')
})

test('a quote of other values, other registers, or with values missing, twice or beyond is refused', async () => {
  const good = quoteOf([zero, zero, zero])
  const [first] = zeros
  assert.ok(first)
  const bent = new Uint8Array(32).fill(1)
  for (const claim of [
    { ...quoteOf([zero, zero, bent]), values: zeros },
    {
      ...quoteOf([zero, zero], [{ bank: 'sha256', registers: [0, 1], mapOctets: 3 }]),
      values: zeros,
    },
    { ...good, values: zeros.slice(1) },
    { ...good, values: [...zeros, first] },
    { ...good, values: [...zeros, { ...first, register: 2 }] },
    { ...good, values: zeros.map((one) => ({ ...one, value: new Uint8Array(20) })) },
  ])
    assert.equal(await reasonOf(claim), 'quote-differs')
})

test('a certification in place of a quote is refused', async () => {
  const made = forgeCertify(signer, signer.public, nonce)
  const claim = { ...quoteOf([]), ...made, values: zeros }
  assert.equal(await reasonOf(claim), 'attestation-wrong-type')
})

test('registers that differ from their reference are named', async () => {
  const verdict = await verifyQuote({ ...quoteOf([zero, zero, zero]), values: zeros })
  assert.ok(verdict.kind === 'quoted')
  assert.equal(compareRegisters(verdict.quoted, zeros).kind, 'met')
  const wanted = [
    ...zeros.slice(0, 2),
    { bank: 'sha256', register: 7, value: new Uint8Array(32).fill(9) },
    { bank: 'sha256', register: 8, value: zero },
  ] as const
  const compared = compareRegisters(verdict.quoted, wanted)
  assert.ok(compared.kind === 'refused')
  assert.match(compared.detail, /sha256:7, sha256:8$/)
})

// tpm2_createpolicy --policy-pcr -l sha256:0,1,7 over registers of zeros (tpm2-tools 5.4 on swtpm 0.7.1).
test('the policy of registers is the one that a TPM computes', () => {
  const policy = policyOfRegisters(
    'sha256',
    [{ bank: 'sha256', registers: [0, 1, 7], mapOctets: 3 }],
    [zero, zero, zero],
  )
  assert.equal(policy.toHex(), '24fc941cf53201c2947a727b24c737260b06f48475d97b461af2a9bac2ddff78')
})
