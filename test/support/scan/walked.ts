// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto'
import type { Finding } from '#core/scan/finding.ts'
import type { NotScanned } from '#core/scan/not-scanned.ts'
import { type Budgets, budgetsWith } from '#core/scan/walk/budgets.ts'
import { Walk, type WalkCounts, type WalkSetup } from '#core/scan/walk/walk.ts'
import { archiveTools } from '#edge/images/tools.ts'
import { type ByteSource, memorySource } from '#format/archive/byte-source.ts'
import { archiveForms } from '#format/archive/forms.ts'
import { firmwareForms } from '#format/firmware/forms.ts'
import { unopenedForms } from '#format/firmware/unopened.ts'
import { TemporarySpool } from '#house/scan/temporary-spool.ts'
import { openFinders } from './mark-finder.ts'

export interface Walked {
  /** Each "path > path: mark". */
  readonly marks: readonly string[]
  readonly findings: readonly Finding[]
  readonly notScanned: readonly NotScanned[]
  readonly counts: WalkCounts
}

/** Walks bytes, or a source, under the name `image`, and tells the planted marks that were found. */
export async function walked(
  image: Uint8Array | ByteSource,
  budgets: Partial<Budgets> = {},
  changed: Partial<WalkSetup> = {},
): Promise<Walked> {
  const findings: Finding[] = []
  const notScanned: NotScanned[] = []
  const source = image instanceof Uint8Array ? memorySource(image) : image
  const setup: WalkSetup = {
    forms: [...firmwareForms, ...archiveForms],
    ...{ unopened: unopenedForms, finders: [openFinders().open] },
    tools: { ...archiveTools(), spool: () => new TemporarySpool() },
    ...{ budgets: budgetsWith(budgets), pressed: () => undefined },
    ...changed,
  }
  const walk = new Walk('image', source, setup, {
    finding: (finding) => findings.push(finding),
    clue: () => undefined,
    notScanned: (told) => notScanned.push(told),
  })
  await walk.run()
  const marks = findings.map(({ path, what }) => `${path.slice(1).join(' > ')}: ${what}`)
  return { marks, findings, notScanned, counts: walk.counts }
}

/** A mark that the finder of marks finds. */
export function newMark(): string {
  return `planted:${randomBytes(8).toString('hex')}`
}
