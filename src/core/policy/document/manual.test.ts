// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readyProfiles } from '../ready/ready-profiles.ts'
import { readySets } from '../ready/ready-sets.ts'
import { parseProfile } from './parse-profile.ts'
import { profileShape } from './profile-document.ts'
import type { Shape } from './shape.ts'
import { placeholders } from './words.ts'

const manual = readFileSync('docs/profiles.md', 'utf8')

test('the document in docs/profiles.md has no fault', () => {
  const example = /```json\n(.*?)\n```/s.exec(manual)?.[1] ?? ''
  const parsed = parseProfile(JSON.parse(example))
  assert.deepEqual(parsed.kind === 'faults' ? parsed.faults : [], [])
})

/** Words that the manual leaves to the schema, as their names say all. */
const left = new Set([
  'keys.algorithms',
  'serverKeys.algorithms',
  'keyUsage.bits',
  'extendedKeyUsage.purposes',
  'subjectAlternativeName.mayAdd.kind',
])

function* wordsOf(shape: Shape, path = ''): Generator<string> {
  if (left.has(path)) return
  if (shape.kind === 'word') yield* shape.words
  if (shape.kind === 'list') yield* wordsOf(shape.of, path)
  if (shape.kind !== 'record') return
  for (const [name, member] of Object.entries(shape.members))
    yield* wordsOf(member, path === '' ? name : `${path}.${name}`)
}

test('docs/profiles.md explains every member, word, placeholder and ready-made profile', () => {
  const all = [
    ...(profileShape.kind === 'record' ? Object.keys(profileShape.members) : []),
    ...wordsOf(profileShape),
    ...placeholders.map((name) => `{${name}}`),
    ...Object.keys(readyProfiles),
    ...Object.keys(readySets),
    ...Object.values(readySets)
      .flat()
      .map(({ name }) => name),
  ]
  assert.ok(all.length > 60)
  const missing = all.filter(
    (word) => !manual.includes(`\`${word}\``) && !manual.includes(`"${word}"`),
  )
  assert.deepEqual(missing, [])
})
