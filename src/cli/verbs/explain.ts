// SPDX-License-Identifier: Apache-2.0
import { isRule } from '#core/scan/baseline.ts'
import { rules } from '#trust/secrets/rules.ts'
import { didYouMean } from '../commands/suggest.ts'
import type { WordRow } from '../means.ts'
import { jsonText } from '../show/json.ts'
import { pairLines } from '../show/record.ts'
import { Table } from '../show/table.ts'
import { exit, Stop } from '../stop.ts'
import { type Call, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** Says what a word means, without any server; without a word, lists them all. */
export const explain: Verb = async (call) => {
  const words = call.means.readWords()
  const said = call.said.value('word')
  const asked = Array.isArray(said) ? said.join(' ') : undefined
  if (asked === undefined) return listAll(call, [...words.values()])
  const row = words.get(asked.toLowerCase()) ?? ruleRow(asked)
  if (row === undefined) {
    throw new Stop(exit.refused, `"${asked}" is no word that is explained here`, {
      code: 'not-found',
      hint: didYouMean(
        asked,
        [...words.keys(), ...Object.keys(rules)],
        '"vitalsign explain" lists all words',
      ),
    })
  }
  if (isJson(call)) await call.terminal.write(jsonText(row))
  else await writeLines(call, linesOf(call, row))
  return exit.done
}

/** The rules of a scan stand in a table of their own, from which docs/scan-rules.md is made. */
function ruleRow(asked: string): WordRow | undefined {
  if (!isRule(asked)) return undefined
  const { what, why, todo, source } = rules[asked]
  return { word: asked, means: `${what}: ${why}`, standard: source, remedy: todo }
}

function linesOf(call: Call, { word, means, standard, remedy }: WordRow): readonly string[] {
  const pairs: (readonly [string, string])[] = [['means', means]]
  if (remedy !== null) pairs.push(['what to do', remedy])
  if (standard !== null) pairs.push(['standard', standard])
  return [
    call.terminal.paint('bold', word),
    ...pairLines(pairs, { ...tableOptions(call), indent: '  ' }),
  ]
}

async function listAll(call: Call, rows: readonly WordRow[]) {
  if (isJson(call)) await call.terminal.write(jsonText({ items: rows, next: null }))
  else {
    const table = new Table(['word', 'means'], tableOptions(call))
    await writeLines(call, table.lines(rows.map(({ word, means }) => [word, means])))
  }
  return exit.done
}
