// SPDX-License-Identifier: Apache-2.0
import { identityOf } from '../identity.ts'
import { textAround } from '../line.ts'
import type { Look, Sight, Tell } from '../sight.ts'
import { type TokenRow, tokenRows } from './token-rows.ts'

const encoder = new TextEncoder()

export const lookForTokens: readonly Look[] = tokenRows.flatMap((row) =>
  row.needles.map((needle) => ({
    octets: encoder.encode(needle),
    // A word near which a token stands is written either way.
    anyCase: (row.around ?? 0) > 200,
    look: (sight: Sight, tell: Tell) => lookAtToken(row, sight, tell),
  })),
)

/** The longest token of the table, and what has to stand behind it. */
const mostCharacters = 1_100

function lookAtToken(row: TokenRow, sight: Sight, tell: Tell): void {
  if (!tell.spend(1)) return
  const { service, pattern, confidence, check, around } = row
  const before = around ?? 1
  const seen = textAround(sight, before, around === undefined ? mostCharacters : around + 100)
  const match = pattern.exec(seen.text)
  const token = match?.[1]
  if (!match || token === undefined) return
  const place = match.index + match[0].indexOf(token)
  // Of two in a row each is met at its own beginning.
  if (around === undefined && place > seen.at + 20) return
  if (isExample(token) || check?.(token) === false) return
  tell.found({
    ...{ rule: 'access-token', confidence, offset: seen.offset + place },
    what: `access token of ${service}`,
    identity: identityOf('access-token', token),
  })
}

/** What manuals print: the word itself, or hardly any different characters. */
function isExample(token: string): boolean {
  const body = token.slice(-16)
  return /example|xxxx|your|0123456789|1234567890|abcdefgh/i.test(token) || new Set(body).size < 7
}
