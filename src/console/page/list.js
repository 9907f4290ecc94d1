// SPDX-License-Identifier: Apache-2.0
import { get } from './api.js'
import { button, make, say, table } from './elements.js'
import { filterRow } from './form.js'

/** A list that is read page by page, under filters that hold as soon as they are changed. */
export function listOf({ path, filters, input = (values) => values, columns, row }) {
  const place = make('div')
  let turn = 0
  const read = async (values) => {
    const mine = ++turn
    const asked = { ...input(values), limit: 50 }
    const { items, next } = await get(path, asked)
    if (mine !== turn) return
    say(`${items.length}${next ? ' and more' : ''} found`)
    const lines = table(columns, items.map(row))
    const more = pager(path, asked, next, (others) =>
      lines.tBodies[0].append(...table([], others.map(row)).tBodies[0].rows),
    )
    place.replaceChildren(...(items.length > 0 ? [lines, more] : [make('p.hint', 'None.')]))
  }
  return [filterRow(filters, read), place]
}

/** Reads on where a page of a list ended. */
export function pager(path, asked, next, add) {
  let after = next
  const more = button('Show more', async () => {
    const page = await get(path, { ...asked, after })
    add(page.items)
    after = page.next
    more.hidden = after === null
  })
  more.hidden = next === null
  return more
}
