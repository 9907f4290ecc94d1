// SPDX-License-Identifier: Apache-2.0
/** A pump that runs the client in C: built here, and a process of its own each time. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parsePem } from '#format/pem.ts'
import { type Needed, runForeign } from './foreign.ts'
import { Failed } from './programs.ts'

export const compilerNeeded: readonly Needed[] = [
  { file: '/usr/bin/gcc', package: 'gcc' },
  { file: '/usr/include/mbedtls/version.h', package: 'libmbedtls-dev' },
]

const client = join(import.meta.dirname, '../clients/c')
const chip = join(import.meta.dirname, 'chip.ts')

export interface Unit {
  readonly server: string
  /** PEM. */
  readonly root: string
  readonly serial: string
  readonly code: string
}

export interface Update {
  /** A classical and a post-quantum key, PEM. */
  readonly keys: string
  readonly counter: number
  readonly manifest: string
  readonly image: string
}

/** One of the same sources, with a chip that knows ML-DSA, or without. @returns each the word of what came of it */
export interface Board {
  enrol(unit: Unit): Promise<string>
  check(update: Update, withChip: boolean): Promise<string>
}

/** Compiles the client, two of its examples and the board. @throws Failed with the compiler's words */
export async function buildBoard(directory: string): Promise<Board> {
  const place = join(directory, 'board')
  mkdirSync(place)
  await compile(place)
  const env = { CHIP: `${process.execPath} --disable-warning=ExperimentalWarning ${chip}` }
  const ask = async (program: string, words: readonly string[], input = '') => {
    const ran = await runForeign(join(place, program), words, { cwd: place, input, env })
    return ran.said.trim() || `it ended with ${ran.status}`
  }
  const keep = (name: string, pem: string) => {
    return parsePem(pem).map(({ bytes }, at) => {
      const file = join(place, `${name}-${at}.der`)
      writeFileSync(file, bytes)
      return file
    })
  }
  return {
    enrol: ({ server, root, serial, code }) => {
      const { hostname, port } = new URL(server)
      const words = ['enrol', hostname, port, ...keep('root', root), serial]
      return ask('plain', words, `${code}\n`)
    },
    check: ({ keys, counter, manifest, image }, withChip) => {
      const words = [...keep('key', keys), 'pump', String(counter), manifest, image]
      return ask(withChip ? 'chip' : 'plain', ['check', ...words])
    },
  }
}

/** Only the manifest's own file and the board know of the chip. */
async function compile(place: string): Promise<void> {
  // Mbed TLS has a SHA-256 of its own.
  const own = readdirSync(client).filter((name) => /\.c$/.test(name) && !/sha256/.test(name))
  const plain = own.filter((name) => name !== 'vitalsign_manifest.c')
  const sources = [...plain, 'examples/enrol.c', 'examples/verify-image.c']
  const gcc = async (...words: readonly string[]) => {
    const strict = ['-std=c99', '-Wall', '-Wextra', '-Werror', '-O1']
    const headers = ['-I', client, '-I', join(client, 'examples')]
    const ran = await runForeign('/usr/bin/gcc', [...strict, ...headers, ...words], { cwd: place })
    if (ran.status !== 0) throw new Failed(`gcc: ${ran.said}`)
  }
  await gcc('-c', ...sources.map((name) => join(client, name)))
  const objects = readdirSync(place).filter((name) => name.endsWith('.o'))
  const last = [join(client, 'vitalsign_manifest.c'), join(import.meta.dirname, 'board.c')]
  const libraries = ['-lmbedtls', '-lmbedx509', '-lmbedcrypto']
  await gcc('-o', 'plain', ...objects, ...last, ...libraries)
  await gcc('-DVITALSIGN_ML_DSA', '-o', 'chip', ...objects, ...last, ...libraries)
}
