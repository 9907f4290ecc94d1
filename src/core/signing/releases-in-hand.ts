// SPDX-License-Identifier: Apache-2.0
import type { Epochs } from '../ledger/judged-kinds.ts'
import type { Release } from '../ledger/tables.ts'

/** As many builds as have digests signed at one time. */
const mostReleases = 16

/**
 * What was read and judged of releases of which digests are being signed, for as long as nothing changed by which
 * releases are judged: not for a time. A build asks for a signature hundreds of times, and what people approved,
 * which keys may sign and what was found in it is the same each time.
 *
 * What changes by signing itself is not to be kept here, nor what the clock changes.
 */
export class ReleasesInHand {
  readonly #epochs: Epochs
  readonly #kept = new Map<string, { readonly state: string; readonly known: ReleaseInHand }>()

  constructor(epochs: Epochs) {
    this.#epochs = epochs
  }

  /** What is known of the release as it is now. Call it before any reading whose outcome is to be kept. */
  async of(release: Release): Promise<ReleaseInHand> {
    const epoch = await this.#epochs.now()
    const state = `${epoch} ${textOf(release)}`
    const before = this.#kept.get(release.id)
    if (before?.state === state) return before.known
    const known = new ReleaseInHand(release, async () => (await this.#epochs.now()) === epoch)
    this.#kept.delete(release.id)
    this.#kept.set(release.id, { state, known })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > mostReleases && oldest !== undefined) this.#kept.delete(oldest)
    return known
  }
}

/** A release in one epoch. */
export class ReleaseInHand {
  readonly release: Release
  readonly #isStill: () => Promise<boolean>
  readonly #known = new Map<string, Promise<unknown>>()

  /** @param isStill whether its epoch has not ended */
  constructor(release: Release, isStill: () => Promise<boolean>) {
    this.release = release
    this.#isStill = isStill
  }

  /**
   * What `find` finds, once for all who ask under this name; kept if `keeps` says so. What is refused is never kept: a
   * file may come back that no record tells of. Nor is what was read while the epoch ended: a standby that takes over
   * without the commit that ended it brings the epoch back, and not what was read of that commit.
   */
  know<T>(name: string, find: () => Promise<T>, keeps: (found: T) => boolean): Promise<T> {
    const before = this.#known.get(name)
    // Under one name one thing is found.
    if (before !== undefined) return before as Promise<T>
    const found = find()
    this.#known.set(name, found)
    const forget = () => void this.#known.delete(name)
    const isKept = async () => keeps(await found) && (await this.#isStill())
    void isKept().then((kept) => kept || forget(), forget)
    return found
  }
}

/** All columns but the version, which every signature counts up. */
function textOf(release: Release): string {
  const { version: _, ...columns } = release
  return JSON.stringify(columns, (__, value) =>
    value instanceof Uint8Array ? value.toHex() : value,
  )
}
