// SPDX-License-Identifier: Apache-2.0
/** Lists of things that need more room than a row of a table. */
import { button, make } from './elements.js'

/** So many are shown at once of a list that is here whole. */
const atOnce = 50

/**
 * Each entry is `[title, aside, ...lines]`: what it is, what stands at the end of its line (such as
 * when), and what there is to say below; lines that are empty are left out.
 */
export function entries(all, none = 'None.') {
  return all.length === 0 ? make('p.hint', none) : make('ol.events.entries', all.map(entry))
}

/** The same for very many: nobody reads a thousand at once. */
export function manyEntries(all, none) {
  return all.length === 0 ? [entries(all, none)] : partByPart('ol.events.entries', all.map(entry))
}

/** Items of a list that is shown part by part. */
export function partByPart(name, items) {
  const list = make(name)
  const rest = [...items]
  const more = button('Show more', () => {
    list.append(...rest.splice(0, atOnce))
    more.hidden = rest.length === 0
  })
  more.click()
  return [list, more]
}

function entry([title, aside, ...lines]) {
  return make(
    'li',
    make('p', make('strong', title), aside),
    lines.filter(Boolean).map((line) => make('div', line)),
  )
}
