// SPDX-License-Identifier: Apache-2.0
import type { Actor } from '../audit/event.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Stored } from '../ledger/tables.ts'
import type { ReleasePorts } from './ports.ts'
import { storedOf } from './stored.ts'
import { idleHours } from './upload-hold.ts'
import { ended } from './uploads.ts'

const job: Actor = { kind: 'job', id: 'artefacts' }

/** Octets that no release has are kept so long after they were last asked for: a build waits for its papers. */
export const unwantedDays = 30
/** A file without a record is that of an upload that ends just now, or of a crash. */
const strayHours = 24

/**
 * Ends uploads to which nothing came for too long, and lets go of octets that no release has or ever had. One node
 * does so for all; each removes the octets that lie with it (`sweepArtefacts`).
 */
export async function collectArtefacts(
  ports: Omit<ReleasePorts, 'environment'>,
  signal: AbortSignal,
): Promise<void> {
  await endIdleUploads(ports)
  const { ledger, clock } = ports
  const below = clock.now().subtract({ hours: 24 * unwantedDays })
  const gone: Stored[] = []
  let after: string | undefined
  do {
    const page = await ledger.list('stored', {
      ...{ by: 'state', equal: ['kept'], below, limit: 1_000 },
      ...(after !== undefined && { after }),
    })
    for (const stored of page.items) {
      if (signal.aborted) return
      if (!(await isNeeded(stored.sha256, ledger))) gone.push(stored)
    }
    after = page.next ?? undefined
  } while (after !== undefined)
  for (const stored of gone) await letGo(stored, ports)
}

async function letGo(
  stored: Stored,
  { ledger, clock }: Pick<ReleasePorts, 'ledger' | 'clock'>,
): Promise<void> {
  const { id, octets, sha256 } = stored
  // Whoever attaches them at the same moment writes the same record, and one of the two looks again.
  await settle(
    {
      puts: [{ kind: 'stored', record: { ...stored, version: stored.version + 1, state: 'gone' } }],
      events: [
        {
          ...{ type: 'artefacts-collected', at: clock.now(), actor: job, subjects: [id] },
          facts: { octets, sha256: sha256.toHex() },
        },
      ],
    },
    ledger,
  )
}

/** Whether a release has these octets, ever had them, or was signed with them: evidence is never collected. */
async function isNeeded(sha256: Uint8Array, ledger: Ledger): Promise<boolean> {
  const asked = { by: 'sha256', equal: [sha256], limit: 1 } as const
  const part = await ledger.list('releasePart', asked)
  if (part.items.length > 0) return true
  return (await ledger.list('signedArtefact', asked)).items.length > 0
}

async function endIdleUploads({
  ledger,
  clock,
  artefacts,
}: Omit<ReleasePorts, 'environment'>): Promise<void> {
  const now = clock.now()
  const touched = new Map<string, Temporal.Instant>()
  for await (const { upload, touchedAt } of artefacts.uploads()) touched.set(upload, touchedAt)
  const { items } = await ledger.list('upload', {
    ...{ by: 'state', equal: ['open'], below: now, limit: 1_000 },
  })
  for (const upload of items) {
    // What is not here may be on another server, that shares no directory with this one: the record has to say it.
    const until = touched.get(upload.id)?.add({ hours: idleHours }) ?? upload.expiresAt
    const isIdle = Temporal.Instant.compare(until, now) <= 0
    const put = isIdle
      ? ended(upload)
      : ({
          kind: 'upload',
          record: { ...upload, version: upload.version + 1, expiresAt: until },
        } as const)
    await settle({ puts: [put], events: [] }, ledger)
  }
}

/** Removes from this node what the ledger has let go of, and what belongs to nothing. */
export async function sweepArtefacts({
  ledger,
  clock,
  artefacts,
}: Omit<ReleasePorts, 'environment' | 'random'>): Promise<void> {
  const stray = clock.now().subtract({ hours: strayHours })
  const isOld = (at: Temporal.Instant) => Temporal.Instant.compare(at, stray) < 0
  for await (const { upload, touchedAt } of artefacts.uploads()) {
    const record = await ledger.read('upload', upload)
    if (record === undefined ? isOld(touchedAt) : record.state !== 'open')
      await artefacts.abandon(upload)
  }
  await artefacts.tidy(stray)
  for await (const { sha256, keptAt } of artefacts.all()) {
    const isWanted = async () => {
      const stored = await storedOf(sha256, ledger)
      return stored === undefined ? !isOld(keptAt) : stored.state === 'kept'
    }
    if (!(await isWanted())) await artefacts.remove(sha256, isWanted)
  }
}
