// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'

/** A word that people meet, from docs/words.md. */
export interface Word {
  readonly word: string
  /** What it means, in plain words. */
  readonly means: string
  /** What the standards call it, or where it stands. */
  readonly standard: string | null
  /** What to do about it, for a refusal. */
  readonly remedy: string | null
}

const path = new URL('../../docs/words.md', import.meta.url)

/**
 * All words, by themselves in small letters: every row of every table of docs/words.md.
 *
 * One word may stand in two tables, as a refusal and as an event; then it means both.
 */
export function readWords(): ReadonlyMap<string, Word> {
  const words = new Map<string, Word>()
  for (const row of parseWords(readFileSync(path, 'utf8'))) {
    const key = row.word.toLowerCase()
    const before = words.get(key)
    words.set(key, before === undefined ? row : both(before, row))
  }
  return words
}

function both(one: Word, other: Word): Word {
  return {
    word: one.word,
    means: `${one.means}; ${other.means}`,
    standard: one.standard ?? other.standard,
    remedy: one.remedy ?? other.remedy,
  }
}

/** The rows of every table of four columns, in their order; the row above a ruler is a head. */
export function parseWords(markdown: string): readonly Word[] {
  const lines = markdown.split('\n').map((line) => line.trim())
  return lines.flatMap((line, index) => {
    if (!line.startsWith('|') || isRuler(line) || isRuler(lines[index + 1] ?? '')) return []
    const cells = line.split('|').slice(1, -1)
    const [word = '', means = '', standard = '-', remedy = '-'] = cells.map((cell) =>
      cell.trim().replaceAll('`', ''),
    )
    return [{ word, means, standard: given(standard), remedy: given(remedy) }]
  })
}

function isRuler(line: string): boolean {
  return /^\|[-:| ]+\|$/.test(line)
}

function given(cell: string): string | null {
  return cell === '-' || cell === '' ? null : cell
}
