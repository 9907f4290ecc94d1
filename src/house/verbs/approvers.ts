// SPDX-License-Identifier: Apache-2.0
import { confirmKey } from '#core/approvals/keys/confirm-key.ts'
import { endKey } from '#core/approvals/keys/end-key.ts'
import { registerKey } from '#core/approvals/keys/register-key.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { ApproverKey } from '#core/ledger/tables.ts'
import { pageOf } from '#edge/admin/ledger-verbs/queries.ts'
import { checkVersion, notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { InputOf, OutputOf } from '#format/admin/operations.ts'
import type { Core } from '../core.ts'
import { octetsOf } from './octets-of.ts'
import { type People, personHere } from './person-here.ts'

type ApproverVerbs = Pick<
  Verbs,
  'approver.confirm' | 'approver.end' | 'approver.list' | 'approver.register'
>

/** The keys by which people approve. */
export function approverVerbs(core: Core, people: People): ApproverVerbs {
  const { ledger } = core
  return {
    'approver.register': async ({ statement, signature, chain, ...said }, { caller }) => {
      const read = [statement, signature, ...chain].map((text) => octetsOf(text))
      const [signed, by, ...certificates] = read
      const here = await personHere(caller, said, people, core)
      if (here.kind === 'refused') return here
      const registered = await registerKey(
        {
          statement: signed ?? new Uint8Array(),
          signature: by ?? new Uint8Array(),
          chain: certificates,
        },
        here.person,
        core,
      )
      return registered.kind === 'refused' ? registered : showApprover(registered.key, ledger)
    },

    'approver.list': async (asked) => {
      const { items, next } = await listed(asked, ledger)
      return { items: await Promise.all(items.map((key) => showApprover(key, ledger))), next }
    },

    'approver.confirm': async ({ approver: id, fingerprint, ...said }, call) => {
      const key = await ledger.read('approverKey', id)
      if (key === undefined) return notFound(id)
      const differs = checkVersion(key, call)
      if (differs !== undefined) return differs
      const here = await personHere(call.caller, said, people, core)
      if (here.kind === 'refused') return here
      const confirmed = await confirmKey(key, Uint8Array.fromHex(fingerprint), here.person, core)
      return confirmed.kind === 'refused' ? confirmed : showApprover(confirmed.key, ledger)
    },

    'approver.end': async ({ approver: id, because }, call) => {
      const key = await ledger.read('approverKey', id)
      if (key === undefined) return notFound(id)
      const differs = checkVersion(key, call)
      if (differs !== undefined) return differs
      const ended = await endKey(key, because, call.caller.actor, core)
      return ended.kind === 'refused' ? ended : showApprover(ended.key, ledger)
    },
  }
}

async function listed(asked: InputOf<'approver.list'>, ledger: Ledger) {
  const { person, state, fingerprint, approver } = asked
  if (fingerprint !== undefined || approver !== undefined) {
    const found =
      approver === undefined
        ? await ledger.find('approverKey', 'fingerprint', [Uint8Array.fromHex(`${fingerprint}`)])
        : await ledger.read('approverKey', approver)
    const fits =
      found !== undefined &&
      (fingerprint === undefined || found.fingerprint.toHex() === fingerprint) &&
      (person === undefined || found.person === person) &&
      (state === undefined || found.state === state)
    return { items: fits ? [found] : [], next: null }
  }
  const walk =
    person !== undefined
      ? ({ by: 'person', equal: state === undefined ? [person] : [person, state] } as const)
      : state !== undefined
        ? ({ by: 'state', equal: [state] } as const)
        : ({ by: 'added' } as const)
  return ledger.list('approverKey', { ...walk, ...pageOf(asked) })
}

export async function showApprover(
  record: ApproverKey,
  ledger: Ledger,
): Promise<OutputOf<'approver.list'>> {
  const key = await ledger.read('key', record.key)
  const { id, version, person, name, role, kept, state } = record
  return {
    ...{ id, version, person, name, role, kept, state },
    fingerprint: record.fingerprint.toHex(),
    algorithm: key?.algorithm ?? '',
    addedAt: record.addedAt.toString(),
    ...{ confirmedBy: record.confirmedBy, endedBy: record.endedBy },
    confirmedAt: record.confirmedAt?.toString() ?? null,
    endedAt: record.endedAt?.toString() ?? null,
    endedBecause: record.endedBecause,
  }
}
