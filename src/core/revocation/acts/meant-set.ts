// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '#core/ledger/ledger.ts'
import type { CertificateRecord, RevocationRecord } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import type { Chosen } from './chosen.ts'
import { walkChosen } from './walk.ts'

export type SetAct = Exclude<RevocationRecord['act'], 'quarantine'>

/** What is done to which certificates, as they stood at a moment. */
export interface Meaning {
  readonly act: SetAct
  readonly chosen: Chosen
  /** When it was asked: what is certified after it is not meant, unless it follows what is. */
  readonly at: Temporal.Instant
}

/** The certificates that an act means. */
export interface MeantSet {
  readonly kind: 'set'
  readonly ids: readonly string[]
  readonly owners: ReadonlySet<string>
  /** Chosen, and what the act would do is so already. */
  readonly already: number
  /** Certificates of authorities, which no act on a set touches. */
  readonly ofAuthorities: number
}

/** Ids in memory, some 100 bytes each; whoever means more chooses by product or lot. */
const mostInSet = 2_000_000

const authorityKinds: ReadonlySet<string> = new Set(['root', 'issuing', 'link', 'ocsp'])

/**
 * Reads the set that an act means.
 *
 * What its devices were given since it was asked, by renewal, is no change of the set: it is ended with it.
 * Whatever else has come or gone makes it another set.
 */
export async function readSet(
  meaning: Meaning,
  ledger: Ledger,
  visit: (certificate: CertificateRecord) => void = () => {},
): Promise<MeantSet | Refused> {
  const found: { id: string; owner: string }[] = []
  const late: CertificateRecord[] = []
  const owners = new Set<string>()
  const acts = new ActsOfHolds(ledger)
  let already = 0
  let ofAuthorities = 0
  for await (const page of walkChosen(meaning.chosen, meaning.at, ledger)) {
    for (const one of page) {
      if (authorityKinds.has(one.kind)) {
        if (isMeant(one, meaning)) ofAuthorities++
        continue
      }
      if (isSoAlready(one, meaning)) already++
      if (!isMeant(one, meaning) || !(await acts.allow(one, meaning))) continue
      if (Temporal.Instant.compare(one.reservedAt, meaning.at) > 0) late.push(one)
      else {
        found.push({ id: one.id, owner: one.owner })
        owners.add(one.owner)
        visit(one)
      }
    }
    if (found.length > mostInSet)
      return refuse('input-wrong', `these are over ${mostInSet} certificates; choose fewer at once`)
  }
  const strangers = late.filter(({ owner }) => !owners.has(owner))
  for (const { owner } of strangers) owners.add(owner)
  const ids = [...found, ...strangers].map(({ id }) => id)
  return { kind: 'set', ids, owners, already, ofAuthorities }
}

/** Whether an act would change this certificate, leaving aside when it was certified. */
export function isMeant(
  { state, notAfter }: CertificateRecord,
  { act, at }: Pick<Meaning, 'act' | 'at'>,
): boolean {
  if (act === 'release') return state === 'held'
  // What has ended by itself is on no list any more.
  if (Temporal.Instant.compare(notAfter, at) <= 0) return false
  if (state === 'revoked' || state === 'abandoned') return false
  return act === 'end' || state !== 'held'
}

/** Whether no act on a set may touch it. */
export function isOfAuthority({ kind }: CertificateRecord): boolean {
  return authorityKinds.has(kind)
}

function isSoAlready({ state }: CertificateRecord, { act }: Meaning): boolean {
  if (act === 'release') return false
  return state === 'revoked' || state === 'abandoned' || (act === 'hold' && state === 'held')
}

/** What a quarantine holds is released with its device, what a list of somebody else holds by their next one. */
export class ActsOfHolds {
  readonly #ledger: Ledger
  readonly #known = new Map<string, boolean>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  async allow({ revocation }: CertificateRecord, { act }: Pick<Meaning, 'act'>): Promise<boolean> {
    if (act !== 'release' || revocation === null) return true
    const known = this.#known.get(revocation)
    if (known !== undefined) return known
    const hold = await this.#ledger.read('revocation', revocation)
    const isOurs = hold?.act !== 'quarantine' && hold?.chosen['list'] === undefined
    this.#known.set(revocation, isOurs)
    return isOurs
  }
}
