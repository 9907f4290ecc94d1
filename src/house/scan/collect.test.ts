// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gather } from './collect.ts'
import type { Found } from './thread-protocol.ts'

const kinds: Record<'findings' | 'clues' | 'notScanned', Found> = {
  findings: {
    ...{ rule: 'private-key', severity: 'critical', confidence: 'certain', path: ['image'] },
    ...{ offset: 0, what: 'a key', identity: '00' },
  },
  clues: { kind: 'certificate', path: ['image'], offset: 0, octets: new Uint8Array(1), facts: {} },
  notScanned: {
    ...{ kind: 'not-scanned', reason: 'damaged', path: ['image'], offset: null, because: 'x' },
  },
}

async function* times(count: number, found: Found): AsyncGenerator<Found> {
  for (let at = 0; at < count; at++) yield { ...found, path: [`image-${at}`] }
}

for (const [kind, found] of Object.entries(kinds)) {
  test(`of too many ${kind} the first are kept, and that there were more is told once`, async () => {
    const all = await gather(times(3, found), 3)
    assert.deepEqual([all[kind as keyof typeof kinds].length, told(all)], [3, []])
    const some = await gather(times(9, found), 3)
    const kept = some[kind as keyof typeof kinds].filter(({ path }) => path[0] !== 'image-3')
    assert.deepEqual([kept.length, told(some)], [3, ['image-3']])
  })
}

function told({ notScanned }: Awaited<ReturnType<typeof gather>>) {
  return notScanned
    .filter(({ reason }) => reason === 'too-many-findings')
    .map(({ path }) => path[0])
}
