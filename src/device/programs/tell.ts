// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { DeviceFault, reasonOf } from '../fault.ts'

/** A program that takes longer to read a certificate hangs. */
const longestMilliseconds = 60_000

/** What is told of the words of a command that failed. */
const mostCharacters = 200

/** Runs a command as it stands: no shell reads it. @throws DeviceFault program-not-told */
export async function runCommand(command: readonly string[]): Promise<void> {
  const [program = '', ...words] = command
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const child = spawn(program, words, {
    ...{ stdio: ['ignore', 'ignore', 'pipe'], timeout: longestMilliseconds },
  })
  let last = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    last = (last + text).slice(-mostCharacters)
  })
  const fail = (why: string, cause?: unknown) =>
    reject(new DeviceFault('program-not-told', `${shown(command)} ${why}`, { cause }))
  child.on('error', (cause) => fail(`did not start: ${reasonOf(cause)}`, cause))
  child.on('close', (status, signal) => {
    if (status === 0) resolve()
    else fail(`ended with ${status ?? signal}${last.trim() && `: ${oneLine(last)}`}`)
  })
  return promise
}

/**
 * Sends SIGHUP to the process that a file names.
 *
 * Where there is no such file or process the program does not run, and reads the new identity when it starts.
 *
 * @throws DeviceFault program-not-told
 */
export function hangUp(pidFile: string): void {
  try {
    process.kill(pidIn(readFileSync(pidFile, 'utf8')), 'SIGHUP')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && ['ENOENT', 'ESRCH'].includes(`${cause.code}`))
      return
    throw new DeviceFault('program-not-told', `cannot signal ${pidFile}: ${reasonOf(cause)}`, {
      cause,
    })
  }
}

/** 0 and negative numbers mean groups of processes, our own among them; 1 is the system. */
function pidIn(text: string): number {
  const pid = /^\s*([1-9][0-9]{0,9})\s*$/.exec(text)?.[1]
  if (pid === undefined || pid === '1') throw new Error('it holds no process id')
  return Number(pid)
}

function shown(command: readonly string[]): string {
  return JSON.stringify(command.join(' '))
}

function oneLine(text: string): string {
  return (
    text
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/[^ -~]/g, ' ') ?? ''
  )
}
