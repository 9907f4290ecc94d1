// SPDX-License-Identifier: Apache-2.0

import type { Change, Ledger } from '#core/ledger/ledger.ts'
import type { Authority, CrlRecord } from '#core/ledger/tables.ts'
import { entriesBySerial } from '#core/revocation/difference.ts'
import { listedEntries } from '#core/revocation/listed.ts'
import { fullCrl, latestCrl } from '#core/revocation/publish.ts'
import type { News } from '#edge/store/store.ts'
import { shellWord } from '#format/admin/shell-word.ts'
import { parseCrl } from '#format/x509/crl.ts'

/**
 * The revocation lists of authorities whose keys are elsewhere (a root of a ceremony, somebody else's
 * root): nothing is signed here, what was brought is served, and what it lacks is told.
 */
export class BroughtLists {
  readonly #ledger: Ledger
  readonly #held = new Map<string, CrlRecord>()
  readonly #troubles = new Map<string, string>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** The newest that was brought; undefined if none ever was. */
  async read(authority: Authority): Promise<CrlRecord | undefined> {
    return this.#held.get(authority.id) ?? this.#load(authority)
  }

  /** The one of this authority that is in memory. */
  held(authority: string): readonly CrlRecord[] {
    const list = this.#held.get(authority)
    return list === undefined ? [] : [list]
  }

  /** Forgets what a change made old. */
  hear({ puts }: Pick<Change, 'puts'>): void {
    for (const { kind, record } of puts) {
      if (kind === 'crl' || kind === 'certificate' || kind === 'bareRevocation')
        this.#held.delete(record.authority)
    }
  }

  /** Other nodes' changes: these lists are few, so all are read anew. */
  hearElsewhere(news: News): void {
    if (news.kind === 'missed' || news.kinds.has('crl') || news.kinds.has('certificate'))
      this.#held.clear()
  }

  /** Which lists lack a revocation that is known here. */
  get troubles(): readonly string[] {
    return [...this.#troubles.values()]
  }

  async #load(authority: Authority): Promise<CrlRecord | undefined> {
    const latest = await latestCrl(authority.id, fullCrl, this.#ledger)
    if (latest === undefined) return undefined
    await this.#weigh(authority, latest)
    this.#held.set(authority.id, latest)
    return latest
  }

  /** Who holds the key may list what is not known here; that a list lacks what is known must be told. */
  async #weigh({ id, name }: Authority, { der, number }: CrlRecord): Promise<void> {
    const { revoked } = parseCrl(der, { unknownCritical: 'keep' })
    const listed = new Set<string>()
    for (const { serialNumber } of revoked) listed.add(serialNumber.toHex())
    let lacking = 0
    const wanted = { authority: id, shard: fullCrl, endedBefore: null }
    for await (const piece of listedEntries(wanted, this.#ledger))
      for (const serial of entriesBySerial(piece).keys()) if (!listed.has(serial)) lacking++
    if (lacking === 0) this.#troubles.delete(id)
    else {
      this.#troubles.set(
        id,
        `revocation list ${number} of ${name} lacks ${lacking} of its certificates that are revoked here; have the next one made where its key is, and bring it: "vitalsign authority crl ${shellWord(name)} FILE"`,
      )
    }
  }
}
