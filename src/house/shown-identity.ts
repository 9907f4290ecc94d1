// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util'
import type { TlsIdentity } from '#edge/http/device-front.ts'
import { touches } from './core.ts'
import type { Feed } from './feed.ts'
import type { ServerIdentities } from './server-identity-ports.ts'

interface Shown {
  readonly identities: ServerIdentities
  /** What the devices' port was opened with. */
  readonly first: TlsIdentity
  readonly swap: (identity: TlsIdentity) => void
}

/** What the devices' port shows of itself in TLS, from one renewal to the next. */
export class ShownIdentity {
  readonly #parts: Shown
  #shown: TlsIdentity

  constructor(parts: Shown) {
    this.#parts = parts
    this.#shown = parts.first
  }

  /** DER. */
  get certificate(): Uint8Array | undefined {
    return this.#shown.chain[0]
  }

  /** Makes it anew if that is due, and shows it if it is another one. */
  async renew(): Promise<void> {
    const renewed = await this.#parts.identities.renew()
    if (isDeepStrictEqual(renewed, this.#shown)) return
    this.#parts.swap(renewed)
    this.#shown = renewed
  }

  /** Shows a twin, and the links between roots, as soon as they stand, whichever node made them. */
  follow(feed: Feed, report: (what: string, cause: unknown) => void): void {
    const show = () =>
      this.renew().catch((cause) => report('what was made cannot be shown in tls', cause))
    feed.follow(({ puts }) =>
      puts.some(
        ({ kind, record }) =>
          kind === 'rootLink' ||
          (kind === 'authority' && (record.twin !== null || issuesNoMore(record))),
      )
        ? show()
        : undefined,
    )
    feed.followElsewhere((news) => (touches(news, ['authority', 'rootLink']) ? show() : undefined))
  }
}

/** One that was stopped hands the server over to its successor; of one that was ended no link is shown any more. */
function issuesNoMore({ state }: { readonly state: string }): boolean {
  return state !== 'active'
}
