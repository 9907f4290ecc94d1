// SPDX-License-Identifier: Apache-2.0
/** Each row of the table of rules has a vector in which it finds something, and one near it in which it does not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RuleName, rules } from '#trust/secrets/rules.ts'
import { readVectors, type Vector } from '../../../test/frozen-vectors.ts'
import { settingCases } from '../../../test/support/scan/setting-cases.ts'
import { findIn, scanTime } from '../../../test/support/scan.ts'
import { conclude } from './conclude.ts'
import { findKnownKeys } from './known-keys.ts'
import { mostCandidates } from './raw-keys.ts'

type Look = () => readonly string[]
type Vectors = { readonly finds: readonly Look[]; readonly silent: readonly Look[] }

const rulesOf = (findings: readonly { readonly rule: string }[]) => findings.map(({ rule }) => rule)

/** Certificates that expire in the vectors have done so. */
const later = Temporal.Instant.from('2027-06-01T00:00:00Z')

/** Each block as a file of its octets. */
function lookAtBlocks({ blocks }: Vector): Look {
  const files = blocks.map(({ label, bytes }, index) => [`${index} ${label}`, bytes] as const)
  return () => rulesOf(findIn(Object.fromEntries(files), (bytes) => [bytes], later))
}

function ofFrozen(rule: RuleName): Vectors {
  const named = (end: string) =>
    readVectors('scan').filter(({ name }) => name === `${rule}.${end}.pem`)
  return {
    finds: named('finds').map(lookAtBlocks),
    silent: named('silent').map(lookAtBlocks),
  }
}

function ofSettings(rule: RuleName): Vectors {
  const own = settingCases.filter((one) => one.rule === rule)
  const look = (file: string, text: string) => () => rulesOf(findIn({ [file]: text }))
  return {
    finds: own.map(({ file, finds }) => look(file, finds)),
    silent: own.flatMap(({ file, silent }) => silent.map((text) => look(file, text))),
  }
}

const published = (part: string) => () => {
  const vectors = readVectors('trust/published-keys').filter(({ name }) => name.includes(part))
  return vectors.flatMap(({ blocks }) => rulesOf(findIn({ 'boot.bin': blocks[0]!.bytes })))
}

/** Octets of chance, none twice. */
function candidates(count: number): Look {
  const clues = Array.from({ length: count }, (_, index) => {
    const octets = new Uint8Array(32)
    new DataView(octets.buffer).setUint32(0, index)
    return { kind: 'raw-candidate', path: [`${index}`], offset: 0, octets, facts: {} }
  })
  return () => rulesOf(conclude(clues))
}

const key = 'ab'.repeat(32)
const known = (fingerprint: string) => () =>
  rulesOf(
    findKnownKeys(
      [],
      [{ path: ['nvs.bin'], offset: 0, family: 'p-256', fingerprint: key }],
      [
        {
          ...{ fingerprint, ownerName: 'device 7', purpose: 'device', certificates: 1 },
          ...{ inForce: 1, devices: null, sharedWith: null },
        },
      ],
    ),
  )

/** Of rules that no file of a few octets shows. */
const ofCode: Partial<Record<RuleName, Vectors>> = {
  'look-cut-short': {
    finds: [() => rulesOf(findIn({ a: '-----BEGIN PRIVATE KEY-----\n'.repeat(40_000) }))],
    silent: [() => rulesOf(findIn({ a: '-----BEGIN PRIVATE KEY-----\n'.repeat(40) }))],
  },
  'not-compared': { finds: [candidates(mostCandidates + 1)], silent: [candidates(mostCandidates)] },
  'private-key-known': { finds: [known(key)], silent: [known('cd'.repeat(32))] },
  'test-key': {
    finds: [published('p-256')],
    silent: [
      lookAtBlocks(readVectors('scan').find(({ name }) => name === 'private-key.finds.pem')!),
    ],
  },
}

for (const rule of Object.keys(rules) as RuleName[])
  test(`${rule} has a vector in which it is found, and one in which it is not`, () => {
    const all = [ofFrozen(rule), ofSettings(rule), ofCode[rule] ?? { finds: [], silent: [] }]
    const finds = all.flatMap((vectors) => vectors.finds)
    const silent = all.flatMap((vectors) => vectors.silent)
    assert.ok(finds.length > 0 && silent.length > 0, 'no vector')
    for (const look of finds) assert.ok(look().includes(rule))
    for (const look of silent) assert.ok(!look().includes(rule))
  })

test('each row of what settings look like is named by a vector of its rule', () => {
  assert.ok(settingCases.every(({ source }) => source.length > 3))
  assert.ok(Temporal.Instant.compare(scanTime, later) < 0)
})
