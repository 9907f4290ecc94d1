// SPDX-License-Identifier: Apache-2.0
import { profileShape } from './profile-document.ts'
import { oidPattern, type Shape } from './shape.ts'

/**
 * The JSON Schema (2020-12) of profile documents, made from their description.
 *
 * `docs/profile.schema.json` is this; a test holds that they are equal. What no schema can say is
 * checked by `profile-rules.ts`.
 */
export function profileSchema(): Readonly<Record<string, unknown>> {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Vitalsign profile',
    ...schemaOf(profileShape),
  }
}

function schemaOf(shape: Shape): Record<string, unknown> {
  const description = shape.about
  switch (shape.kind) {
    case 'text':
      return {
        description,
        type: 'string',
        minLength: 1,
        maxLength: shape.atMost,
        ...(shape.pattern !== undefined && { pattern: shape.pattern }),
      }
    case 'word':
      if (shape.orOid !== true) return { description, enum: [...shape.words] }
      return {
        description,
        anyOf: [{ enum: [...shape.words] }, { type: 'string', pattern: oidPattern }],
      }
    case 'whole':
      return { description, type: 'integer', minimum: shape.from, maximum: shape.to }
    case 'yesNo':
      return { description, type: 'boolean' }
    case 'list':
      return {
        description,
        type: 'array',
        items: schemaOf(shape.of),
        minItems: shape.from,
        maxItems: shape.to,
        ...(shape.of.kind !== 'record' && { uniqueItems: true }),
      }
    case 'record':
      return recordSchema(shape)
  }
}

function recordSchema(shape: Shape & { kind: 'record' }): Record<string, unknown> {
  const members = Object.entries(shape.members)
  const required = members
    .filter(([name, member]) => member.optional !== true && !shape.oneOf?.includes(name))
    .map(([name]) => name)
  return {
    description: shape.about,
    type: 'object',
    properties: Object.fromEntries(members.map(([name, member]) => [name, schemaOf(member)])),
    required,
    additionalProperties: false,
    ...(shape.oneOf && { oneOf: shape.oneOf.map((name) => ({ required: [name] })) }),
  }
}
