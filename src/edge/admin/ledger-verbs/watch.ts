// SPDX-License-Identifier: Apache-2.0
import type { Alarm, Delivery, NotificationTarget, RenewalOrder } from '#core/ledger/tables.ts'
import { acknowledge } from '#core/watch/alarm.ts'
import { breakGlass } from '#core/watch/break-glass.ts'
import { endOrder, orderRenewal, progressOf } from '#core/watch/orders.ts'
import { stopAuthority } from '#core/watch/stop-authority.ts'
import { addTarget, removeTarget, targetNamed, testTarget } from '#core/watch/targets.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import { isKeyAlgorithmName, keyAlgorithms } from '#trust/algorithms.ts'
import { refuse } from '#trust/refusal.ts'
import type { Verbs } from '../verbs.ts'
import { joinPath } from './link-paths.ts'
import type { LedgerVerbPorts } from './ports.ts'
import { pageOf } from './queries.ts'
import { checkVersion, notFound } from './record.ts'

type WatchVerbs = Pick<
  Verbs,
  | 'alarm.acknowledge'
  | 'alarm.list'
  | 'authority.stop'
  | 'delivery.list'
  | 'notification.add'
  | 'notification.list'
  | 'notification.remove'
  | 'notification.test'
  | 'person.restore'
  | 'renewal.end'
  | 'renewal.list'
  | 'renewal.order'
  | 'renewal.show'
>

/** What watches, tells, and orders renewals; notification.key and authority.issue need keys and are the house's. */
export function watchVerbs(ports: LedgerVerbPorts): WatchVerbs {
  const { ledger } = ports
  return {
    'alarm.list': async ({ state, severity, kind, ...paging }) => {
      const walk =
        kind !== undefined
          ? ({
              by: 'kind',
              equal: [kind, state],
              where: { ...(severity && { severity }) },
            } as const)
          : severity !== undefined
            ? ({ by: 'severity', equal: [state, severity] } as const)
            : ({ by: 'state', equal: [state] } as const)
      const page = await ledger.list('alarm', { ...walk, descending: true, ...pageOf(paging) })
      return { items: page.items.map(showAlarm), next: page.next }
    },

    'alarm.acknowledge': async ({ alarm: id }, call) => {
      const alarm = await ledger.read('alarm', id)
      if (alarm === undefined) return notFound(id)
      const differs = checkVersion(alarm, call)
      if (differs !== undefined) return differs
      const done = await acknowledge(alarm, call.caller.actor, ports)
      return done.kind === 'refused' ? done : showAlarm(done.alarm)
    },

    'notification.add': async (
      { name, kind, address, severity, only, ...settings },
      { caller },
    ) => {
      const given = Object.entries(settings).filter(([, value]) => value !== undefined)
      const asked = { name, kind, address, severity, kinds: only }
      const added = await addTarget(
        { ...asked, settings: Object.fromEntries(given) as Record<string, string> },
        caller.actor,
        ports,
      )
      return added.kind === 'refused' ? added : showTarget(added.target)
    },

    'notification.list': async (paging) => {
      const walk = { by: 'state', equal: ['active'] } as const
      const { items, next } = await ledger.list('notificationTarget', {
        ...walk,
        ...pageOf(paging),
      })
      return { items: items.map(showTarget), next }
    },

    'notification.remove': async ({ target: name }, { caller }) => {
      const target = await targetNamed(name, ports)
      if (target.kind === 'refused') return target
      const removed = await removeTarget(target, caller.actor, ports)
      return removed.kind === 'refused' ? removed : showTarget(removed.target)
    },

    'notification.test': async ({ target: name }) => {
      const target = await targetNamed(name, ports)
      if (target.kind === 'refused') return target
      const queued = await testTarget(target, ports)
      return queued.kind === 'refused' ? queued : showDelivery(queued.delivery, target)
    },

    'delivery.list': async ({ target: name, state, ...paging }) => {
      const target =
        name === undefined ? undefined : await ledger.find('notificationTarget', 'name', [name])
      if (name !== undefined && target === undefined)
        return refuse('not-found', `no target is named "${name}"`)
      const walk =
        target !== undefined
          ? state === undefined
            ? ({ by: 'target', equal: [target.id] } as const)
            : ({ by: 'queue', equal: [target.id, state] } as const)
          : state === undefined
            ? {}
            : ({ by: 'state', equal: [state] } as const)
      const page = await ledger.list('delivery', { ...walk, descending: true, ...pageOf(paging) })
      const targets = new Map<string, NotificationTarget | undefined>()
      for (const { target: id } of page.items)
        if (!targets.has(id)) targets.set(id, await ledger.read('notificationTarget', id))
      return {
        items: page.items.map((one) => showDelivery(one, targets.get(one.target))),
        next: page.next,
      }
    },

    'renewal.order': async (asked, { caller }) => {
      const { authority = null, product = null, lot = null, algorithm = null } = asked
      if (algorithm !== null && !isKeyAlgorithmName(algorithm)) {
        const known = Object.keys(keyAlgorithms).join(', ')
        return refuse('input-wrong', `algorithm: "${algorithm}" is none of ${known}`)
      }
      const cohort = { authority, product, lot, algorithm }
      const { within: withinHours, because } = asked
      const ordered = await orderRenewal({ ...cohort, withinHours, because }, caller.actor, ports)
      return ordered.kind === 'refused' ? ordered : showOrder(ordered.order)
    },

    'renewal.list': async ({ state, ...paging }) => {
      const walk = state === undefined ? {} : ({ by: 'state', equal: [state] } as const)
      const page = await ledger.list('renewalOrder', {
        ...walk,
        descending: true,
        ...pageOf(paging),
      })
      return { items: page.items.map(showOrder), next: page.next }
    },

    'renewal.show': async ({ order: id }) => {
      const order = await ledger.read('renewalOrder', id)
      if (order === undefined) return notFound(id)
      return { ...showOrder(order), ...(await progressOf(order, ports)) }
    },

    'renewal.end': async ({ order: id }, call) => {
      const order = await ledger.read('renewalOrder', id)
      if (order === undefined) return notFound(id)
      const differs = checkVersion(order, call)
      if (differs !== undefined) return differs
      const ended = await endOrder(order, call.caller.actor, ports)
      return ended.kind === 'refused' ? ended : showOrder(ended.order)
    },

    'authority.stop': async ({ authority: id, because }, call) => {
      const authority = await ledger.read('authority', id)
      if (authority === undefined) return notFound(id)
      const differs = checkVersion(authority, call)
      if (differs !== undefined) return differs
      const stopped = await stopAuthority(authority, because, call.caller.actor, ports)
      if (stopped.kind === 'refused') return stopped
      const { successor, entrances } = stopped
      return { name: authority.name, successor: successor.name, entrances }
    },

    'person.restore': async ({ name }, { caller }) => {
      // The table says so too; a way in without a proof is worth two locks.
      if (caller.door !== 'local')
        return refuse('not-permitted', 'a way in is made at the machine itself, and nowhere else')
      const restored = await breakGlass(name, caller.actor, ports)
      if (restored.kind === 'refused') return restored
      const { token, expiresAt } = restored.link
      return {
        person: restored.person.name,
        link: { token, path: joinPath(token), expiresAt: expiresAt.toString() },
      }
    },
  }
}

function showAlarm(alarm: Alarm): OutputOf<'alarm.acknowledge'> {
  return {
    ...alarm,
    facts: { ...alarm.facts },
    raisedAt: alarm.raisedAt.toString(),
    lastSeenAt: alarm.lastSeenAt.toString(),
    clearedAt: alarm.clearedAt?.toString() ?? null,
    acknowledgedAt: alarm.acknowledgedAt?.toString() ?? null,
  }
}

function showTarget(target: NotificationTarget): OutputOf<'notification.add'> {
  const { settings, kinds } = target
  return {
    ...target,
    ...{ settings: { ...settings }, kinds: [...kinds], createdAt: target.createdAt.toString() },
  }
}

function showDelivery(
  delivery: Delivery,
  target: NotificationTarget | undefined,
): OutputOf<'notification.test'> {
  return {
    ...delivery,
    targetName: target?.name ?? '',
    nextAt: delivery.nextAt.toString(),
    createdAt: delivery.createdAt.toString(),
    sentAt: delivery.sentAt?.toString() ?? null,
  }
}

function showOrder(order: RenewalOrder): OutputOf<'renewal.order'> {
  return {
    ...order,
    fromAt: order.fromAt.toString(),
    until: order.until.toString(),
    createdAt: order.createdAt.toString(),
    endedAt: order.endedAt?.toString() ?? null,
  }
}
