// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import type { Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Device, Element } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { elementInDevice, refuseBinding } from './find-element.ts'
import type { ElementPorts } from './ports.ts'

export type Bound =
  | { readonly kind: 'bound'; readonly element: Element; readonly replaced: Element | undefined }
  | { readonly kind: 'unchanged'; readonly element: Element }
  | Refused

/**
 * Says in which device an element is. An element that was in the device before counts as replaced, for ever: boards
 * are exchanged, elements do not come back.
 */
export async function bindElement(
  element: Element,
  device: Device,
  actor: Actor,
  ports: ElementPorts,
): Promise<Bound> {
  const unfit = refuseBinding(element, device)
  if (unfit !== undefined) return unfit
  if (element.device === device.id) return { kind: 'unchanged', element }
  const before = await elementInDevice(device.id, ports.ledger)
  const { puts, event, bound } = binding(element, device, before, actor, ports)
  const refused = await settle({ puts, events: [event] }, ports.ledger)
  if (refused?.reason === 'exists-already')
    return refuse(
      'conflict',
      'another element was bound to this device at the same moment; look again',
    )
  return refused ?? { kind: 'bound', element: bound, replaced: before }
}

/** What is written when it becomes known where an element is, to be committed with its cause. */
export function binding(
  element: Element,
  device: Device,
  before: Element | undefined,
  actor: Actor,
  ports: ElementPorts,
): { readonly puts: readonly Put[]; readonly event: AuditEvent; readonly bound: Element } {
  const at = ports.clock.now()
  const bound: Element = {
    ...element,
    ...{ version: element.version + 1, device: device.id, inDevice: device.id, state: 'bound' },
    ...{ boundAt: at, boundBy: actor.id },
  }
  const puts: Put[] = []
  if (before !== undefined) {
    const columns = { version: before.version + 1, state: 'replaced', inDevice: null } as const
    puts.push({ kind: 'element', record: { ...before, ...columns } })
  }
  puts.push({ kind: 'element', record: bound })
  const event: AuditEvent = {
    ...{ type: 'element-bound', at, actor, subjects: [element.id, device.id] },
    facts: {
      ...{ uniqueId: element.uniqueId, serial: device.serial },
      replaces: before?.uniqueId ?? null,
    },
  }
  return { puts, event, bound }
}
