// SPDX-License-Identifier: Apache-2.0
import { readlink, realpath, stat } from 'node:fs/promises'
import type { NotScanned } from '#core/scan/not-scanned.ts'
import { nameOf } from '#format/archive/fields.ts'

/** What a running system makes: an image has nothing there. */
const madeByTheSystem = /^\/(?:proc|sys|dev|run)(?:\/|$)/

/**
 * The links of a tree, which are not followed. What lies in the tree is scanned where it lies; that some lead out of
 * it is told once, with the first of them.
 *
 * A link from the root of the file system may mean that of the device: it leads into the tree if there is such a
 * file.
 */
export class Links {
  readonly #root: string
  #outside = 0
  #first: { readonly path: string; readonly where: string } | undefined

  private constructor(root: string) {
    this.#root = root
  }

  /** @param path of the tree, octets, one a character */
  static async of(path: string): Promise<Links> {
    return new Links(await resolved(path))
  }

  async meet(path: string): Promise<void> {
    try {
      const where = await resolved(path)
      if (this.#holds(where) || madeByTheSystem.test(where)) return
      const status = await stat(octetsOf(where))
      if (!status.isFile() && !status.isDirectory()) return
      if (await this.#leadsToItsOwn(path)) return
      this.#outside++
      this.#first ??= { path, where }
    } catch (error) {
      // It leads nowhere, or in a circle.
      if (!(error instanceof Error && 'code' in error)) throw error
    }
  }

  /** Undefined if none leads out of the tree. */
  told(): NotScanned | undefined {
    if (this.#first === undefined) return undefined
    const { path, where } = this.#first
    const more = this.#outside === 1 ? '' : `; so do ${this.#outside - 1} more`
    return {
      ...{ kind: 'not-scanned', reason: 'outside', path: [nameOf(octetsOf(path))], offset: null },
      because: `it is a link that leads out of the tree, to ${nameOf(octetsOf(where))}${more}`,
    }
  }

  #holds(path: string): boolean {
    return path === this.#root || path.startsWith(this.#root.replace(/\/?$/, '/'))
  }

  async #leadsToItsOwn(path: string): Promise<boolean> {
    const target = await readlink(octetsOf(path), { encoding: 'latin1' })
    if (!target.startsWith('/')) return false
    try {
      return this.#holds(await resolved(this.#root + target))
    } catch (error) {
      if (error instanceof Error && 'code' in error) return false
      throw error
    }
  }
}

/** Where a path leads at last. */
async function resolved(path: string): Promise<string> {
  return await realpath(octetsOf(path), { encoding: 'latin1' })
}

function octetsOf(path: string): Buffer {
  return Buffer.from(path, 'latin1')
}
