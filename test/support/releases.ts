// SPDX-License-Identifier: Apache-2.0
/** Releases on a core without doors, and octets that are simply there. */
import assert from 'node:assert/strict'
import type { Actor } from '#core/audit/event.ts'
import type { Product, Release, ReleasePart } from '#core/ledger/tables.ts'
import { attachPart, type NewPart } from '#core/releases/attach.ts'
import { createRelease, type NewRelease } from '#core/releases/create.ts'
import { wanting } from '#core/releases/stored.ts'
import { submitRelease } from '#core/releases/submit.ts'
import type { Core } from '#house/core.ts'
import { operator } from './core.ts'

export async function newRelease(
  core: Core,
  product: Product,
  terms: Partial<NewRelease> = {},
  actor: Actor = operator,
): Promise<Release> {
  const created = await createRelease(
    {
      ...{ product: product.id, firmwareVersion: '1.0.0', securityVersion: 1, kind: 'feature' },
      ...{ channel: 'stable', environment: undefined, supportUntil: null, ...terms },
    },
    actor,
    core,
  )
  return created.kind === 'changed' ? created.release : assert.fail(created.detail)
}

/** Puts octets into the store as an upload would have; gives their digest. */
export async function stored(
  core: Core,
  octets: Uint8Array | string,
  by: Actor = operator,
): Promise<Uint8Array> {
  const bytes = typeof octets === 'string' ? new TextEncoder().encode(octets) : octets
  const kept = await core.artefacts.keep([bytes])
  await core.ledger.commit({ puts: [await wanting(kept, by.id, core)], events: [] })
  return kept.sha256
}

export async function attached(
  core: Core,
  release: Release,
  part: NewPart,
  actor: Actor = operator,
): Promise<{ readonly release: Release; readonly part: ReleasePart }> {
  const answer = await attachPart(release, part, actor, core)
  return answer.kind === 'attached' ? answer : assert.fail(answer.detail)
}

/** With one artefact, and submitted. */
export async function submitted(
  core: Core,
  product: Product,
  terms: Partial<NewRelease> = {},
  by: Actor = operator,
): Promise<Release> {
  const draft = await newRelease(core, product, terms, by)
  // Octets that somebody sent before are that person's: others send their own.
  const text = `image of ${draft.firmwareVersion}${by === operator ? '' : ` by ${by.id}`}`
  const sha256 = await stored(core, text, by)
  const part = { role: 'artefact', name: 'app.bin', sha256 } as const
  const { release } = await attached(core, draft, part, by)
  const answer = await submitRelease(release, by, core)
  return answer.kind === 'changed' ? answer.release : assert.fail(answer.detail)
}
