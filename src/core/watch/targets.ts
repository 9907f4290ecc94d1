// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { Delivery, NotificationTarget } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { checkWebhookAddress } from '../webhook-address.ts'
import { type AlarmPorts, clear } from './alarm.ts'
import { activeTargets, deliveryPut, isFull, mostTargets, mostWaiting } from './enqueue.ts'
import { alarmKinds } from './kinds.ts'

export type NewTarget = Pick<
  NotificationTarget,
  'name' | 'kind' | 'address' | 'settings' | 'severity' | 'kinds'
>

export type Added = { readonly kind: 'added'; readonly target: NotificationTarget } | Refused

/** Adds a place where alarms are told from now on. */
export async function addTarget(asked: NewTarget, actor: Actor, ports: AlarmPorts): Promise<Added> {
  const no = checkAddress(asked) ?? checkKinds(asked)
  if (no !== undefined) return no
  if ((await activeTargets(ports.ledger)).length >= mostTargets)
    return refuse('busy', `there are ${mostTargets} targets already; remove one first`)
  const now = ports.clock.now()
  const target: NotificationTarget = {
    ...asked,
    ...{ id: newId('notificationTarget', ports), version: 1, state: 'active' },
    ...{ createdAt: now, createdBy: actor.id },
  }
  const refused = await settle(
    {
      puts: [{ kind: 'notificationTarget', record: target }],
      events: [told('notification-target-added', target, actor, now)],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'added', target }
}

function checkAddress({ kind, address, settings }: NewTarget): Refused | undefined {
  if (kind === 'webhook') return checkWebhookAddress(address)
  const server = URL.parse(settings['server'] ?? '')
  if (server === null || !(server.protocol === 'smtp:' || server.protocol === 'smtps:'))
    return refuse('input-wrong', 'server: mail needs one, such as smtp://mail.example.com:587')
  if (server.username !== '' || server.password !== '')
    return refuse('input-wrong', 'server: name the user and the file of the password apart from it')
  return checkMail('address', address) ?? checkMail('from', settings['from'] ?? '')
}

/** RFC 5321 section 4.1.2 in its usual form: no blank, no quote, no line break can come in. */
function checkMail(what: string, address: string): Refused | undefined {
  if (/^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}$/.test(address)) return undefined
  return refuse('input-wrong', `${what}: "${address}" is not a mail address`)
}

function checkKinds({ kinds }: NewTarget): Refused | undefined {
  const unknown = kinds.find((kind) => !Object.hasOwn(alarmKinds, kind))
  if (unknown === undefined) return undefined
  const known = Object.keys(alarmKinds).join(', ')
  return refuse('input-wrong', `only: "${unknown}" is no kind of alarm; one of ${known}`)
}

/** Ends a target; what still waits for it is given up by the queue. */
export async function removeTarget(
  before: NotificationTarget,
  actor: Actor,
  ports: AlarmPorts,
): Promise<{ readonly kind: 'removed'; readonly target: NotificationTarget } | Refused> {
  if (before.state === 'removed') return { kind: 'removed', target: before }
  const target: NotificationTarget = { ...before, version: before.version + 1, state: 'removed' }
  const refused = await settle(
    {
      puts: [{ kind: 'notificationTarget', record: target }],
      events: [told('notification-target-removed', target, actor, ports.clock.now())],
    },
    ports.ledger,
  )
  if (refused !== undefined) return refused
  await clear('notification-failing', target.id, ports)
  return { kind: 'removed', target }
}

/** Sends one message that says that it is a test. */
export async function testTarget(
  target: NotificationTarget,
  ports: AlarmPorts,
): Promise<{ readonly kind: 'queued'; readonly delivery: Delivery } | Refused> {
  if (target.state === 'removed') return refuse('conflict', `target ${target.name} was removed`)
  if (await isFull(target, ports.ledger))
    return refuse('busy', `${mostWaiting} messages wait for ${target.name} already`)
  const at = ports.clock.now().toString()
  const put = deliveryPut(
    target,
    'test',
    null,
    {
      ...{ what: 'test', at },
      alarm: {
        ...{ id: null, kind: 'test', subject: target.id, severity: 'notice', facts: {} },
        ...{ text: 'this is a test: alarms arrive here', raisedAt: at, clearedAt: null },
      },
    },
    ports,
  )
  const refused = await settle({ puts: [put], events: [] }, ports.ledger)
  return refused ?? { kind: 'queued', delivery: put.record }
}

/** The target of a name that is not removed. */
export async function targetNamed(
  name: string,
  { ledger }: AlarmPorts,
): Promise<NotificationTarget | Refused> {
  const target = await ledger.find('notificationTarget', 'name', [name])
  if (target?.state === 'active') return target
  return refuse(
    'not-found',
    `no target is named "${name}"; "vitalsign notification list" shows them`,
  )
}

function told(
  type: 'notification-target-added' | 'notification-target-removed',
  { id, name, kind, address, severity }: NotificationTarget,
  actor: Actor,
  at: Temporal.Instant,
): AuditEvent {
  return { type, at, actor, subjects: [id], facts: { name, kind, address, severity } }
}
