// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readyProfiles } from '../ready/ready-profiles.ts'
import { profileShape } from './profile-document.ts'
import { profileSchema } from './profile-schema.ts'
import { type ProfileFault, readShape } from './read-shape.ts'

type Schema = Record<string, unknown>

test('docs/profile.schema.json is made from the description', () => {
  assert.deepEqual(JSON.parse(readFileSync('docs/profile.schema.json', 'utf8')), profileSchema())
})

/** Every document with one member changed, in every place. */
function* variations(tree: unknown): Generator<unknown> {
  yield* [null, 'x', -1, 10 ** 9, true, [], {}, ['x', 'x']]
  if (typeof tree !== 'object' || tree === null) return
  for (const [name, child] of Object.entries(tree)) {
    const withMember = (value: unknown) =>
      Array.isArray(tree)
        ? tree.map((item, index) => (String(index) === name ? value : item))
        : { ...tree, [name]: value }
    for (const value of variations(child)) yield withMember(value)
    if (Array.isArray(tree)) continue
    const { [name]: _, ...rest } = Object.fromEntries(Object.entries(tree))
    yield rest
    yield { ...tree, [`${name}x`]: child }
  }
}

test('schema and parser agree on every variation of the ready-made profiles', () => {
  let refused = 0
  for (const document of Object.values(readyProfiles)) {
    assert.ok(conforms(profileSchema(), document), document.name)
    for (const varied of variations(document)) {
      const faults: ProfileFault[] = []
      readShape(profileShape, varied, '', faults)
      assert.equal(
        conforms(profileSchema(), varied),
        faults.length === 0,
        JSON.stringify([faults, varied]),
      )
      if (faults.length > 0) refused++
    }
  }
  assert.ok(refused > 4000, `${refused} variations were refused`)
})

/** JSON Schema as far as ours goes, written from the specification. */
function conforms(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(([keyword, rule]) => {
    const check = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined
    assert.ok(check, `keyword ${keyword}`)
    return check(rule as never, value, schema)
  })
}

type Keyword = (rule: never, value: unknown, schema: Schema) => boolean
const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const keywords: Record<string, Keyword> = {
  $schema: () => true,
  title: () => true,
  description: () => true,
  type: (rule: string, value) =>
    ({
      string: typeof value === 'string',
      integer: Number.isInteger(value),
      boolean: typeof value === 'boolean',
      array: Array.isArray(value),
      object: isObject(value),
    })[rule] ?? false,
  enum: (rule: unknown[], value) => rule.includes(value),
  anyOf: (rule: Schema[], value) => rule.some((one) => conforms(one, value)),
  oneOf: (rule: Schema[], value) => rule.filter((one) => conforms(one, value)).length === 1,
  pattern: (rule: string, value) => typeof value !== 'string' || new RegExp(rule).test(value),
  minLength: (rule: number, value) => typeof value !== 'string' || value.length >= rule,
  maxLength: (rule: number, value) => typeof value !== 'string' || value.length <= rule,
  minimum: (rule: number, value) => typeof value !== 'number' || value >= rule,
  maximum: (rule: number, value) => typeof value !== 'number' || value <= rule,
  minItems: (rule: number, value) => !Array.isArray(value) || value.length >= rule,
  maxItems: (rule: number, value) => !Array.isArray(value) || value.length <= rule,
  uniqueItems: (_: true, value) => !Array.isArray(value) || new Set(value).size === value.length,
  items: (rule: Schema, value) =>
    !Array.isArray(value) || value.every((item) => conforms(rule, item)),
  required: (rule: string[], value) =>
    !isObject(value) || rule.every((name) => Object.hasOwn(value, name)),
  properties: (rule: Record<string, Schema>, value) =>
    !isObject(value) ||
    Object.entries(value).every(
      ([name, member]) => !Object.hasOwn(rule, name) || conforms(rule[name]!, member),
    ),
  additionalProperties: (_: false, value, schema) =>
    !isObject(value) ||
    Object.keys(value).every(
      (name) => isObject(schema.properties) && Object.hasOwn(schema.properties, name),
    ),
}
