// SPDX-License-Identifier: Apache-2.0
import type { Reference } from '#format/admin/operation.ts'
import { references } from '#format/admin/references.ts'
import { exit, Stop, wrongUse } from '../stop.ts'
import { pageOf, type Server } from './server.ts'

const idPattern = /^[a-z]{3}_[0-9a-f]{32}$/

/** The id of what a person named, by its id, name or serial. @throws Stop if none or several are meant */
export async function idOf(kind: Reference, said: string, server: Server): Promise<string> {
  if (idPattern.test(said)) return said
  const { list, by } = references[kind]
  const page = pageOf(await server.askAny(list, { [by]: said, limit: 10 }), asRecord)
  const [found, ...more] = page.items
  if (found === undefined) {
    throw new Stop(exit.refused, `no ${kind} has the ${by} "${said}"`, {
      code: 'not-found',
      hint: `"vitalsign ${kind} list" shows what there is`,
    })
  }
  if (more.length > 0) {
    const ids = page.items.map(({ id, product }) => (product ? `${id} of ${product}` : id))
    throw wrongUse(`several have the ${by} "${said}": ${ids.join(', ')}`, 'name one by its id')
  }
  return String(found['id'])
}

function asRecord(item: unknown): Readonly<Record<string, unknown>> {
  return typeof item === 'object' && item !== null ? { ...item } : {}
}
