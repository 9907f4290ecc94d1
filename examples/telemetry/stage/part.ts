// SPDX-License-Identifier: Apache-2.0
/** The programs that take part, each in a process of its own, and none of them left at the end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Failed } from '../../../demo/programs.ts'
import type { Said } from '../say.ts'

/** A program that runs. */
export interface Part {
  readonly pid: number
  hangUp(): void
  stop(): Promise<void>
}

const running = new Set<ChildProcess>()
/** Whoever is stopped in the middle of starting others starts no more. */
let isOver = false

/** Starts a program; resolves once its standard error says that it is ready. @throws Failed if it ends before */
export async function startPart(
  name: string,
  program: string,
  words: readonly string[],
  ready: RegExp,
): Promise<Part> {
  if (isOver) throw new Failed('it was stopped')
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] })
  const isReady = Promise.withResolvers<void>()
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-10_000)
    if (ready.test(said)) isReady.resolve()
  })
  const part = track(name, child, () => said)
  await Promise.race([isReady.promise, part.failed])
  return part
}

/** Starts one of our own programs, whose lines are heard one by one. @throws Failed if it ends by itself */
export async function startScript(
  script: string,
  configuration: string,
  hear: (said: Said & { readonly at: number }) => void,
): Promise<Part> {
  if (isOver) throw new Failed('it was stopped')
  const words = ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '..', script)]
  const child = spawn(process.execPath, [...words, configuration], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-10_000)
  })
  const isReady = Promise.withResolvers<void>()
  createInterface(child.stdout).on('line', (line) => {
    isReady.resolve()
    hear(JSON.parse(line) as Said & { readonly at: number })
  })
  const part = track(script, child, () => errors)
  await Promise.race([isReady.promise, part.failed])
  return part
}

function track(name: string, child: ChildProcess, said: () => string) {
  running.add(child)
  const failed = Promise.withResolvers<never>()
  // Whoever waits for it to be ready hears of it; later, nobody does until something does not happen.
  failed.promise.catch(() => {})
  child.once('error', (cause) =>
    failed.reject(new Failed(`${name} did not start: ${cause.message}`)),
  )
  child.once('close', (code, signal) => {
    running.delete(child)
    failed.reject(new Failed(`${name} ended with ${code ?? signal}:\n${said()}`))
  })
  return {
    pid: child.pid ?? 0,
    hangUp: () => void child.kill('SIGHUP'),
    stop: () => end(child),
    failed: failed.promise,
  }
}

/** Ends whatever still runs; resolves when all of it has ended. */
export async function endParts(): Promise<void> {
  isOver = true
  await Promise.all([...running].map(end))
}

async function end(child: ChildProcess): Promise<void> {
  if (!running.has(child)) return
  const ended = once(child, 'close')
  child.kill('SIGTERM')
  await ended
}

/** A port that nobody has at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Failed('no port is free')
  return address.port
}
