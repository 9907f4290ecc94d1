// SPDX-License-Identifier: Apache-2.0
/** What people here call records that answers name by their ids. */
import { get } from './api.js'

const all = { limit: 1000 }

/** Whose names stand in the log: people and machines, by id; and whoever sits at the server, whom nobody asks for one. */
export async function actorNames() {
  const lists = await Promise.all([get('/people', all), get('/machines', all)])
  const named = lists.flatMap(({ items }) => items.map(({ id, name }) => [id, name]))
  return new Map([['local', 'somebody at the server itself'], ...named])
}

/** Products by id, and a filter that chooses one of them. */
export async function productNames() {
  const { items } = await get('/products', all)
  const names = items.map(({ id, name }) => [id, name])
  return {
    names: new Map(names),
    filter: { name: 'product', label: 'Product', choices: [['', 'all'], ...names] },
  }
}

/** A filter of words that stand for themselves. */
export function choiceOf(name, label, words) {
  return { name, label, choices: [['', 'all'], ...words.map((word) => [word, word])] }
}
