// SPDX-License-Identifier: Apache-2.0
import { pageOf, type Server } from '../talk/server.ts'

/** What is known by id in answers, and by name to people; all are few. */
const lists = {
  product: 'product.list',
  authority: 'authority.list',
  upstream: 'upstream.list',
  integration: 'integration.list',
  person: 'person.list',
} as const
const listOf: Readonly<Record<string, keyof typeof lists>> = {
  product: 'product',
  products: 'product',
  authority: 'authority',
  authorities: 'authority',
  parent: 'authority',
  upstream: 'upstream',
  integration: 'integration',
  person: 'person',
  confirmedBy: 'person',
}

/** The names of products, authorities and the like, to stand in the place of their ids. */
export class Names {
  readonly #server: Server
  readonly #names = new Map<string, string>()
  readonly #asked = new Set<string>()

  constructor(server: Server) {
    this.#server = server
  }

  /** Gets ready for what an answer holds: asks for a list only if one of its ids is there. */
  async learn(answer: unknown): Promise<void> {
    for (const name of foundIn(answer)) {
      const kind = listOf[name]
      if (kind === undefined || this.#asked.has(kind)) continue
      this.#asked.add(kind)
      const page = pageOf(await this.#server.askAny(lists[kind], { limit: 1000 }), (item) => item)
      for (const item of page.items) this.#keep(item)
    }
  }

  /** The value of a field, with a name where it is an id that has one. */
  in(field: string, value: unknown): unknown {
    if (!Object.hasOwn(listOf, field)) return value
    if (Array.isArray(value)) return value.map((one) => this.in(field, one))
    return typeof value === 'string' ? (this.#names.get(value) ?? value) : value
  }

  #keep(item: unknown): void {
    if (typeof item !== 'object' || item === null || !('id' in item) || !('name' in item)) return
    this.#names.set(String(item.id), String(item.name))
  }
}

/** The names of all fields, at any depth, that hold anything. */
function foundIn(answer: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (typeof answer !== 'object' || answer === null) return found
  for (const [name, value] of Object.entries(answer)) {
    if (value !== null) found.add(name)
    foundIn(value, found)
  }
  return found
}
