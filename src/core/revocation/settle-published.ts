// SPDX-License-Identifier: Apache-2.0
import { outlineCrl } from '#format/x509/crl-outline.ts'
import { newPlainEntry, readPlainEntry } from '#format/x509/plain-entry.ts'
import { removeFromCrl } from '#trust/lint/crl/lint-crl.ts'
import { toldOfAct } from '../enforcement/book-act.ts'
import { enforcementsLeft } from '../enforcement/enqueue.ts'
import { glance, type Ledger } from '../ledger/ledger.ts'
import { deltaCrl, fullCrl, onNoList } from '../ledger/shards.ts'
import type { Authority, CertificateRecord, CrlRecord, RevocationRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import { bytesOf } from './crl-bytes.ts'
import { greatFrom } from './crl-life.ts'
import { latestCrl } from './publish.ts'

interface SettlingPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

/** Acts that are looked at in one go; there are few that are in force and not published. */
const mostAtOnce = 100

/**
 * Notes for every act in force since when all that is published says so: once each list that its certificates
 * belong to, and the full one of their authority or the delta to it, was made after it and says it. What no list
 * ever tells of is published at once, and so is what others publish.
 *
 * Doing it twice does no harm, and of two nodes one is first.
 *
 * @returns how many acts that was true of
 */
export async function settlePublished(ports: SettlingPorts): Promise<number> {
  const { items } = await ports.ledger.list('revocation', { by: 'unpublished', limit: mostAtOnce })
  let settled = 0
  for (const act of items) if (await settleOne(act, ports)) settled++
  return settled
}

async function settleOne(act: RevocationRecord, ports: SettlingPorts): Promise<boolean> {
  if (!(await isPublished(act, ports))) return false
  const at = ports.clock.now()
  const record = { ...act, version: act.version + 1, unpublishedSince: null, publishedAt: at }
  const committed = await ports.ledger.commit({
    puts: [
      { kind: 'revocation', record },
      // An integration that was added while the act was committed may have looked back before it, and the act did not
      // know of it: now it does.
      ...(await enforcementsLeft(act, ports)),
    ],
    events: [toldOfAct('revocation-published', record, { kind: 'house', id: 'crl' }, at)],
  })
  return committed.kind === 'committed'
}

async function isPublished(act: RevocationRecord, ports: SettlingPorts): Promise<boolean> {
  const lists = new ListsOf(act, ports)
  let after: string | null | undefined
  do {
    const page = await ports.ledger.list('certificate', {
      ...{ by: 'revocation', equal: [act.id], limit: 1000 },
      ...(after && { after }),
    })
    for (const certificate of page.items) if (!(await lists.tellOf(certificate))) return false
    after = page.next
  } while (after !== null)
  return true
}

/** The newest lists, each read once, and whether they say what an act did. */
class ListsOf {
  readonly #act: RevocationRecord
  readonly #ports: SettlingPorts
  readonly #authorities = new Map<string, Authority | undefined>()
  readonly #lists = new Map<string, Said>()

  constructor(act: RevocationRecord, ports: SettlingPorts) {
    this.#act = act
    this.#ports = ports
  }

  async tellOf(certificate: CertificateRecord): Promise<boolean> {
    const { authority: id, shard, notAfter } = certificate
    // What has ended is on no list any more, and some are on none ever.
    if (shard === onNoList) return true
    if (Temporal.Instant.compare(notAfter, this.#ports.clock.now()) <= 0) return true
    if (!this.#authorities.has(id))
      this.#authorities.set(id, await this.#ports.ledger.read('authority', id))
    const authority = this.#authorities.get(id)
    // Others publish what they signed; what was ended signs nothing more, its last lists stand.
    if (authority === undefined || authority.key === null || authority.state === 'retired')
      return true
    const tells = async (list: number) => tellsOf(await this.#read(id, list), certificate)
    // A great full list comes in its own time; what changed since stands in the delta.
    return (shard < 0 || (await tells(shard))) && ((await tells(fullCrl)) || tells(deltaCrl))
  }

  async #read(authority: string, shard: number): Promise<Said> {
    const key = `${authority} ${shard}`
    const known = this.#lists.get(key)
    if (known !== undefined) return known
    const list = await latestCrl(authority, shard, this.#ports.ledger)
    const said = list === undefined ? 'older' : await this.#sayingOf(list)
    this.#lists.set(key, said)
    return said
  }

  /**
   * A list was read from the ledger after the moment that it names, so that one of before the act cannot tell of
   * it. Of the others the entries tell, since a clock may have been ahead when they were made; but those of a
   * great list are a million, and where its time leaves no doubt nobody looks.
   */
  async #sayingOf(list: CrlRecord): Promise<Said> {
    const { thisUpdate, shard, entries } = list
    const { effectiveAt, requestedAt } = this.#act
    const since = effectiveAt ?? requestedAt
    if (Temporal.Instant.compare(thisUpdate.add({ seconds: 1 }), since) <= 0) return 'older'
    const isAfter = Temporal.Instant.compare(thisUpdate, since) > 0
    const isOfPast = Temporal.Instant.compare(thisUpdate, this.#ports.clock.now()) <= 0
    const isGreat = (entries ?? 0) > greatFrom
    if (isGreat && isAfter && isOfPast) return 'newer'
    const der = await bytesOf(list, this.#ports.ledger)
    if (der === undefined) return 'older'
    const sought = isGreat ? await this.#serials() : undefined
    return { reasons: reasonsOf(outlineCrl(der).entries, sought), isDelta: shard === deltaCrl }
  }

  /** The serial numbers of all certificates of the act, in hexadecimal. */
  async #serials(): Promise<ReadonlySet<string>> {
    const serials = new Set<string>()
    let after: string | null | undefined
    do {
      const page = await glance(
        ...(['certificate', ['serialNumber']] as const),
        { by: 'revocation', equal: [this.#act.id], limit: 1000, ...(after && { after }) },
        this.#ports.ledger,
      )
      for (const { serialNumber } of page.items) serials.add(serialNumber.toHex())
      after = page.next
    } while (after !== null)
    return serials
  }
}

/** Made after the act, or before; or what it holds: reasons by serial number. */
type Said =
  | 'newer'
  | 'older'
  | { readonly reasons: ReadonlyMap<string, number>; readonly isDelta: boolean }

/** A hold that became an end is on the lists already, with another reason. */
function tellsOf(
  said: Said,
  { serialNumber, revokedAt, revocationReason }: CertificateRecord,
): boolean {
  if (said === 'older' || said === 'newer') return said === 'newer'
  const reason = said.reasons.get(serialNumber.toHex())
  if (revokedAt !== null) return reason === (revocationReason ?? 0)
  return reason === removeFromCrl || (reason === undefined && !said.isDelta)
}

/** @param sought absent: all that are listed */
function reasonsOf(
  entries: Uint8Array,
  sought: ReadonlySet<string> | undefined,
): ReadonlyMap<string, number> {
  const reasons = new Map<string, number>()
  const entry = newPlainEntry()
  for (let at = 0; at < entries.length; at = entry.end) {
    const { serialStart, serialEnd, reason } = readPlainEntry(entries, at, entry)
    const serial = entries.subarray(serialStart, serialEnd).toHex()
    if (sought?.has(serial) ?? true) reasons.set(serial, reason)
  }
  return reasons
}
