// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { refusals } from '#core/refusal.ts'
import { fieldsOf, type Operation, takesBody } from '#format/admin/operation.ts'
import { operationNames, operationOf } from '#format/admin/operations.ts'
import { isKeyed } from './requests/idempotency.ts'

type Json = Readonly<Record<string, unknown>>

/** What each kind of operation answers with. */
const mediaTypes = {
  plain: 'application/json',
  list: 'application/json',
  events: 'text/event-stream',
  lines: 'application/x-ndjson',
  upload: 'application/x-ndjson',
  append: 'application/json',
  octets: 'application/octet-stream',
} as const satisfies Record<Operation['kind'], string>

/** The OpenAPI 3.1 description of the API, made from the table of operations. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const name of operationNames) {
    const row = operationOf(name)
    const path = `/api/v1${row.path.replace(/:(\w+)/g, '{$1}')}`
    paths[path] ??= {}
    paths[path][row.method.toLowerCase()] = describe(name, row)
    if (row.heads !== undefined && row.method === 'GET')
      paths[path]['head'] = describeHead(name, row)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Vitalsign',
      version,
      description:
        'Gives devices their identity and keeps it trustworthy. This API only grows within v1. A refusal is a problem document (RFC 9457) whose code says why.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ session: [] }, { machine: [] }],
    tags: [...new Set(operationNames.map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { Problem: problemSchema },
      responses: {
        Problem: {
          description: 'refused, or broken',
          content: {
            'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
          },
        },
      },
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-vitalsign',
          description:
            'A person who signed in on the operator port; `vitalsign` where it has no TLS.',
        },
        machine: {
          type: 'mutualTLS',
          description: 'A machine on the device port, by the key of its client certificate.',
        },
      },
    },
  }
}

function tagOf(name: string): string {
  return name.split('.')[0] ?? name
}

function describe(name: string, row: Operation): Json {
  const body = bodyOf(row)
  return {
    operationId: name,
    tags: [tagOf(name)],
    summary: row.summary,
    description: `${row.help} ${row.role === 'public' ? 'Asks for no role.' : `Role: ${row.role}.`}`,
    ...(row.role === 'public' ? { security: [] } : {}),
    'x-vitalsign-role': row.role,
    parameters: [...parametersOf(row), ...headersOf(row)],
    ...(body === undefined ? {} : { requestBody: body }),
    responses: {
      [row.creates ? 201 : 200]: {
        description: row.summary,
        content: { [mediaTypes[row.kind]]: { schema: answerSchema(row) } },
      },
      default: { $ref: '#/components/responses/Problem' },
    },
  }
}

/** The same question, answered by the fields of the head alone. */
function describeHead(name: string, row: Operation): Json {
  const whole = describe(name, row)
  return {
    ...whole,
    operationId: `${name}.head`,
    responses: {
      ...(whole['responses'] as Json),
      200: {
        description: row.summary,
        headers: Object.fromEntries(
          Object.values(row.heads ?? {}).map((field) => [field, { schema: { type: 'string' } }]),
        ),
      },
    },
  }
}

function pathNames(row: Operation): readonly string[] {
  return [...row.path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '')
}

/** Inputs that stand in the path, and, where there is no JSON body, in the query. */
function parametersOf(row: Operation): readonly Json[] {
  const inPath = pathNames(row)
  const { properties = {} } = schemaOf(row.input, 'input')
  return [...fieldsOf(row)].flatMap(([name, field]): readonly Json[] => {
    const isInPath = inPath.includes(name)
    if (!isInPath && hasJsonBody(row)) return []
    return [
      {
        name,
        in: isInPath ? 'path' : 'query',
        required: isInPath || field.required,
        description: field.help,
        schema: properties[name] ?? {},
      },
    ]
  })
}

function headersOf(row: Operation): readonly Json[] {
  const text = { type: 'string', maxLength: 255 }
  if (row.method === 'GET') return []
  const ifMatch = {
    name: 'If-Match',
    in: 'header',
    required: false,
    description: 'the ETag of what is edited; refused if it has changed since',
    schema: text,
  }
  const idempotencyKey = {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description: 'any text; a repetition within 15 minutes gets the same answer',
    schema: text,
  }
  return [
    ...(pathNames(row).length > 0 ? [ifMatch] : []),
    ...(isKeyed(row) ? [idempotencyKey] : []),
  ]
}

function hasJsonBody(row: Operation): boolean {
  return row.method === 'POST' && !takesBody(row)
}

function bodyOf(row: Operation): Json | undefined {
  if (takesBody(row)) {
    const type = row.uploadType ?? 'text/csv'
    return { required: true, content: { [type]: { schema: { type: 'string' } } } }
  }
  if (!hasJsonBody(row)) return undefined
  const inPath = pathNames(row)
  const { properties = {}, required = [], ...rest } = schemaOf(row.input, 'input')
  const inBody = Object.entries(properties).filter(([name]) => !inPath.includes(name))
  const needed = required.filter((name) => !inPath.includes(name))
  if (inBody.length === 0) return undefined
  return {
    required: needed.length > 0,
    content: {
      'application/json': {
        schema: {
          ...rest,
          properties: Object.fromEntries(inBody),
          ...(needed.length > 0 ? { required: needed } : {}),
        },
      },
    },
  }
}

function answerSchema(row: Operation): Json {
  const schema = schemaOf(row.output, 'output')
  if (row.kind !== 'list') return schema
  return {
    type: 'object',
    properties: {
      items: { type: 'array', items: schema },
      next: { type: ['string', 'null'], description: 'cursor of the next page; null at the end' },
    },
    required: ['items', 'next'],
  }
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, Json>>
  readonly required?: readonly string[]
  readonly [key: string]: unknown
}

/** JSON Schema 2020-12, which is what OpenAPI 3.1 speaks; the dialect goes without saying there. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): ObjectSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' })
  return rest as ObjectSchema
}

const problemSchema: Json = {
  type: 'object',
  description: 'RFC 9457',
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: [...new Set([...refusals, 'broken'])].sort() },
    detail: { type: 'string' },
    instance: { type: 'string', format: 'uri-reference' },
    faults: {
      type: 'array',
      items: {
        type: 'object',
        properties: { path: { type: 'string' }, fault: { type: 'string' } },
        required: ['path', 'fault'],
      },
    },
  },
  required: ['type', 'title', 'status', 'code', 'detail', 'instance'],
}
