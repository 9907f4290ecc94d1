// SPDX-License-Identifier: Apache-2.0
import type { DeviceRow } from '#core/devices/import.ts'
import type { ImportCount, ImportNews, WrongRow } from '#core/importing.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { Product } from '#core/ledger/tables.ts'
import { CsvError, type CsvRow, readCsv } from '#format/admin/csv.ts'
import { devices } from '#format/admin/operations/devices.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import { refuse } from '#trust/refusal.ts'
import { RefusalError, type RefusedInput } from '../answers/problem.ts'

/** What a column may be called; `serial` must be there, `product` where none was named for all. */
const columns = ['serial', 'product', 'hardwareRevision', 'lot', 'udiDi', 'ekSha256'] as const
type ColumnName = (typeof columns)[number]

/** Products that a file may name; a maker has tens. */
const mostProducts = 1000

/** What a field may hold, as where a device is added by hand. */
const { serial, hardwareRevision, lot, udiDi, ekSha256 } = devices['device.add'].input.shape
const particulars = { serial, hardwareRevision, lot, udiDi, ekSha256 }

/**
 * The rows of a CSV file as devices, one at a time; `counted.bytes` says how far it has been read.
 *
 * What is no CSV is the last row.
 *
 * @throws RefusalError for a head that cannot be used
 */
export async function* importRows(
  body: AsyncIterable<Uint8Array>,
  product: Product | undefined,
  counted: { bytes: number },
  ledger: Ledger,
): AsyncGenerator<DeviceRow | WrongRow> {
  const products = new Products(product, ledger)
  let head: readonly ColumnName[] | undefined
  try {
    for await (const row of readCsv(counting(body, counted))) {
      if (head === undefined) head = headOf(row, product !== undefined)
      else yield await rowOf(row, head, products)
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const { row, message } = error
    yield { kind: 'unreadable', row, refused: refuse('request-malformed', message) }
    return
  }
  if (head === undefined)
    throw new RefusalError(
      refuse('input-wrong', 'the file is empty; its first row names the columns'),
    )
}

async function* counting(body: AsyncIterable<Uint8Array>, counted: { bytes: number }) {
  for await (const chunk of body) {
    counted.bytes += chunk.length
    yield chunk
  }
}

function headOf({ fields }: CsvRow, productIsGiven: boolean): readonly ColumnName[] {
  const head = fields.map((field) => {
    const name = columns.find((one) => one.toLowerCase() === field.trim().toLowerCase())
    if (name === undefined)
      throw wrongHead(
        `column "${field.slice(0, 64)}" is not known; known are ${columns.join(', ')}`,
      )
    return name
  })
  if (new Set(head).size < head.length) throw wrongHead('a column stands twice')
  if (!head.includes('serial')) throw wrongHead('there is no column serial')
  if (!productIsGiven && !head.includes('product')) {
    throw wrongHead('there is no column product, and no product was named for all rows')
  }
  if (productIsGiven && head.includes('product')) {
    throw wrongHead(
      'there is a column product, and a product was named for all rows; leave one out',
    )
  }
  return head
}

function wrongHead(detail: string): RefusalError {
  return new RefusalError(refuse('input-wrong', `first row: ${detail}`))
}

async function rowOf(
  { row, fields }: CsvRow,
  head: readonly ColumnName[],
  products: Products,
): Promise<DeviceRow | WrongRow> {
  if (fields.length !== head.length) {
    return wrong(row, `${fields.length} fields where the first row has ${head.length}`)
  }
  const values = new Map<ColumnName, string>()
  head.forEach((name, index) => {
    const field = fields[index] ?? ''
    if (field !== '') values.set(name, field)
  })
  for (const [name, schema] of Object.entries(particulars)) {
    const checked = schema.safeParse(values.get(name as ColumnName))
    if (checked.success) continue
    const [issue] = checked.error.issues
    const fault = values.has(name as ColumnName) ? (issue?.message ?? 'is wrong') : 'is missing'
    return wrong(row, `${name}: ${fault}`)
  }
  const product = await products.named(values.get('product'))
  if (product === undefined) {
    return wrong(row, `product: no product is named "${values.get('product') ?? ''}"`)
  }
  const hash = values.get('ekSha256')
  const device = {
    serial: values.get('serial') ?? '',
    hardwareRevision: values.get('hardwareRevision') ?? null,
    lot: values.get('lot') ?? null,
    udiDi: values.get('udiDi') ?? null,
    ekSha256: hash === undefined ? undefined : Uint8Array.fromHex(hash),
  }
  return { kind: 'device', row, device, product }
}

function wrong(row: number, detail: string): WrongRow {
  return { kind: 'wrong', row, refused: refuse('input-wrong', detail) }
}

/** The products of a file, each looked up once. */
class Products {
  readonly #forAll: Product | undefined
  readonly #ledger: Ledger
  readonly #known = new Map<string, Product | undefined>()

  constructor(forAll: Product | undefined, ledger: Ledger) {
    this.#forAll = forAll
    this.#ledger = ledger
  }

  async named(name: string | undefined): Promise<Product | undefined> {
    if (this.#forAll !== undefined || name === undefined) return this.#forAll
    if (this.#known.has(name)) return this.#known.get(name)
    const product = await this.#ledger.find('product', 'name', [name])
    if (this.#known.size < mostProducts) this.#known.set(name, product)
    return product
  }
}

/** The news of an import as lines; what stops the reading is the last of them. */
export async function* importLines(
  news: AsyncIterable<ImportNews>,
  counted: { readonly bytes: number },
): AsyncGenerator<OutputOf<'device.import'>> {
  let count: ImportCount = { rows: 0, added: 0, unchanged: 0, refused: 0 }
  try {
    for await (const one of news) {
      if (one.kind !== 'refused') count = one.count
      yield lineOf(one, counted.bytes)
    }
  } catch (error) {
    const refused = stopIn(error)
    if (refused === undefined) throw error
    const { rows, ...counts } = count
    yield {
      kind: 'stopped',
      row: rows + 1,
      reason: refused.reason,
      detail: refused.detail,
      ...counts,
    }
  }
}

function lineOf(news: ImportNews, bytes: number): OutputOf<'device.import'> {
  switch (news.kind) {
    case 'refused':
      return {
        kind: 'refused',
        row: news.row,
        reason: news.refused.reason,
        detail: news.refused.detail,
      }
    case 'progress':
      return { kind: 'progress', rows: news.count.rows, bytes }
    case 'done':
      return { kind: 'done', ...news.count }
    case 'stopped': {
      const { rows: _, ...counts } = news.count
      const { reason, detail } = news.refused
      return { kind: 'stopped', row: news.row, reason, detail, ...counts }
    }
  }
}

function stopIn(error: unknown): RefusedInput | undefined {
  return error instanceof RefusalError ? error.refused : undefined
}
