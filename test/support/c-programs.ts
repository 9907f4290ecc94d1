// SPDX-License-Identifier: Apache-2.0
/** Builds clients/c with what a test drives it by, as strictly as a maker's compiler may ask. */
import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { noCompiler } from './bent-module.ts'

/** Why nothing can be built against Mbed TLS here; false if it can. */
export const noMbedTls: string | false =
  noCompiler !== false
    ? noCompiler
    : existsSync('/usr/include/mbedtls/version.h')
      ? false
      : 'no Mbed TLS here (libmbedtls-dev)'

export const strict = [
  ...['-std=c99', '-Wall', '-Wextra', '-Werror', '-Wpedantic', '-Wshadow', '-Wcast-qual'],
  ...['-Wconversion', '-Wsign-conversion', '-Wundef', '-Wstrict-prototypes'],
]
/** What drives the client is for tests alone, and need not please all of that. */
const ordinary = ['-std=c99', '-Wall', '-Wextra', '-Werror', '-Wpedantic', '-I', 'clients/c']
const sanitized = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover']
const libraries = ['-lmbedtls', '-lmbedx509', '-lmbedcrypto']

/** The client's own files for a device with Mbed TLS, whose SHA-256 takes the place of ours. */
export function clientSources(): readonly string[] {
  return readdirSync('clients/c')
    .filter((name) => name.endsWith('.c') && name !== 'vitalsign_sha256.c')
    .map((name) => join('clients/c', name))
}

export function gcc(...words: readonly string[]): void {
  gccIn('.', ...words)
}

/** Objects come to lie where it runs. */
function gccIn(directory: string, ...words: readonly string[]): void {
  const built = spawnSync('gcc', words, { cwd: directory, encoding: 'utf8' })
  assert.equal(built.status, 0, built.stderr)
}

export interface Build {
  readonly sources?: readonly string[]
  readonly defines?: readonly string[]
  /** Those that are to be compiled anew where another program of these sources was built before; all of them. */
  readonly changed?: readonly string[]
}

/** One program of the client's files and a driver, in a place of its own; every step beyond its bytes is seen. */
export function buildProgram(place: string, driver: string, build: Build = {}): string {
  const { sources = clientSources(), defines = [], changed = sources } = build
  const program = join(place, ['program', ...defines].join(''))
  const objects = sources.map((source) => join(place, basename(source, '.c').concat('.o')))
  const compile = ['-c', ...changed.map((source) => resolve(source))]
  const headers = ['-I', resolve('clients/c')]
  gccIn(place, ...strict, ...headers, ...sanitized, ...defines, ...compile)
  gcc(...ordinary, ...sanitized, ...defines, '-o', program, ...objects, driver, ...libraries)
  return program
}

/** A running driver; each command is a line, each answer the next line. */
export class Driver {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  readonly #input: Interface
  errors = ''

  constructor(program: string, words: readonly string[] = []) {
    this.#child = spawn(program, words)
    this.#child.stderr.on('data', (text) => {
      this.errors += String(text)
    })
    this.#input = createInterface(this.#child.stdout)
    this.#lines = this.#input[Symbol.asyncIterator]()
  }

  async ask(...words: readonly (string | number)[]): Promise<string> {
    this.#child.stdin.write(`${words.join(' ')}\n`)
    return this.more()
  }

  async more(): Promise<string> {
    const { value, done } = await this.#lines.next()
    return done === true ? assert.fail(`the driver ended: ${this.errors}`) : value
  }

  /** Ends it; what a sanitiser found at the end fails here, too. */
  async end(): Promise<void> {
    this.#child.stdin.end()
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      await once(this.#child, 'exit')
    assert.equal(this.#child.exitCode, 0, this.errors)
  }
}
