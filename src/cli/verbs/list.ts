// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { Names } from '../show/names.ts'
import { firstBy } from '../show/next-step.ts'
import { isRow, Rows } from '../show/rows.ts'
import { pluralOf, shapeOfList } from '../show/shapes.ts'
import { exit } from '../stop.ts'
import { type Input, type Page, pageOf } from '../talk/server.ts'
import { begin, type Call, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** A page that the server takes gladly, where all are wanted anyway. */
const largePage = 1000

/** Asks for a page, or with `--all` for one after the other, and shows them as one table. */
export const list: Verb = async (call) => {
  const { server, name, input } = await begin(call)
  const isAll = call.said.has('all')
  const asked = isAll ? { limit: largePage, ...input } : input
  async function* pages(): AsyncGenerator<Page> {
    let after: string | null | undefined
    do {
      const cursor = after == null ? {} : { after }
      const answer = await server.askAny(name, { ...asked, ...cursor })
      const page = pageOf(answer, (item) => item)
      yield page
      after = page.next
    } while (isAll && after !== null)
  }
  if (isJson(call)) await writeJson(call, pages())
  else await writeTable(call, pages(), new Names(server), isFiltered(input))
  return exit.done
}

/** One document `{ items, next }` however many pages there are, none of them kept. */
async function writeJson(call: Call, pages: AsyncIterable<Page>): Promise<void> {
  if (!call.said.has('all')) {
    for await (const page of pages) await call.terminal.write(jsonText(page))
    return
  }
  await call.terminal.write('{ "items": [')
  let separator = '\n'
  for await (const { items } of pages) {
    for (const item of items) {
      await call.terminal.write(`${separator}${JSON.stringify(item)}`)
      separator = ',\n'
    }
  }
  await call.terminal.write('\n], "next": null }\n')
}

/** Whether it was asked for some of them alone: that there are none of those says nothing of the rest. */
function isFiltered({ limit: _, after, ...filters }: Input): boolean {
  return after !== undefined || Object.values(filters).some((value) => value !== undefined)
}

async function writeTable(
  call: Call,
  pages: AsyncIterable<Page>,
  names: Names,
  filtered: boolean,
): Promise<void> {
  const { operation } = call.command
  const shape = operation && shapeOfList[operation]
  if (shape === undefined) throw new TypeError(`${call.command.name} has no columns`)
  const rows = new Rows(shape, names, tableOptions(call))
  let count = 0
  let next: string | null = null
  for await (const page of pages) {
    count += page.items.length
    next = page.next
    if (count === 0) continue
    await names.learn(page.items)
    await writeLines(call, rows.lines(page.items.filter(isRow)))
  }
  if (count === 0) {
    call.terminal.note(`no ${pluralOf[shape]}`)
    const first = firstBy[shape]
    if (!filtered && first !== undefined) call.terminal.note(`the first comes by: ${first}`)
  }
  if (next !== null)
    call.terminal.hint(`there are more: --all shows all, --after ${next} the next page`)
}
