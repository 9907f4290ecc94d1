// SPDX-License-Identifier: Apache-2.0
/** Builds clients/c with what tests drive it by, as strictly as a maker's compiler may ask: once for all that ask for it. */
import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
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
const ordinary = ['-std=c99', '-Wall', '-Wextra', '-Werror', '-Wpedantic']
/** Every step beyond its bytes is seen. */
const sanitized = ['-O1', '-g1', '-fsanitize=address,undefined', '-fno-sanitize-recover']
const headers = ['-I', resolve('clients/c')]
const libraries = ['-lmbedtls', '-lmbedx509', '-lmbedcrypto']
/** The SHA-256 of Mbed TLS takes its place; it is for those who have none. */
const ownSha256 = 'vitalsign_sha256.o'

interface Program {
  /** In test/support. */
  readonly driver: string
  readonly defines?: readonly string[]
  /** What those change, in the place of how all others have it. */
  readonly changed?: readonly string[]
  /** All that is linked, where it is not what is needed of the client with Mbed TLS. */
  readonly objects?: readonly string[]
}

const programs = {
  device: { driver: 'c-device.c' },
  examples: { driver: 'c-examples.c' },
  verify: { driver: 'c-verify.c' },
  'verify with a chip for ML-DSA': {
    driver: 'c-verify.c',
    defines: ['-DVITALSIGN_ML_DSA'],
    changed: ['clients/c/vitalsign_manifest.c'],
  },
  'status reader': { driver: 'status-reader.c', objects: ['vitalsign_status.o', ownSha256] },
} as const satisfies Record<string, Program>

/** Where it lies, built unless it was built before of the very same sources. */
export function clientProgram(name: keyof typeof programs): string {
  const { driver, defines = [], changed = [], objects = undefined }: Program = programs[name]
  const from = resolve('test/support', driver)
  return made(name.replaceAll(' ', '-'), (place) => {
    const built = made('objects', compileAll)
    const mine = changed.map((source) => join(place, basename(source, '.c').concat('.o')))
    for (const [index, source] of changed.entries())
      gcc(...strict, ...headers, ...sanitized, ...defines, '-c', source, '-o', mine[index]!)
    const linked =
      objects === undefined
        ? [join(built, 'client.a'), ...libraries]
        : objects.map((object) => join(built, object))
    const all = [from, ...mine, ...linked]
    gcc(...ordinary, ...headers, ...sanitized, ...defines, '-o', join(place, 'program'), ...all)
  }).concat('/program')
}

/** The client and its examples, of which a program takes what it calls. */
function compileAll(place: string): void {
  const sources = globSync('clients/c/{,examples/}*.c').map((source) => resolve(source))
  run('gcc', [...strict, ...headers, ...sanitized, '-c', ...sources], place)
  const objects = globSync('*.o', { cwd: place }).filter((object) => object !== ownSha256)
  run('ar', ['rcs', 'client.a', ...objects], place)
}

/** What was made of the client's sources under a name, by whoever of this run's files came first. */
export function made(name: string, make: (place: string) => void): string {
  const path = join(placeOfSources(), name)
  const lock = `${path}.of-${process.env['NODE_TEST_CONTEXT'] === undefined ? process.pid : process.ppid}`
  for (let left = 2_400; !existsSync(path); left--) {
    if (left === 0) throw new Error(`${path} was not made within two minutes`)
    if (isTaken(lock)) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
      continue
    }
    try {
      if (existsSync(path)) break
      const place = mkdtempSync(`${path}-`)
      make(place)
      renameSync(place, path)
    } finally {
      rmSync(lock, { recursive: true })
    }
  }
  return path
}

function isTaken(lock: string): boolean {
  try {
    mkdirSync(lock)
    return false
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return true
  }
}

const weekMs = 7 * 86_400_000
let ofSources: string | undefined

/** A directory for these sources, this compiler and these flags; those of a week ago go. */
function placeOfSources(): string {
  if (ofSources !== undefined) return ofSources
  const cache = resolve('node_modules/.cache/c-client')
  const digest = createHash('sha256').update(run('gcc', ['--version'], '.'))
  for (const builder of ['c-programs.ts', 'c-cortex-m4.ts'])
    digest.update(readFileSync(join('test/support', builder)))
  for (const path of globSync(['clients/c/**/*.[ch]', 'test/support/*.{c,h,ld}']).sort())
    digest.update(`${path}\0`).update(readFileSync(path))
  ofSources = join(cache, digest.digest('hex').slice(0, 24))
  for (const old of globSync('*', { cwd: cache }).map((name) => join(cache, name)))
    if (Date.now() - (statSync(old, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > weekMs)
      rmSync(old, { recursive: true, force: true })
  mkdirSync(ofSources, { recursive: true })
  return ofSources
}

function gcc(...words: readonly string[]): void {
  run('gcc', words, '.')
}

export function run(command: string, words: readonly string[], directory: string): string {
  const ran = spawnSync(command, words, { cwd: directory, encoding: 'utf8' })
  assert.equal(ran.status, 0, ran.stderr)
  return ran.stdout
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
