// SPDX-License-Identifier: Apache-2.0
/**
 * What clients/c takes on a board: octets of code and constants, and the deepest stack of its own functions, for x86-64
 * and, with Debian's gcc-arm-none-eabi, for a Cortex-M4: `node bench/c-client.ts`. Mbed TLS is not in the figures.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { benchDirectory } from './tools/bench-house.ts'

interface Target {
  readonly name: string
  readonly compiler: string
  readonly flags: readonly string[]
}

const client = resolve('clients/c')
const place = benchDirectory()
const headers = join(place, 'headers')
mkdirSync(headers)
for (const name of ['mbedtls', 'psa']) symlinkSync(join('/usr/include', name), join(headers, name))

const targets: readonly Target[] = [
  { name: 'x86-64', compiler: 'gcc', flags: [] },
  {
    name: 'Cortex-M4',
    compiler: 'arm-none-eabi-gcc',
    // The library's headers alone: what stands beside them is of this machine.
    flags: [
      ...['-mcpu=cortex-m4', '-mthumb', '-I', headers, '-I', join(client, 'examples')],
      '-DMBEDTLS_CONFIG_FILE="mbedtls-config.h"',
    ],
  },
]

/** What is linked for a purpose: the files that it cannot do without. */
const parts = {
  'enrol, renew, rekey': [
    ...['device', 'talk', 'http', 'base64', 'certificate', 'request', 'state', 'path'],
    ...['crypto', 'der', 'tls', 'result'],
  ],
  'outer manifest': ['manifest', 'cbor', 'crypto', 'der', 'result'],
  'MCUboot image': ['image', 'crypto', 'der', 'result'],
  'compact status, bare': ['status', 'sha256'],
} as const

/** Whose deepest stack is looked for; what is called through a port stands by itself: TLS below the first two. */
const entrances = [
  'vs_enrol',
  'vs_keep_up',
  'open_tls',
  'vs_verify_manifest',
  'vs_verify_file',
  'vs_verify_image',
  'vss_open',
]

function run(command: string, words: readonly string[], directory: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    cwd: directory,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${command}: ${error?.message ?? stderr}`)
  return stdout
}

function measure({ name, compiler, flags }: Target): void {
  const objects = join(place, name)
  mkdirSync(objects)
  const sources = readdirSync(client).filter((file) => file.endsWith('.c'))
  const usual = ['-std=c99', '-Os', '-ffunction-sections', '-fcallgraph-info=su', '-I', client]
  run(compiler, [...usual, ...flags, '-c', ...sources.map((file) => join(client, file))], objects)
  const sizes = sizesOf(
    run(compiler.replace(/gcc$/, 'size'), ['-B', ...sources.map(objectOf)], objects),
  )
  console.log(`${name}, -Os: octets of code and constants`)
  for (const [what, files] of Object.entries(parts)) {
    const octets = files.reduce((sum, file) => sum + (sizes.get(`vitalsign_${file}.o`) ?? 0), 0)
    console.log(`  ${what.padEnd(24)} ${String(octets).padStart(7)}`)
  }
  const once = new Set(
    Object.values(parts)
      .flat()
      .map((file) => `vitalsign_${file}.o`),
  )
  const all = [...once].reduce((sum, object) => sum + (sizes.get(object) ?? 0), 0)
  console.log(`  ${'all of them'.padEnd(24)} ${String(all).padStart(7)}`)
  const graph = graphOf(
    readdirSync(objects).filter((file) => file.endsWith('.ci')),
    objects,
  )
  console.log(`${name}: deepest stack of our own functions, octets`)
  for (const entrance of entrances) {
    const found = [...graph.keys()].find((name) => name.split(':').at(-1) === entrance)
    const { octets, path } = deepest(graph, found ?? entrance, new Set())
    console.log(`  ${entrance.padEnd(24)} ${String(octets).padStart(7)}  ${path.join(' > ')}`)
  }
}

const objectOf = (source: string) => basename(source).replace(/c$/, 'o')

function sizesOf(table: string): ReadonlyMap<string, number> {
  const lines = table.trim().split('\n').slice(1)
  return new Map(
    lines.map((line) => {
      const [text, data, , , , file] = line.trim().split(/\s+/)
      return [basename(file!), Number(text) + Number(data)]
    }),
  )
}

interface Node {
  octets: number
  readonly calls: Set<string>
}

/** GCC's graph of calls: functions of one file are named FILE:FUNCTION, those of others by their name alone. */
function graphOf(files: readonly string[], directory: string): ReadonlyMap<string, Node> {
  const graph = new Map<string, Node>()
  const node = (name: string) => {
    const found = graph.get(name) ?? { octets: 0, calls: new Set() }
    graph.set(name, found)
    return found
  }
  for (const file of files) {
    const text = readFileSync(join(directory, file), 'utf8')
    for (const [, title, label] of text.matchAll(/^node: \{ title: "([^"]+)" label: "([^"]*)"/gm)) {
      const octets = /(\d+) bytes/.exec(label!)?.[1]
      if (octets !== undefined) node(title!).octets = Number(octets)
    }
    for (const [, from, to] of text.matchAll(
      /^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"/gm,
    ))
      node(from!).calls.add(to!)
  }
  return graph
}

function deepest(
  graph: ReadonlyMap<string, Node>,
  name: string,
  above: ReadonlySet<string>,
): { readonly octets: number; readonly path: readonly string[] } {
  const node = graph.get(name)
  if (node === undefined || above.has(name)) return { octets: 0, path: [] }
  const below = [...node.calls].map((call) => deepest(graph, call, new Set([...above, name])))
  const most = below.reduce((left, right) => (right.octets > left.octets ? right : left), {
    octets: 0,
    path: [],
  })
  const title = name.split(':').at(-1)!
  return {
    octets: node.octets + most.octets,
    path: node.octets > 0 ? [title, ...most.path] : most.path,
  }
}

for (const target of targets) measure(target)
