// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { WrongUse } from './options.ts'

/**
 * The enrolment code: from a file, from standard input (`-`), or from the person at the terminal.
 *
 * @throws WrongUse if there is none
 */
export async function readCode(file: string | undefined): Promise<string> {
  if (file === undefined && process.stdin.isTTY) return check(await askAtTerminal(), 'the code')
  if (file === undefined) {
    throw new WrongUse(
      'no enrolment code was given',
      'write it to a file that only you can read and give --code-file FILE, or pipe it and give --code-file -',
    )
  }
  return check(readSource(file), file === '-' ? 'standard input' : file)
}

function readSource(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new WrongUse(
      `cannot read the enrolment code: ${error.message.toLowerCase()}`,
      'look at --code-file',
    )
  }
}

/** The code is not repeated in any message. */
function check(text: string, where: string): string {
  const code = text.trim()
  if (/^[\x21-\x7e]{1,256}$/.test(code)) return code
  throw new WrongUse(
    `${where} holds no enrolment code`,
    'a code is one line of visible ASCII characters, without spaces',
  )
}

/** Reads a line without showing it. */
function askAtTerminal(): Promise<string> {
  const { stdin, stderr } = process
  stderr.write('enrolment code (not shown): ')
  stdin.setRawMode(true).setEncoding('utf8').resume()
  return new Promise((resolve, reject) => {
    let typed = ''
    const end = (finish: () => void) => {
      stdin.setRawMode(false).pause().off('data', take)
      stderr.write('\n')
      finish()
    }
    const take = (text: string) => {
      for (const key of text) {
        if (key === '\r' || key === '\n') return end(() => resolve(typed))
        if (key === '\x03' || key === '\x04') {
          return end(() =>
            reject(new WrongUse('no enrolment code was given', 'type it, then Enter')),
          )
        }
        typed = key === '\x7f' || key === '\b' ? typed.slice(0, -1) : typed + key
      }
    }
    stdin.on('data', take)
  })
}
