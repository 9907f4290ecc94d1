// SPDX-License-Identifier: Apache-2.0
import { placeIdentity } from '../identity.ts'
import { looksChosen } from '../placeholder.ts'
import type { Surroundings, Tell, WholeLook } from '../sight.ts'

/** What programs call a secret. */
const secretName =
  /(?:^|[_.\s-])(?:pass(?:word|wd|phrase)?|pwd|secret|api_?key|auth_?token|access_?token|psk)$/i
/** The words of it: most texts have none. */
const words = [
  ...['pass', 'pwd', 'secret', 'apikey', 'api_key', 'authtoken', 'auth_token'],
  ...['accesstoken', 'access_token', 'psk'],
]
const pair = /^(?:export\s+|set\s+)?["']?([A-Za-z][\w.-]{0,80})["']?\s*[=:]\s*(.*)$/
const blank = /^\s*(?:[#;].*|\[[^\]]+\]\s*)?$/

export const lookAtPairs: WholeLook = {
  cues: words.map((word) => ({ octets: new TextEncoder().encode(word), anyCase: true })),
  look: lookAtFile,
}

/**
 * Files of names and values: INI, properties, environments. Only such files are looked at, and only values that somebody
 * chose, as manuals and programs are full of lines that look alike.
 */
function lookAtFile(file: Surroundings, tell: Tell): void {
  if (!file.isWhole || file.head.length > 32_768 || !file.isText) return
  const { text } = file
  if (text.trimStart().startsWith('{')) lookInJson(text, file, tell)
  else lookInLines(text, file, tell)
}

function lookInLines(text: string, file: Surroundings, tell: Tell): void {
  const found: { readonly name: string; readonly offset: number }[] = []
  // Line by line: most texts end to be such a file with their first one.
  for (let offset = 0, end = 0; offset <= text.length; offset = end + 1) {
    end = text.indexOf('\n', offset)
    if (end === -1) end = text.length
    const line = text.slice(offset, end)
    const [, name, said = ''] = pair.exec(line.trim()) ?? []
    if (name === undefined && !blank.test(line)) return
    if (name !== undefined && secretName.test(name) && looksChosen(unquoted(said)))
      found.push({ name, offset })
  }
  for (const { name, offset: at } of found) tellPair(name, at, file, tell)
}

function unquoted(value: string): string {
  return /^(["'])(.*)\1[;,]?$/.exec(value)?.[2] ?? value
}

function lookInJson(text: string, file: Surroundings, tell: Tell): void {
  const pairs = text.matchAll(/"([A-Za-z][\w.-]{0,80})"\s*:\s*"([^"\\]{3,128})"/g)
  const found = [...pairs].filter(
    ([, name = '', value = '']) => secretName.test(name) && looksChosen(value),
  )
  if (found.length > 0 && isJson(text))
    for (const match of found) tellPair(match[1]!, match.index, file, tell)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

function tellPair(name: string, offset: number, file: Surroundings, tell: Tell): void {
  tell.found({
    ...{ rule: /mqtt/i.test(name) ? 'mqtt-password' : 'config-password' },
    ...{ confidence: 'likely', offset, what: `a value is set for ${name}` },
    identity: placeIdentity('config-password', file.name, name),
  })
}
