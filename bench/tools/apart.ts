// SPDX-License-Identifier: Apache-2.0
/** Runs a measure in a process of its own and hands its rows back. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Row } from './row.ts'

/** @param file of this folder's parent; `verb` is what it exports, called with `words` */
export async function measureApart(
  file: string,
  verb: string,
  words: readonly unknown[],
): Promise<readonly Row[]> {
  const child = fork(fileURLToPath(import.meta.url), [], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  child.send({ file, verb, words })
  const [said] = await Promise.race([once(child, 'message'), once(child, 'exit')])
  process.removeListener('exit', end)
  if (!Array.isArray(said)) throw new Error(`${file} ended with ${said} before it had measured`)
  if (child.exitCode === null) await once(child, 'exit')
  return said
}

if (import.meta.main) process.once('message', measure)

type Measures = Readonly<Record<string, (...words: readonly unknown[]) => Promise<readonly Row[]>>>

async function measure({ file, verb, words }: { file: string; verb: string; words: unknown[] }) {
  const measures: Measures = await import(new URL(`../${file}`, import.meta.url).href)
  const rows = await measures[verb]?.(...words)
  // Nothing may keep the process once its rows are told.
  process.send?.(rows, undefined, undefined, () => process.disconnect?.())
}
