// SPDX-License-Identifier: Apache-2.0
/** What the demo shows: a line with a tick for each step, and a table. */
import { styleText } from 'node:util'

const { stdout, env } = process
const canRewrite = stdout.isTTY === true && env['TERM'] !== 'dumb'
const isUnicode = /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '')
const tick = isUnicode ? '✓' : 'ok'
const cross = isUnicode ? '✗' : 'no'

/**
 * Does one step of the demo and shows it: what, and how long it took; and below it what came of it, if
 * the step tells.
 */
export async function step<T>(
  what: string,
  act: (tell: (came: string) => void) => Promise<T>,
): Promise<T> {
  const started = performance.now()
  const told: string[] = []
  if (canRewrite) stdout.write(`  ${' '.repeat(tick.length)} ${what} …`)
  const show = (mark: string) => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5)
    if (canRewrite) stdout.write('\r\x1b[2K')
    say(`  ${mark} ${what.padEnd(60)} ${paint('dim', `${seconds} s`)}`)
    for (const came of told) say(paint('dim', `      ${came}`))
  }
  try {
    const done = await act((came) => told.push(came))
    show(paint('green', tick))
    return done
  } catch (error) {
    show(paint('red', cross))
    throw error
  }
}

/** Writes one line, or several. */
export function say(line: string): void {
  stdout.write(`${line}\n`)
}

export function paint(style: 'bold' | 'dim' | 'green' | 'red', text: string): string {
  return styleText(style, text, { stream: stdout })
}

/** A table with a head; each column as wide as it must be. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  const lines = rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  )
  return [paint('bold', lines[0] ?? ''), ...lines.slice(1)].join('\n')
}
