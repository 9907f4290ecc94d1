// SPDX-License-Identifier: Apache-2.0
/**
 * How fast a tree of firmware is scanned, beside reading and hashing the same octets: `node bench/scan.ts [MEGABYTES]`.
 *
 * The tree is like that of a build: programs, texts, packed archives, a squashfs, each about a quarter.
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

export async function benchScan({ megabytes, rounds }: ScanWords): Promise<Row[]> {
  const place = mkdtempSync(join(tmpdir(), 'vitalsign-bench-scan-'))
  try {
    const tree = makeTree(place, megabytes * 1_000_000)
    const files = globSync(join(tree, '**')).filter((path) => statSync(path).isFile())
    const octets = files.reduce((sum, path) => sum + statSync(path).size, 0)
    const [hashed, scanned]: number[][] = [[], []]
    let told = 0
    for (let round = 0; round < rounds; round++) {
      hashed!.push(perSecond(octets, hashAll(files)))
      const scan = scanPath([tree], { finders })
      let findings = 0
      for await (const found of scan) if ('rule' in found) findings++
      const { milliseconds } = await scan.summary
      scanned!.push(perSecond(octets, milliseconds))
      told = findings
    }
    const memory = Math.round(process.resourceUsage().maxRSS / 1_000)
    return [
      {
        ...{ name: 'scan of a tree', value: median(scanned!), unit: 'MB/s', goal: 0.25 },
        limit: { name: 'read + SHA-256, one thread', value: median(hashed!) },
        note: `${files.length} files, ${Math.round(octets / 1e6)} MB, two threads, ${told} findings`,
      },
      {
        ...{ name: 'memory of the scan', value: memory, unit: 'MB' },
        note: 'all threads at their highest, and this bench with them; goal < 256 MB',
      },
    ]
  } finally {
    rmSync(place, { recursive: true })
  }
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
