// SPDX-License-Identifier: Apache-2.0
/** A core with an integration that does what a test says, and remembers what it was told. */
import assert from 'node:assert/strict'
import type { EnforcementPorts, Trouble } from '#core/enforcement/carry-out.ts'
import { addIntegration } from '#core/enforcement/integrations.ts'
import { carryLane } from '#core/enforcement/lane.ts'
import type { Batch, Enforced, Wish } from '#core/enforcement/port.ts'
import type { Enforcement, Integration } from '#core/ledger/tables.ts'
import { operator, type TestCore } from './core.ts'

export class FakeDesk {
  readonly batches: Batch[] = []
  readonly troubles: (Trouble | undefined)[] = []
  /** What it answers; it confirms one session an owner if nobody says otherwise. */
  answer: (batch: Batch) => Enforced | Promise<Enforced> = ({ wishes }) => ({
    ...{ kind: 'enforced', sessionsEnded: wishes.length, isCounted: true },
  })

  /** Owner -> what was wanted last. */
  get wants(): Readonly<Record<string, Wish['want']>> {
    const wishes = this.batches.flatMap((batch) => batch.wishes)
    return Object.fromEntries(wishes.map(({ owner, want }) => [owner, want]))
  }

  portsOf(core: TestCore): EnforcementPorts {
    const { ledger, clock, random } = core
    return {
      ...{ ledger, clock, random, sharedClock: clock },
      desk: {
        enforce: async (_, batch) => {
          this.batches.push(batch)
          return this.answer(batch)
        },
        examine: async () => ({ kind: 'well', facts: {} }),
      },
      within: () => new AbortController().signal,
      noteHealth: async (_, trouble) => void this.troubles.push(trouble),
    }
  }

  /** Carries out what is due at an integration. */
  run(core: TestCore, integration: Integration): Promise<Temporal.Instant | undefined> {
    return carryLane(integration, this.portsOf(core), new AbortController().signal)
  }
}

export async function newIntegration(core: TestCore, name = 'floor'): Promise<Integration> {
  const address = 'https://desk.example.com/sessions'
  const added = await addIntegration(
    { name, kind: 'webhook', address, settings: {} },
    operator,
    core,
  )
  return added.kind === 'changed' ? added.integration : assert.fail(added.detail)
}

/** All that was booked for an integration, oldest first. */
export async function enforcementsAt(
  { ledger }: TestCore,
  { id }: Integration,
): Promise<readonly Enforcement[]> {
  const { items } = await ledger.list('enforcement', { where: { integration: id }, limit: 1000 })
  return items
}
