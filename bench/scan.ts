// SPDX-License-Identifier: Apache-2.0
/**
 * How fast a tree of firmware is scanned, beside reading and hashing the same octets: `node bench/scan.ts [MEGABYTES]`.
 *
 * The tree is like that of a build: programs, texts, packed archives, a squashfs, each about a quarter. Each kind is
 * scanned by itself, too, since they cost differently; each scan has a process of its own, whose memory is told. Warm is
 * what two more rounds over the same files cost, by threads that have been over them once.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scanPath } from '#house/scan/scan-path.ts'
import { measureApart } from './tools/apart.ts'
import { median, type Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

export interface ScanWords {
  readonly megabytes: number
  readonly rounds: number
}

const finders = {
  url: new URL('../src/house/scan/secret-finders.ts', import.meta.url).href,
  options: { now: new Date().toISOString() },
}

/** What the tree has, by its directories. */
const kinds = {
  programs: 'programs',
  texts: 'small texts',
  images: 'a squashfs of programs',
  packed: 'tar.gz and tar.zst of both',
  '.': 'all of it',
} as const

export async function benchScan({ megabytes, rounds }: ScanWords): Promise<Row[]> {
  const place = mkdtempSync(join(tmpdir(), 'vitalsign-bench-scan-'))
  try {
    const tree = makeTree(place, megabytes * 1_000_000)
    const rows: Row[] = []
    for (const [directory, name] of Object.entries(kinds)) {
      const measured: (readonly Row[])[] = []
      for (let round = 0; round < rounds; round++)
        measured.push(await measureApart('scan.ts', 'measureScan', [join(tree, directory), name]))
      const rates = measured.map(([rate]) => rate!)
      const middle = median(rates.map(({ value }) => value))
      const chosen = measured.find(([rate]) => rate!.value === middle)!
      rows.push(chosen[0]!, chosen[1]!)
      if (directory === '.') rows.push(measured[0]![2]!)
    }
    return rows
  } finally {
    rmSync(place, { recursive: true })
  }
}

/** In a process that does nothing else before: it reads and hashes, then scans. */
export async function measureScan(directory: string, name: string): Promise<Row[]> {
  const files = globSync(join(directory, '**')).filter((path) => statSync(path).isFile())
  const octets = files.reduce((sum, path) => sum + statSync(path).size, 0)
  hashAll(files)
  const before = process.cpuUsage()
  const hashed = hashAll(files)
  const between = process.cpuUsage()
  const { milliseconds, octetsOut, leaves, findings } = await scanned([directory])
  const after = process.cpuUsage()
  const seconds = [secondsOf(before, between), secondsOf(between, after)] as const
  const memory = process.resourceUsage().maxRSS
  await scanned([directory, directory, directory])
  const warm = (secondsOf(after, process.cpuUsage()) - seconds[1]) / 2
  return [
    {
      ...{ name: `scan of ${name}`, value: perSecond(octets, milliseconds), unit: 'MB/s' },
      ...{
        goal: 0.25,
        limit: { name: 'read + SHA-256, one thread', value: perSecond(octets, hashed) },
      },
      note:
        `${files.length} files of ${Math.round(octets / 1e6)} MB, of which ${Math.round(octetsOut / 1e6)} MB in ` +
        `${leaves} parts come, ${findings} findings; two threads from a cold start, ${seconds[1].toFixed(1)} s of ` +
        `processor time beside ${seconds[0].toFixed(2)} s of hashing: of two cores ${((200 * seconds[0]) / seconds[1]).toFixed(0)} %`,
    },
    {
      ...{ name: 'the same, warm', unit: 'MB a second of one core' },
      value: perSecond(octets, 1_000 * warm),
      note: `${warm.toFixed(1)} s of processor time a round: of two cores ${((200 * seconds[0]) / warm).toFixed(0)} %`,
    },
    {
      ...{ name: 'memory of the scan', value: Math.round(memory / 1_000) },
      ...{ unit: 'MB', note: 'of the whole process at its highest; goal < 256 MB' },
    },
  ]
}

async function scanned(paths: readonly string[]) {
  const scan = scanPath(paths, { finders })
  let findings = 0
  for await (const found of scan) if ('rule' in found) findings++
  return { ...(await scan.summary), findings }
}

function secondsOf(from: NodeJS.CpuUsage, to: NodeJS.CpuUsage): number {
  return (to.user + to.system - from.user - from.system) / 1e6
}

function perSecond(octets: number, milliseconds: number): number {
  return Math.round(octets / 1_000 / milliseconds)
}

function hashAll(files: readonly string[]): number {
  const piece = new Uint8Array(262_144)
  const started = performance.now()
  for (const path of files) {
    const descriptor = openSync(path, 'r')
    const hash = createHash('sha256')
    for (let read = 1; read > 0; ) {
      read = readSync(descriptor, piece)
      hash.update(piece.subarray(0, read))
    }
    hash.digest()
    closeSync(descriptor)
  }
  return performance.now() - started
}

/** Programs of this machine and texts of this tree: real octets, of which no two machines have the same. */
function makeTree(place: string, octets: number): string {
  const tree = join(place, 'tree')
  for (const part of ['programs', 'texts', 'packed', 'images'])
    mkdirSync(join(tree, part), { recursive: true })
  const programs = globSync(['/usr/bin/*', '/usr/lib/x86_64-linux-gnu/*.so*', '/usr/lib/**/*.so'])
  copyUntil(programs, join(tree, 'programs'), octets / 4)
  copyUntil(globSync(['node_modules/**/*.{js,ts,json,md}']), join(tree, 'texts'), octets / 4)
  pack(place, tree)
  return tree
}

function copyUntil(paths: readonly string[], directory: string, octets: number): void {
  let left = octets
  for (const [index, path] of paths.entries()) {
    const status = existsSync(path) ? statSync(path) : undefined
    if (!status?.isFile() || status.size > octets / 8) continue
    if (left < 0) return
    copyFileSync(path, join(directory, `${index}`))
    left -= status.size
  }
}

/** The programs once more as a squashfs, and the texts as tar.gz and tar.zst. */
function pack(place: string, tree: string): void {
  const run = (program: string, words: readonly string[]) =>
    execFileSync(program, words, { cwd: place, stdio: ['ignore', 'ignore', 'inherit'] })
  run('tar', ['-C', tree, '-czf', join(tree, 'packed/texts.tar.gz'), 'texts'])
  run('tar', ['-C', tree, '--zstd', '-cf', join(tree, 'packed/programs.tar.zst'), 'programs'])
  if (existsSync('/usr/bin/mksquashfs'))
    run('/usr/bin/mksquashfs', [
      ...[join(tree, 'programs'), join(tree, 'images/rootfs.squashfs')],
      ...['-quiet', '-no-progress', '-comp', 'gzip'],
    ])
}

if (import.meta.main) {
  const megabytes = Number(process.argv[2] ?? 250)
  printRows(await benchScan({ megabytes, rounds: 1 }))
}
