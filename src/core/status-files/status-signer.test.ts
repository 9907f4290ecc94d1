// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Authority } from '../ledger/tables.ts'
import { type SigningPorts, signersFor } from './status-signer.ts'

const now = Temporal.Instant.from('2026-11-29T12:00:00Z')
const byte = (value: number) => Uint8Array.of(value)

function authority(id: string, value: number, more: Partial<Authority> = {}): Authority {
  return {
    ...{
      id,
      name: id,
      kind: 'issuing',
      state: 'active',
      key: id,
      notAfter: now.add({ hours: 900 }),
    },
    ...{ certificate: byte(value), certificateSha256: byte(value), ...more },
  } as unknown as Authority
}

const root = authority('root', 0, { kind: 'root' })
const first = authority('first', 1)
const second = authority('second', 2, { notAfter: now.add({ hours: 500 }) })

/** Who signs, told by what stands behind the signer's own certificate. */
async function whoSigns(revoked: readonly Authority[], isReady = true) {
  const ports = {
    ledger: {
      find: async (_: string, __: string, [digest]: readonly unknown[]) =>
        revoked.some((one) => one.certificateSha256 === digest) ? { revokedAt: now } : undefined,
    },
    clock: { now: () => now },
    authorities: [root, first, second],
    above: ({ kind }: Authority) => (kind === 'root' ? [] : [root]),
    linksTo: () => [],
    responders: {
      renew: async () => ({ reason: 'responder-missing', detail: 'no successor' }),
      of: async ({ id }: Authority) =>
        isReady
          ? { certificate: byte(9), keyId: id, notAfter: now.add({ hours: 700 }) }
          : { reason: 'responder-missing', detail: 'nobody answers' },
    },
  } as unknown as SigningPorts
  const { signers, until, lacking } = await signersFor(new Set(['root']), ports)
  return [signers.map(({ keyId }) => keyId).join(), now.until(until).total('hours'), lacking.length]
}

test('the newest issuer signs, by its responder of now, and the file ends with the first of both', async () => {
  assert.deepEqual(await whoSigns([]), ['second', 500, 0])
})

test('an issuer that was revoked signs only where there is no other', async () => {
  assert.deepEqual(await whoSigns([second]), ['first', 700, 0])
  assert.deepEqual(await whoSigns([first, second]), ['second', 500, 0])
})

test('without anybody no file is signed, and it is said why', async () => {
  await assert.rejects(whoSigns([], false), /nobody answers/)
})
