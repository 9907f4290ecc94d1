// SPDX-License-Identifier: Apache-2.0
/** What is taken in of lists of keys: their head, and the index of a blocklist. */
import { parseBadkeysIndex } from '#format/key-list/badkeys-index.ts'
import { encodeKeyListHead, parseKeyListHead } from '#format/key-list/key-list-head.ts'
import type { Target } from './targets.ts'

const utf8 = (value: string) => new TextEncoder().encode(value)

const head = encodeKeyListHead({
  ...{ name: 'badkeys', from: 'badkeys blocklist of 2026', finds: 'key-listed', digestOctets: 15 },
  ...{ hasParts: true, count: 2_120_452, sha256: new Uint8Array(32).fill(7) },
  parts: new Map([
    [1, 'debianssl of badkeys/debianopenssl'],
    [10, 'softwaretests'],
  ]),
})

const index = JSON.stringify({
  ...{ bkformat: 0, date: '2026-11-01T03:00:00+00:00', blocklist_sha256: '0f'.repeat(32) },
  blocklists: [
    { id: 1, name: 'debianssl', type: 'github', repo: 'badkeys/debianopenssl', path: 'main' },
    { id: 99, name: 'new', type: 'new', repo: 'invalid/invalid', path: 'main' },
  ],
})

export const keyListTargets: readonly Target[] = [
  {
    name: 'key-list-head',
    parse: (bytes) => ({
      ...parseKeyListHead(bytes).head,
      parts: [...parseKeyListHead(bytes).head.parts],
    }),
    again: (bytes) => {
      const read = parseKeyListHead(bytes)
      return new Uint8Array([...encodeKeyListHead(read.head), ...bytes.subarray(read.length)])
    },
    ...{ exact: true, limits: undefined, seeds: [head] },
  },
  {
    name: 'badkeys-index',
    parse: (bytes) => {
      const { date, sha256, parts } = parseBadkeysIndex(bytes)
      return { date, sha256: sha256.toHex(), parts: [...parts] }
    },
    again: (bytes) => {
      const { date, sha256, parts } = parseBadkeysIndex(bytes)
      const blocklists = [...parts].map(([id, words]) => {
        const [name, repo] = words.split(' of ')
        return { id, name, ...(repo !== undefined && { repo }) }
      })
      return utf8(
        JSON.stringify({ bkformat: 0, date, blocklist_sha256: sha256.toHex(), blocklists }),
      )
    },
    ...{ exact: false, limits: undefined, seeds: [utf8(index)] },
  },
]
