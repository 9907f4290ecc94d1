// SPDX-License-Identifier: Apache-2.0
/** A program at a terminal that is none: its questions are answered as people would, line by line. */
import { type ChildProcess, spawn } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'

export interface Spoken {
  readonly status: number
  /** All that stood on the terminal, without its colours. */
  readonly said: string
  readonly asked: readonly string[]
}

/** A prompt hides the cursor once, when it begins to wait; then its question stands behind this mark. */
const begins = '\u001b[?25l'
const mark = '◆'

/**
 * Runs a command line under `script` (util-linux), and answers each question that it asks.
 *
 * @param answer what is typed for a question; it throws for one that nobody expects
 */
export function atTerminal(
  command: string,
  cwd: string,
  answer: (question: string) => string,
): Promise<Spoken> {
  const { promise, resolve, reject } = Promise.withResolvers<Spoken>()
  // Wide, so that no question is broken into lines.
  const child: ChildProcess = spawn('script', ['-qec', `stty cols 400; ${command}`, '/dev/null'], {
    ...{ cwd, stdio: ['pipe', 'pipe', 'pipe'] },
    env: { ...process.env, TERM: 'xterm-256color', CI: '', SHELL: '/bin/sh' },
  })
  const asked: string[] = []
  let raw = ''
  let from = 0
  const look = () => {
    const start = raw.indexOf(begins, from)
    const at = start === -1 ? -1 : raw.indexOf(mark, start)
    const end = at === -1 ? -1 : raw.indexOf('\n', at)
    if (end === -1) return
    from = end
    const question = stripVTControlCharacters(raw.slice(at + mark.length, end)).trim()
    asked.push(question)
    try {
      child.stdin?.write(`${answer(question)}\r`)
    } catch (error) {
      reject(error)
      child.kill()
    }
    look()
  }
  child.stdout?.on('data', (chunk: Buffer) => {
    raw += chunk.toString()
    look()
  })
  child.on('error', reject)
  child.on('close', (status) => {
    const said = stripVTControlCharacters(raw).replaceAll('\r', '')
    resolve({ status: status ?? -1, said, asked })
  })
  return promise
}
