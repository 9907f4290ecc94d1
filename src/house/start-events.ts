// SPDX-License-Identifier: Apache-2.0
import type { AuditEvent } from '#core/audit/event.ts'
import { sha256 } from '#trust/digest.ts'
import type { Configuration } from './configuration.ts'
import type { Core } from './core.ts'
import type { ThisNode } from './nodes/this-node.ts'
import { programVersion } from './version.ts'

const actor = { kind: 'house', id: 'start' } as const

/** Tells the log of a start, and by which configuration file. */
export async function noteStart(
  core: Core,
  { file }: Configuration,
  node: ThisNode,
): Promise<void> {
  const at = core.clock.now()
  const facts = { version: programVersion(), recovered: core.recovered, node: node.name }
  const events: AuditEvent[] = [{ type: 'server-started', at, actor, subjects: [node.id], facts }]
  if (file !== undefined) {
    const read = { sha256: sha256(file).toHex(), bytes: file.length }
    events.push({ type: 'configuration-read', at, actor, subjects: [], facts: read })
  }
  await core.ledger.commit({ puts: [], events })
}

/** Tells the log of an orderly stop, with the refusals that were only counted so far. */
export async function noteStop(core: Core, node: ThisNode): Promise<void> {
  await core.refusals.flush()
  const at = core.clock.now()
  await core.ledger.commit({
    puts: [],
    events: [
      { type: 'server-stopped', at, actor, subjects: [node.id], facts: { node: node.name } },
    ],
  })
}
