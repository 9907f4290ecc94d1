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

/** All words, by themselves in small letters: every row of every table of docs/words.md. */
export function readWords(): ReadonlyMap<string, Word> {
  const words = new Map<string, Word>()
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const cells = /^\|(.*)\|$/
      .exec(line.trim())?.[1]
      ?.split('|')
      .map((cell) => cell.trim())
    const [word = '', means = '', standard = '', remedy = ''] = cells ?? []
    if (word === '' || /^[-: ]+$/.test(word) || word === 'word' || word === 'refusal') continue
    const bare = word.replaceAll('`', '')
    words.set(bare.toLowerCase(), {
      word: bare,
      means,
      standard: standard === '' || standard === '-' ? null : standard,
      remedy: remedy === '' || remedy === '-' ? null : remedy,
    })
  }
  return words
}
