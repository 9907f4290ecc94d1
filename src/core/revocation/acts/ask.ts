// SPDX-License-Identifier: Apache-2.0
import type { Actor } from '#core/audit/event.ts'
import { digestOfSet, toldOfAct } from '#core/enforcement/book-act.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import { settle } from '#core/ledger/settle.ts'
import type { CertificateRecord, Key, RevocationRecord } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import type { RevocationReason } from '../revoke.ts'
import { aloneUpTo } from './alone.ts'
import { type Chosen, refuseChosen } from './chosen.ts'
import { type MeantSet, readSet, type SetAct } from './meant-set.ts'

export interface ActPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  readonly environment: Key['environment']
}

/** Trust that is to end, to be suspended, or to be given back, for all that was chosen. */
export interface Wish {
  readonly act: SetAct
  readonly chosen: Chosen
  /** Why, as lists show it; of a hold and a release it is always certificateHold. */
  readonly reason: RevocationReason | 'certificateHold'
  readonly because: string
  /** SHA-256 of the set that a preview showed: another one is not meant. */
  readonly set?: Uint8Array | undefined
}

export type Asked =
  | { readonly kind: 'asked'; readonly record: RevocationRecord; readonly already: number }
  /** All that was chosen is so already. */
  | { readonly kind: 'unchanged'; readonly already: number }
  | Refused

/**
 * Books an act on all that was chosen: `running`, to be carried out at once (`carryOut`), or `waiting` for a
 * second person where it is more than one may end alone.
 */
export async function askAct(wish: Wish, actor: Actor, ports: ActPorts): Promise<Asked> {
  const { ledger, clock } = ports
  const at = clock.now()
  const set = await judge(wish, at, ledger)
  if (set.kind === 'refused') return set
  const marksKey = wish.reason === 'keyCompromise' && wish.chosen.key !== undefined
  if (set.ids.length === 0 && !marksKey) {
    return set.already > 0 || wish.chosen.device !== undefined
      ? { kind: 'unchanged', already: set.already }
      : refuse('not-found', 'no certificate is of what was chosen, or none that this could change')
  }
  const alone = await aloneUpTo(ports.environment, ledger)
  const waits = alone !== null && set.owners.size > alone
  const record = recordOf(wish, set, waits, actor, at, ports)
  const refused = await settle(
    {
      puts: [{ kind: 'revocation', record }],
      events: [toldOfAct('revocation-requested', record, actor, at, { state: record.state })],
    },
    ledger,
  )
  return refused ?? { kind: 'asked', record, already: set.already }
}

/** The set that a wish means, unless it means none, another than was seen, or authorities. */
export async function judge(
  { act, chosen, set: seen }: Pick<Wish, 'act' | 'chosen' | 'set'>,
  at: Temporal.Instant,
  ledger: Ledger,
  visit?: (certificate: CertificateRecord) => void,
): Promise<MeantSet | Refused> {
  const wrong = await refuseChosen(chosen, ledger)
  if (wrong !== undefined) return wrong
  const set = await readSet({ act, chosen, at }, ledger, visit)
  if (set.kind === 'refused') return set
  // Whoever chooses all that an authority issued, or whatever has a weakness, does not mean what an authority needs.
  const isWide = chosen.authority !== undefined || chosen.cause !== undefined
  if (set.ofAuthorities > 0 && (!isWide || set.ids.length === 0)) {
    return refuse(
      'not-permitted',
      'these are certificates of authorities; "authority revoke" ends one, and two people have to agree',
    )
  }
  const digest = digestOfSet(set.ids)
  if (seen !== undefined && seen.toHex() !== digest.toHex()) {
    return refuse(
      'set-changed',
      `the certificates have the digest ${digest.toHex()} now, meant was ${seen.toHex()}; look again`,
    )
  }
  return set
}

function recordOf(
  { act, chosen, reason, because }: Wish,
  { ids, owners }: MeantSet,
  waits: boolean,
  actor: Actor,
  at: Temporal.Instant,
  ports: ActPorts,
): RevocationRecord {
  return {
    ...{ id: newId('revocation', ports), version: 1, act, chosen, reason, because },
    ...{ total: ids.length, done: 0, owners: owners.size, setSha256: digestOfSet(ids) },
    ...{ state: waits ? 'waiting' : 'running', approvals: [] },
    ...{ requestedBy: actor.id, requestedAt: at },
    ...{ decidedBy: waits ? null : actor.id, decidedAt: waits ? null : at },
    ...{
      effectiveAt: null,
      publishedAt: null,
      unpublishedSince: null,
      releasedBy: null,
      releasedAt: null,
    },
  }
}
