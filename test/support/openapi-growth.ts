// SPDX-License-Identifier: Apache-2.0
/** What a later API description takes away from an earlier one. The API only grows within v1. */

type Json = Readonly<Record<string, unknown>>

/** Every way in which a client of `before` could break at `after`; empty if it only grew. */
export function lostBetween(before: unknown, after: unknown): readonly string[] {
  const lost: string[] = []
  const [was, is] = [pathsOf(before), pathsOf(after)]
  for (const [path, methods] of Object.entries(was)) {
    for (const [method, operation] of Object.entries(objectAt(methods))) {
      const now = objectAt(is[path])[method]
      const name = `${method.toUpperCase()} ${path}`
      if (now === undefined) lost.push(`${name} is gone`)
      else compare(operation, now, name, lost)
    }
  }
  return lost
}

function pathsOf(document: unknown): Json {
  return objectAt(objectAt(document)['paths'])
}

/** Requests may ask for nothing more, answers may give nothing less. */
function compare(before: unknown, after: unknown, name: string, lost: string[]): void {
  const parameters = (operation: unknown) => listAt(objectAt(operation)['parameters']).map(objectAt)
  for (const { name: parameter, required } of parameters(after)) {
    const known = parameters(before).find((one) => one['name'] === parameter)
    if (required === true && known?.['required'] !== true)
      lost.push(`${name} now demands ${parameter}`)
  }
  for (const { name: parameter } of parameters(before)) {
    const kept = parameters(after).some((one) => one['name'] === parameter)
    if (!kept) lost.push(`${name} no longer takes ${parameter}`)
  }
  const body = (operation: unknown) => schemaIn(objectAt(objectAt(operation)['requestBody']))
  compareInput(body(before), body(after), `${name} body`, lost)
  const answers = objectAt(objectAt(before)['responses'])
  for (const [status, answer] of Object.entries(answers)) {
    const now = objectAt(objectAt(after)['responses'])[status]
    if (now === undefined) lost.push(`${name} no longer answers ${status}`)
    else
      compareOutput(schemaIn(objectAt(answer)), schemaIn(objectAt(now)), `${name} ${status}`, lost)
  }
}

function compareInput(before: Json, after: Json, name: string, lost: string[]): void {
  const [was, is] = [listAt(before['required']), listAt(after['required'])]
  for (const one of is) if (!was.includes(one)) lost.push(`${name} now demands ${one}`)
  for (const one of Object.keys(objectAt(before['properties']))) {
    if (!Object.hasOwn(objectAt(after['properties']), one))
      lost.push(`${name} no longer takes ${one}`)
  }
}

function compareOutput(before: Json, after: Json, name: string, lost: string[]): void {
  const now = objectAt(after['properties'])
  for (const [one, schema] of Object.entries(objectAt(before['properties']))) {
    if (!Object.hasOwn(now, one)) lost.push(`${name} no longer gives ${one}`)
    else compareOutput(objectAt(schema), objectAt(now[one]), `${name} ${one}`, lost)
  }
  if (before['items'] !== undefined) {
    compareOutput(objectAt(before['items']), objectAt(after['items']), `${name} item`, lost)
  }
}

function schemaIn(holder: Json): Json {
  const [media] = Object.values(objectAt(holder['content']))
  return objectAt(objectAt(media)['schema'])
}

function objectAt(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

function listAt(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
