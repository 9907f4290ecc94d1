// SPDX-License-Identifier: Apache-2.0
import type { Ledger, ListQuery } from '#core/ledger/ledger.ts'
import type { CertificateRecord, KeyFinding } from '#core/ledger/tables.ts'
import { type Chosen, isChosen } from './chosen.ts'

/** The most that one page of a list holds. */
const pageSize = 1000

/** States of certificates whose trust can still change. */
const liveStates = ['issued', 'retired', 'held', 'reserved'] as const

/**
 * All certificates of what was chosen, whatever their state where the walk allows, each once, in pages.
 *
 * @param at when it was asked: what was found out about keys after it is not meant
 */
export async function* walkChosen(
  chosen: Chosen,
  at: Temporal.Instant,
  ledger: Ledger,
): AsyncGenerator<readonly CertificateRecord[]> {
  // No choice would be all that there is, and that nobody means.
  if (Object.keys(chosen).length === 0) throw new TypeError('nothing is chosen')
  for await (const page of pagesOf(chosen, at, ledger)) {
    const some = page.filter((one) => isChosen(one, chosen))
    if (some.length > 0) yield some
  }
}

type Walk = Pick<ListQuery<'certificate'>, 'by' | 'equal' | 'prefix' | 'from' | 'below' | 'where'>

/** The most telling choice leads; what is left is tested one by one. */
async function* pagesOf(
  chosen: Chosen,
  at: Temporal.Instant,
  ledger: Ledger,
): AsyncGenerator<readonly CertificateRecord[]> {
  const { certificate, key, registrar, finding, cause } = chosen
  if (finding !== undefined || cause !== undefined) yield* foundIn({ finding, cause }, at, ledger)
  else if (registrar !== undefined) yield* askedBy(registrar, await ownerIn(chosen, ledger), ledger)
  else if (certificate !== undefined) {
    const one = await ledger.read('certificate', certificate)
    if (one !== undefined) yield [one]
  } else if (key !== undefined) {
    const record = await ledger.read('key', key)
    if (record !== undefined) yield* listed({ by: 'owner', equal: [record.owner] }, ledger)
  } else for (const walk of walksOf(chosen)) yield* listed(walk, ledger)
}

function walksOf(chosen: Chosen): readonly Walk[] {
  const { revocation, device, owner = device, lot, serialPrefix, product, authority } = chosen
  const { algorithm, expiringBefore, expiringAfter } = chosen
  if (revocation !== undefined) return [{ by: 'revocation', equal: [revocation] }]
  if (owner !== undefined) return [{ by: 'owner', equal: [owner] }]
  if (lot !== undefined) return [{ by: 'lot', equal: [lot] }]
  const prefix = serialPrefix === undefined ? {} : { prefix: serialPrefix }
  if (product !== undefined) return [{ by: 'product', equal: [product], ...prefix }]
  if (serialPrefix !== undefined) return [{ by: 'deviceSerial', ...prefix }]
  if (authority !== undefined) return [{ by: 'shard', equal: [authority] }]
  if (algorithm !== undefined) return [{ by: 'algorithm', equal: [algorithm] }]
  return liveStates.map((state) => ({
    ...{ by: 'state', equal: [state] },
    ...(expiringBefore !== undefined && { below: Temporal.Instant.from(expiringBefore) }),
    ...(expiringAfter !== undefined && { from: Temporal.Instant.from(expiringAfter) }),
  }))
}

async function* listed(walk: Walk, ledger: Ledger): AsyncGenerator<readonly CertificateRecord[]> {
  let after: string | null | undefined
  do {
    const page = await ledger.list('certificate', {
      ...{ ...walk, limit: pageSize },
      ...(after && { after }),
    })
    yield page.items
    after = page.next
  } while (after !== null)
}

/** What keys have that were found to be weak, by one finding or by all of one cause. */
async function* foundIn(
  { finding, cause }: Partial<Record<'finding' | 'cause', string | undefined>>,
  at: Temporal.Instant,
  ledger: Ledger,
): AsyncGenerator<readonly CertificateRecord[]> {
  const met = new Set<string>()
  for await (const one of findings({ finding, cause }, ledger)) {
    const isMeant = one.state !== 'dismissed' && Temporal.Instant.compare(one.foundAt, at) <= 0
    if (!isMeant || met.has(one.key)) continue
    met.add(one.key)
    yield* listed({ by: 'owner', equal: [one.owner], where: { key: one.key } }, ledger)
  }
}

async function* findings(
  { finding, cause }: Partial<Record<'finding' | 'cause', string | undefined>>,
  ledger: Ledger,
): AsyncGenerator<KeyFinding> {
  if (finding !== undefined) {
    const one = await ledger.read('keyFinding', finding)
    if (one !== undefined) yield one
  }
  if (cause === undefined) return
  let after: string | null | undefined
  do {
    const page = await ledger.list('keyFinding', {
      ...{ by: 'cause', equal: [Uint8Array.fromHex(cause)], limit: pageSize },
      ...(after && { after }),
    })
    yield* page.items
    after = page.next
  } while (after !== null)
}

/** Whose certificates alone can be meant, if that is said or follows; undefined: anybody's. */
async function ownerIn(chosen: Chosen, ledger: Ledger): Promise<string | undefined> {
  const { certificate, key, device, owner = device } = chosen
  if (certificate !== undefined) return (await ledger.read('certificate', certificate))?.owner
  if (key !== undefined) return (await ledger.read('key', key))?.owner
  return owner
}

/**
 * What a registrar asked for, and what became of it by renewal: whoever held the registrar's key holds what a
 * device later renewed by itself as well.
 *
 * @param only of this owner; undefined: of all that it asked for
 */
async function* askedBy(
  registrar: string,
  only: string | undefined,
  ledger: Ledger,
): AsyncGenerator<readonly CertificateRecord[]> {
  if (only !== undefined) {
    yield await ofRegistrar(only, registrar, ledger)
    return
  }
  const done = new Set<string>()
  let after: string | null | undefined
  do {
    const page = await ledger.list('enrolment', {
      ...{ by: 'registrar', equal: [registrar], limit: pageSize },
      ...(after && { after }),
    })
    for (const { owner } of page.items) {
      if (done.has(owner)) continue
      done.add(owner)
      yield await ofRegistrar(owner, registrar, ledger)
    }
    after = page.next
  } while (after !== null)
}

async function ofRegistrar(
  owner: string,
  registrar: string,
  ledger: Ledger,
): Promise<readonly CertificateRecord[]> {
  const found = new Map<string, CertificateRecord>()
  // By id, which is by time of making: what was replaced comes before what replaced it.
  for await (const page of listed({ by: 'owner', equal: [owner] }, ledger)) {
    for (const one of page) {
      const follows = one.replaces !== null && found.has(one.replaces)
      if (follows || (await wasAskedBy(one, registrar, ledger))) found.set(one.id, one)
    }
  }
  return [...found.values()]
}

async function wasAskedBy(
  { enrolment }: CertificateRecord,
  registrar: string,
  ledger: Ledger,
): Promise<boolean> {
  const asked = enrolment === null ? undefined : await ledger.read('enrolment', enrolment)
  return asked?.registrar === registrar
}
