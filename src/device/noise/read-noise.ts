// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { DeviceFault, reasonOf } from '../fault.ts'

/** What reading a source may cost. */
export interface NoiseLimits {
  /** A source that has not given all by then hangs, or is too slow for a device that waits for its key. */
  readonly longestMilliseconds: number
  /** How often one is asked again that has nothing at the moment. */
  readonly againMilliseconds: number
}

const usualLimits: NoiseLimits = { longestMilliseconds: 60_000, againMilliseconds: 20 }

/** What the kernel makes of its noise: Linux numbers them 1:8 and 1:9; elsewhere they have these names. */
const conditionedDevices: readonly number[] = [(1 << 8) | 8, (1 << 8) | 9]
const conditionedNames = /^\/dev\/(u|a)?random$/

/** What is asked of an open file. */
export type Source = Pick<FileHandle, 'stat' | 'read' | 'close'>

/** Sources whose driver has not come back from the try before. */
const hanging = new Set<string>()

/**
 * Reads so many octets of a source: a character device, a pipe, or a file.
 *
 * It is asked without waiting, and asked again, so that a source that gives nothing is named in time. A driver that
 * makes us wait all the same holds a thread until it gives up; then the fault is told, and the end of the process
 * may have to wait for that driver. It is not asked again before: a program has few threads, and one that has none
 * left can do nothing any more.
 *
 * @throws DeviceFault noise-conditioned, noise-ended, noise-silent, noise-unreachable
 */
export async function readNoise(
  path: string,
  octets: number,
  limits: NoiseLimits = usualLimits,
  openFile: (path: string, flags: number) => Promise<Source> = open,
): Promise<Uint8Array> {
  if (hanging.has(path)) throw new DeviceFault('noise-silent', `${path} hangs since the try before`)
  const late = AbortSignal.timeout(limits.longestMilliseconds)
  const silence = Promise.withResolvers<never>()
  silence.promise.catch(() => {}) // heard below
  const found = { octets: 0 }
  const fail = () => {
    hanging.add(path)
    silence.reject(
      new DeviceFault(
        'noise-silent',
        `${path} gave ${found.octets} of ${octets} octets in ${limits.longestMilliseconds / 1000} s`,
      ),
    )
  }
  late.addEventListener('abort', fail, { once: true })
  const work = openAndRead(path, octets, found, late, limits, openFile).finally(() => {
    late.removeEventListener('abort', fail)
    hanging.delete(path)
  })
  return Promise.race([work, silence.promise])
}

async function openAndRead(
  path: string,
  octets: number,
  found: { octets: number },
  late: AbortSignal,
  limits: NoiseLimits,
  openFile: (path: string, flags: number) => Promise<Source>,
): Promise<Uint8Array> {
  const source = await openSource(path, openFile)
  try {
    return await readAll(source, path, octets, found, late, limits)
  } finally {
    // What was read is known; that the source does not close changes nothing.
    source.close().catch(() => {})
  }
}

async function openSource(
  path: string,
  openFile: (path: string, flags: number) => Promise<Source>,
): Promise<Source> {
  try {
    const source = await openFile(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const { rdev } = await source.stat()
    if (!conditionedDevices.includes(rdev) && !conditionedNames.test(path)) return source
    await source.close()
  } catch (cause) {
    throw new DeviceFault('noise-unreachable', `cannot read ${path}: ${reasonOf(cause)}`, { cause })
  }
  throw new DeviceFault(
    'noise-conditioned',
    `${path} is what the kernel makes of its noise, not the noise`,
  )
}

async function readAll(
  source: Source,
  path: string,
  octets: number,
  found: { octets: number },
  late: AbortSignal,
  { againMilliseconds }: NoiseLimits,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(octets)
  while (found.octets < octets && !late.aborted) {
    const given = await readSome(source, path, bytes.subarray(found.octets))
    if (given === 0)
      throw new DeviceFault(
        'noise-ended',
        `${path} ended after ${found.octets} of ${octets} octets`,
      )
    if (given === undefined) await sleep(againMilliseconds)
    else found.octets += given
  }
  return bytes
}

/** How many octets came; undefined: none at the moment. */
async function readSome(source: Source, path: string, into: Uint8Array) {
  try {
    return (await source.read(into, 0, into.length, null)).bytesRead
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EAGAIN') return undefined
    throw new DeviceFault('noise-unreachable', `cannot read ${path}: ${reasonOf(cause)}`, { cause })
  }
}
