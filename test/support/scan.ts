// SPDX-License-Identifier: Apache-2.0
import { conclude } from '#core/scan/conclude.ts'
import { makeFinders } from '#core/scan/finders.ts'
import type { Clue, Finding } from '#core/scan/finding.ts'

type Placed = Clue & { readonly path: readonly string[] }

/** When the tests scan: certificates of vectors have not expired at it unless they are to. */
export const scanTime = Temporal.Instant.from('2026-11-29T12:00:00Z')

/** Every finding in these files, as a walk gives them to the finders. */
export function findIn(
  files: Readonly<Record<string, Uint8Array | string>>,
  cut: (bytes: Uint8Array) => Iterable<Uint8Array> = (bytes) => [bytes],
  now: Temporal.Instant = scanTime,
): readonly Finding[] {
  const finders = makeFinders({ now })
  const findings: Finding[] = []
  const clues: Placed[] = []
  for (const [name, content] of Object.entries(files)) {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    const path = [name]
    const finder = finders.open(
      { path, size: bytes.length, head: bytes.subarray(0, 65_536) },
      {
        finding: (finding) => findings.push({ ...finding, path }),
        clue: (clue) => clues.push({ ...clue, path }),
      },
    )
    let at = 0
    for (const piece of cut(bytes)) {
      // Whoever gives pieces uses their memory again.
      const lent = Uint8Array.from(piece)
      finder?.take(lent, at)
      lent.fill(0xee)
      at += piece.length
    }
    finder?.end()
  }
  return [...findings, ...conclude(clues)]
}

/** Rules and places, in the order of the rules: what most tests compare. */
export function told(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ rule, path, offset }) => `${rule} ${path.join('!/')}@${offset}`).sort()
}
