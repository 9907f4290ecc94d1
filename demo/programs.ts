// SPDX-License-Identifier: Apache-2.0
/** The programs of the house as a person runs them: each in a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const root = join(import.meta.dirname, '..')

export type Program = 'vitalsign' | 'vitalsign-device'

/** What a program said before it ended. */
export interface Said {
  /** 0 done, 1 refused, 2 wrong use, 3 broken. */
  readonly status: number
  readonly output: string
  readonly errors: string
}

/** A program did not do what it was asked to; the message shows the command and what it said. */
export class Failed extends Error {
  override readonly name = 'Failed'
}

const running = new Set<ChildProcessWithoutNullStreams>()
/** Whoever is stopped in the middle of starting others starts no more. */
let isOver = false

/** Runs a program to its end; `input` goes to its standard input, where secrets belong. */
export async function run(program: Program, words: readonly string[], input = ''): Promise<Said> {
  const child = start(program, words)
  child.stdin.on('error', () => {}) // one that never reads has its reasons, and says them
  child.stdin.end(input)
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { status: Number(code ?? 3), output, errors }
}

/** Runs a program that must end with `status`. @throws Failed if it does not */
export async function runWell(
  program: Program,
  words: readonly string[],
  { input = '', status = 0 } = {},
): Promise<Said> {
  const said = await run(program, words, input)
  if (said.status === status) return said
  const what = `${program} ${words.join(' ')}: ended with ${said.status}, not ${status}`
  throw new Failed(`${what}\n${said.output}${said.errors}`)
}

/** Runs a program with `--json` and reads its answer. @throws Failed unless it ends with `status` */
export async function askJson(
  program: Program,
  words: readonly string[],
  asked: { readonly input?: string; readonly status?: number } = {},
): Promise<Record<string, unknown>> {
  const { output } = await runWell(program, [...words, '--json'], asked)
  return JSON.parse(output) as Record<string, unknown>
}

/** A server that runs. */
export interface Server {
  readonly pid: number
  /** Its first words: addresses, root, what to do next. */
  readonly greeting: string
  /** All that it said so far, on both its outputs. */
  said(): string
  /** Asks it to end; resolves when it has. @throws Failed if it did not end in good order */
  stop(): Promise<void>
}

/** Starts the server on free ports; resolves when it serves. @throws Failed if it ends before */
export async function serve(data: string, more: readonly string[] = []): Promise<Server> {
  const free = ['listen', 'operator-listen', 'status-listen'].flatMap((door) => [
    `--${door}`,
    '127.0.0.1:0',
  ])
  const child = start('vitalsign', ['serve', '--data', data, ...free, ...more])
  let said = ''
  const serving = Promise.withResolvers<void>()
  const hear = (chunk: unknown) => {
    said += String(chunk)
    if (/^ {2}(claim it|next) /m.test(said)) serving.resolve()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  child.once('close', (code) =>
    serving.reject(new Failed(`the server ended with ${code}:\n${said}`)),
  )
  await serving.promise
  return {
    pid: child.pid ?? 0,
    greeting: said,
    said: () => said,
    stop: async () => {
      const ended = once(child, 'close')
      child.kill('SIGTERM')
      const [code] = await ended
      if (code !== 0) throw new Failed(`the server ended with ${code}:\n${said}`)
    },
  }
}

/** Ends whatever still runs; resolves when all of it has ended. */
export async function endAll(): Promise<void> {
  isOver = true
  const ends = [...running].map((child) => once(child, 'close'))
  for (const child of running) child.kill('SIGTERM')
  await Promise.all(ends)
}

function start(program: Program, words: readonly string[]): ChildProcessWithoutNullStreams {
  if (isOver) throw new Failed('it was stopped')
  const child = spawn(join(root, 'bin', program), words)
  running.add(child)
  child.once('close', () => running.delete(child))
  return child
}
