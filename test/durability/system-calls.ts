// SPDX-License-Identifier: Apache-2.0
/** What a process asked of the kernel, in order, about the files of one directory. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { withDirectory } from '#edge/store/store-testing.ts'

/** Paths are names within the directory; the directory itself is the empty name. */
export type SystemCall =
  | { readonly kind: 'create'; readonly name: string }
  | {
      readonly kind: 'write'
      readonly name: string
      readonly at: number
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'truncate'; readonly name: string; readonly length: number }
  | { readonly kind: 'sync-begins'; readonly name: string; readonly thread: string }
  | { readonly kind: 'sync-ends'; readonly name: string; readonly thread: string }
  | { readonly kind: 'remove'; readonly name: string }
  /** A line that the process wrote to its standard output. */
  | { readonly kind: 'told'; readonly text: string }

export const hasStrace = spawnSync('strace', ['-V']).status === 0

const traced = 'pwrite64,write,fdatasync,fsync,ftruncate,openat,unlink,rename'

/** Runs a program of this directory on an empty data directory, its first argument, under strace. */
export function recordSystemCalls(
  program: string,
  ...words: string[]
): Promise<readonly SystemCall[]> {
  return withDirectory(async (directory) =>
    withDirectory(async (aside) => {
      const log = join(aside, 'trace')
      const file = join(import.meta.dirname, program)
      const options = ['-f', '-y', '-xx', '-s', '1000000', '-e', `trace=${traced}`, '-o', log]
      const command = [...options, process.execPath, file, directory, ...words]
      const { status, stderr } = spawnSync('strace', command, { encoding: 'utf8' })
      if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`)
      return parseTrace(readFileSync(log, 'latin1'), directory)
    }),
  )
}

/** Reads the log of `strace -f -y -xx`, in which every text and path is hexadecimal. */
export function parseTrace(log: string, directory: string): SystemCall[] {
  const begun = new Map<string, string>()
  const calls: SystemCall[] = []
  for (const line of log.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)
    if (rest.endsWith(' <unfinished ...>')) {
      const start = rest.slice(0, -' <unfinished ...>'.length)
      begun.set(thread, start)
      calls.push(...syncs(start, thread, directory, 'sync-begins'))
    } else if (resumed) {
      const whole = (begun.get(thread) ?? '') + resumed[1]
      calls.push(...syncs(whole, thread, directory, 'sync-ends'), ...others(whole, directory))
    } else {
      calls.push(...syncs(rest, thread, directory, 'sync-begins'))
      calls.push(...syncs(rest, thread, directory, 'sync-ends'), ...others(rest, directory))
    }
  }
  return calls
}

function syncs(
  text: string,
  thread: string,
  directory: string,
  kind: 'sync-begins' | 'sync-ends',
): SystemCall[] {
  const [, path] = /^(?:fsync|fdatasync)\(\d+<([\\x0-9a-f]*)>/.exec(text) ?? []
  const name = path === undefined ? undefined : nameIn(directory, path)
  return name === undefined ? [] : [{ kind, name, thread }]
}

function others(text: string, directory: string): SystemCall[] {
  const [, call = '', rest = ''] = /^(\w+)\((.*)$/.exec(text) ?? []
  if (/\) += -1 /.test(rest.slice(-80))) return []
  const [, descriptor, path = ''] = /^(\d+)<([^>]*)>/.exec(rest) ?? []
  const [, quoted = ''] = /"((?:\\x[0-9a-f]{2})*)"/.exec(rest) ?? []
  if (call === 'write' && descriptor === '1')
    return [{ kind: 'told', text: Buffer.from(unhex(quoted)).toString() }]
  const name = nameIn(directory, call === 'openat' || call === 'unlink' ? quoted : path)
  if (name === undefined) return []
  if (call === 'rename') throw new Error('a rename, which the replay does not know')
  if (call === 'write') throw new Error('a write without a place, which the replay does not know')
  const numbers = rest.slice(rest.lastIndexOf('"') + 1)
  if (call === 'pwrite64') {
    const [, count, at] = /^, (\d+), (\d+)\) += \1$/.exec(numbers) ?? []
    const bytes = unhex(quoted)
    if (bytes.length !== Number(count))
      throw new Error(`a write is not whole in the log: ${numbers}`)
    return [{ kind: 'write', name, at: Number(at), bytes }]
  }
  if (call === 'ftruncate')
    return [{ kind: 'truncate', name, length: Number(/, (\d+)\)/.exec(rest)?.[1]) }]
  if (call === 'unlink') return [{ kind: 'remove', name }]
  return call === 'openat' && rest.includes('O_CREAT') ? [{ kind: 'create', name }] : []
}

function nameIn(directory: string, hexPath: string): string | undefined {
  const path = Buffer.from(unhex(hexPath)).toString()
  if (path === directory) return ''
  return path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : undefined
}

function unhex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll('\\x', ''))
}
