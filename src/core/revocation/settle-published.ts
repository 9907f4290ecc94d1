// SPDX-License-Identifier: Apache-2.0
import { parseCrl } from '#format/x509/crl.ts'
import { toldOfAct } from '../enforcement/book-act.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Authority, CertificateRecord, CrlRecord, RevocationRecord } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'
import { fullCrl, latestCrl } from './publish.ts'

interface SettlingPorts {
  readonly ledger: Ledger
  readonly clock: Clock
}

/** Acts that are looked at in one go; there are few that are in force and not published. */
const mostAtOnce = 100

/**
 * Notes for every act in force since when all that is published says so: once each list that its certificates
 * belong to, and the full one of their authority, was made after it. What no list ever tells of is published
 * at once, and so is what others publish.
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
    puts: [{ kind: 'revocation', record }],
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

/** The newest lists, each read once, and whether they were made after an act. */
class ListsOf {
  readonly #act: RevocationRecord
  readonly #ports: SettlingPorts
  readonly #authorities = new Map<string, Authority | undefined>()
  readonly #lists = new Map<string, 'newer' | 'older' | ReadonlySet<string>>()

  constructor(act: RevocationRecord, ports: SettlingPorts) {
    this.#act = act
    this.#ports = ports
  }

  async tellOf(certificate: CertificateRecord): Promise<boolean> {
    const { authority: id, shard, serialNumber, notAfter } = certificate
    // What has ended is on no list any more.
    if (Temporal.Instant.compare(notAfter, this.#ports.clock.now()) <= 0) return true
    if (!this.#authorities.has(id))
      this.#authorities.set(id, await this.#ports.ledger.read('authority', id))
    const authority = this.#authorities.get(id)
    // Others publish what they signed; what was ended signs nothing more, its last lists stand.
    if (authority === undefined || authority.key === null || authority.state === 'retired')
      return true
    for (const list of new Set([shard, fullCrl])) {
      const said = await this.#read(id, list)
      if (said === 'older') return false
      if (said === 'newer') continue
      const isListed = said.has(serialNumber.toHex())
      if (isListed !== (certificate.revokedAt !== null)) return false
    }
    return true
  }

  async #read(authority: string, shard: number) {
    const key = `${authority} ${shard}`
    const known = this.#lists.get(key)
    if (known !== undefined) return known
    const list = await latestCrl(authority, shard, this.#ports.ledger)
    const said = list === undefined ? 'older' : ageOf(list, this.#act)
    this.#lists.set(key, said)
    return said
  }
}

/**
 * A list was read from the ledger after the second that it names. Where that is the second of the act, only its
 * entries tell which came first.
 */
function ageOf(
  { thisUpdate, der }: CrlRecord,
  { effectiveAt, requestedAt }: RevocationRecord,
): 'newer' | 'older' | ReadonlySet<string> {
  const since = effectiveAt ?? requestedAt
  if (Temporal.Instant.compare(thisUpdate, since) > 0) return 'newer'
  if (Temporal.Instant.compare(thisUpdate.add({ seconds: 1 }), since) <= 0) return 'older'
  const serials = [...parseCrl(der).revoked].map(({ serialNumber }) => serialNumber.toHex())
  return new Set(serials)
}
