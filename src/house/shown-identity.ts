// SPDX-License-Identifier: Apache-2.0
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

  /** Makes it anew if that is due, and shows it. */
  async renew(): Promise<void> {
    const renewed = await this.#parts.identities.renew()
    if (renewed === undefined) return
    this.#parts.swap(renewed)
    this.#shown = renewed
  }

  /** Shows a twin as soon as it stands, whichever node made it. */
  follow(feed: Feed, report: (what: string, cause: unknown) => void): void {
    const showTwin = () =>
      this.renew().catch((cause) => report('the twin cannot be shown in tls', cause))
    feed.follow(({ puts }) =>
      puts.some(({ kind, record }) => kind === 'authority' && record.twin !== null)
        ? showTwin()
        : undefined,
    )
    feed.followElsewhere((news) => (touches(news, ['authority']) ? showTwin() : undefined))
  }
}
