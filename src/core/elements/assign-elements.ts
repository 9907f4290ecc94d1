// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { Importing, type ImportNews, importInBatches, type WrongRow } from '../importing.ts'
import type { Product } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { bindElement } from './bind-element.ts'
import type { ElementPorts } from './ports.ts'

/** One row of a line's list: which element was put into which device. */
export interface AssignmentRow {
  readonly kind: 'assignment'
  readonly row: number
  readonly uniqueId: string
  readonly serial: string
}

/** Rows between two words of how far it is; each is a commit of its own. */
const batchSize = 100

/** Says of many elements in which devices they are. What is so already is left. */
export function assignElements(
  rows: AsyncIterable<AssignmentRow | WrongRow>,
  product: Product,
  actor: Actor,
  ports: ElementPorts,
): AsyncGenerator<ImportNews> {
  const remedy = 'mend the file and send it again'
  return importInBatches(rows, new Assigning(product, actor, ports), { batchSize, remedy })
}

class Assigning extends Importing<AssignmentRow> {
  readonly #product: Product
  readonly #actor: Actor
  readonly #ports: ElementPorts

  constructor(product: Product, actor: Actor, ports: ElementPorts) {
    super()
    this.#product = product
    this.#actor = actor
    this.#ports = ports
  }

  async *book(rows: readonly AssignmentRow[]): AsyncGenerator<ImportNews> {
    for (const row of rows) {
      const done = await assign(row, this.#product, this.#actor, this.#ports)
      if (done === 'added') this.added++
      else if (done === 'unchanged') this.unchanged++
      else yield this.refuse(row.row, done)
    }
  }
}

async function assign(
  { uniqueId, serial }: AssignmentRow,
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
