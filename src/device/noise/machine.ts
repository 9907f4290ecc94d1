// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { release } from 'node:os'
import { readNoise } from './read-noise.ts'

/** What the machine knows of the chance that its keys are made of. */
export interface NoisePorts {
  /**
   * So many octets of a raw source, in bounded time.
   *
   * @throws DeviceFault noise-conditioned, noise-ended, noise-silent, noise-unreachable
   */
  read(path: string, octets: number): Promise<Uint8Array>
  /** Whether the kernel says that its generator was seeded; undefined: it cannot be asked. Never waits. */
  kernelReady(): boolean | undefined
  /** The text of a small file; undefined if there is none that can be read. */
  readText(path: string): string | undefined
}

/** A file that says what runs here is a few lines; whatever else it is, no more of it is read. */
const mostTextBytes = 65_536

/** Linux numbers /dev/random so; Node gives major and minor number in one. */
const devRandom = (1 << 8) | 8

export const thisMachine: NoisePorts = {
  read: (path, octets) => readNoise(path, octets),

  /**
   * Since Linux 5.6 /dev/random gives octets as soon as its generator is seeded, and before that nothing to who will
   * not wait (random(4)). What an older kernel has nothing to give for cannot be told from here: it keeps a count of
   * its own. Whatever is no Linux, or hides the device, says nothing.
   */
  kernelReady() {
    if (process.platform !== 'linux') return undefined
    const found = attempt(() => openSync('/dev/random', constants.O_RDONLY | constants.O_NONBLOCK))
    if (typeof found !== 'number') return undefined
    try {
      const { rdev } = fstatSync(found)
      if (rdev !== devRandom) return undefined
      const read = attempt(() => readSync(found, new Uint8Array(1)))
      if (read === 'EAGAIN') return seedsOnce(release()) ? false : undefined
      return read === 1 ? true : undefined
    } finally {
      closeSync(found)
    }
  },

  readText(path) {
    const file = attempt(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK))
    if (typeof file !== 'number') return undefined
    try {
      if (!fstatSync(file).isFile()) return undefined
      return beginningOf(file)
    } finally {
      closeSync(file)
    }
  },
}

/** Read piece by piece: files of the kernel have no size, and some have no end. */
function beginningOf(file: number): string | undefined {
  const bytes = new Uint8Array(mostTextBytes)
  for (let length = 0; ; ) {
    const into = bytes.subarray(length)
    const read = into.length === 0 ? 0 : attempt(() => readSync(file, into))
    if (typeof read !== 'number') return undefined
    if (read === 0) return new TextDecoder().decode(bytes.subarray(0, length))
    length += read
  }
}

/** Whether a kernel of this release waits for nothing but its first seed. */
function seedsOnce(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10))
  return major > 5 || (major === 5 && minor >= 6)
}

/** What an act gives, or that it would have had to wait; undefined if it cannot be done here. */
function attempt<T>(act: () => T): T | 'EAGAIN' | undefined {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    return error.code === 'EAGAIN' ? 'EAGAIN' : undefined
  }
}
