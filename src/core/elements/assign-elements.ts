// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { type ImportNews, mostRefusedRows } from '../devices/import.ts'
import type { Product } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { bindElement } from './bind-element.ts'
import type { ElementPorts } from './ports.ts'

/** One row of a line's list: which element was put into which device; or what is wrong with it. */
export type AssignmentRow =
  | {
      readonly kind: 'assignment'
      readonly row: number
      readonly uniqueId: string
      readonly serial: string
    }
  | { readonly kind: 'wrong'; readonly row: number; readonly refused: Refused }
  | { readonly kind: 'unreadable'; readonly row: number; readonly refused: Refused }

/** Rows between two words of how far it is. */
const progressEvery = 100

/**
 * Says of many elements in which devices they are, row by row: what is so already is counted and left, so that a list
 * may be sent again.
 */
export async function* assignElements(
  rows: AsyncIterable<AssignmentRow>,
  product: Product,
  actor: Actor,
  ports: ElementPorts,
): AsyncGenerator<ImportNews> {
  let [added, unchanged, refused] = [0, 0, 0]
  const count = () => ({ rows: added + unchanged + refused, added, unchanged, refused })
  for await (const row of rows) {
    if (row.kind === 'unreadable') {
      yield { kind: 'stopped', row: row.row, refused: row.refused, count: count() }
      return
    }
    const done = row.kind === 'wrong' ? row.refused : await assign(row, product, actor, ports)
    if (done === 'added') added++
    else if (done === 'unchanged') unchanged++
    else {
      refused++
      yield { kind: 'refused', row: row.row, refused: done }
    }
    if (refused >= mostRefusedRows) {
      const why = refuse('input-wrong', `${mostRefusedRows} rows were refused; mend the file`)
      yield { kind: 'stopped', row: row.row, refused: why, count: count() }
      return
    }
    if (count().rows % progressEvery === 0) yield { kind: 'progress', count: count() }
  }
  yield { kind: 'done', count: count() }
}

async function assign(
  { uniqueId, serial }: AssignmentRow & { readonly kind: 'assignment' },
  product: Product,
  actor: Actor,
  ports: ElementPorts,
): Promise<'added' | 'unchanged' | Refused> {
  const [element, device] = await Promise.all([
    ports.ledger.find('element', 'uniqueId', [uniqueId]),
    ports.ledger.find('device', 'serial', [product.id, serial]),
  ])
  if (element === undefined)
    return refuse('not-found', `no element ${uniqueId} is known; import its manifest first`)
  if (device === undefined)
    return refuse('device-unknown', `${product.name} has no device with serial ${serial}`)
  const bound = await bindElement(element, device, actor, ports)
  return bound.kind === 'refused' ? bound : bound.kind === 'bound' ? 'added' : 'unchanged'
}
