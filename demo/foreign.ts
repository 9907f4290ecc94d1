// SPDX-License-Identifier: Apache-2.0
/** Programs of others, which know nothing of us: whether they are here, and what they say. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { Failed } from './programs.ts'

/** What is needed, and how Debian calls the package that brings it. */
export interface Needed {
  readonly file: string
  readonly package: string
}

/** The packages that are missing; none: all of it is here. @throws Failed where PEERS=required asks for all */
export function missing(needed: readonly Needed[]): readonly string[] {
  const lacking = needed.filter(({ file }) => !existsSync(file)).map((one) => one.package)
  const packages = [...new Set(lacking)]
  if (packages.length > 0 && process.env['PEERS'] === 'required')
    throw new Failed(`not installed: ${packages.join(', ')}`)
  return packages
}

/** Runs a program of others to its end. */
export async function runForeign(
  file: string,
  words: readonly string[],
  { input = '', cwd = process.cwd(), env = {} as Readonly<Record<string, string>> } = {},
): Promise<{ readonly status: number; readonly said: string }> {
  const child = spawn(file, words, { cwd, env: { ...process.env, TMPDIR: cwd, ...env } })
  child.stdin.on('error', () => {}) // one that never reads has its reasons, and says them
  child.stdin.end(input)
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { status: Number(code ?? 3), said: `${output}${errors}` }
}
