// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { DeviceFault, reasonOf } from '../fault.ts'

/** A program that takes longer to read a certificate hangs. */
const longestMilliseconds = 60_000

/** What is told of the words of a command that failed. */
const mostCharacters = 200

/** How long the last words of a command that ended may take; who is left running may hold on to them for ever. */
const lastWordsMilliseconds = 500

/**
 * Runs a command as it stands: no shell reads it.
 *
 * It is done when it ends itself: a program that it leaves running, with its stderr, holds up no renewal. One that
 * does not end in time is killed, whatever it does about signals.
 *
 * @throws DeviceFault program-not-told
 */
export async function runCommand(
  command: readonly string[],
  limits = { longestMilliseconds },
): Promise<void> {
  const [program = '', ...words] = command
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const child = spawn(program, words, {
    ...{ stdio: ['ignore', 'ignore', 'pipe'], killSignal: 'SIGKILL' },
    timeout: limits.longestMilliseconds,
  })
  let last = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    last = (last + text).slice(-mostCharacters)
  })
  const fail = (why: string, cause?: unknown) =>
    reject(new DeviceFault('program-not-told', `${shown(command)} ${why}`, { cause }))
  child.on('error', (cause) => fail(`did not start: ${reasonOf(cause)}`, cause))
  child.on('exit', async (status, signal) => {
    if (status !== 0) await endOf(child.stderr)
    // Still read, so that whoever is left running can write, but nothing here waits for it.
    if (child.stderr instanceof Socket) child.stderr.unref()
    if (status === 0) resolve()
    else fail(`ended with ${status ?? signal}${last.trim() && `: ${oneLine(last)}`}`)
  })
  return promise
}

/** Resolves at the end of the stream, or when waiting for it was long enough. */
async function endOf(stream: Readable): Promise<void> {
  const long = new AbortController()
  const timer = setTimeout(() => long.abort(), lastWordsMilliseconds)
  await finished(stream, { signal: long.signal }).catch(() => {}) // what was said until now is told
  clearTimeout(timer)
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
