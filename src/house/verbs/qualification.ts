// SPDX-License-Identifier: Apache-2.0
import { readHistory } from '#core/audit/history.ts'
import type { LogStore } from '#core/audit/log-store.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import { qualificationFile } from '#format/admin/operations/qualification.ts'
import { checkQualification } from '#trust/qualification-note.ts'
import { refuse } from '#trust/refusal.ts'
import type { QualificationParts } from '../qualification/qualify.ts'

type QualificationVerbs = Pick<
  Verbs,
  'qualify.check' | 'qualify.installation' | 'qualify.operation'
>

/** What proves an installation, for who must validate the tools of a quality system. */
export function qualificationVerbs(
  parts: Omit<QualificationParts, 'eventsAbout'>,
  log: LogStore,
): QualificationVerbs {
  const all: QualificationParts = {
    ...parts,
    eventsAbout: async (subject) => {
      const { events } = await readHistory({ subject, limit: 50 }, log)
      return events.map(({ event }) => event.type)
    },
  }
  return {
    'qualify.installation': async (_, { caller }) => {
      const { installationChecks, qualify } = await tools()
      return qualify('installation', installationChecks(all), caller.actor, all)
    },

    'qualify.operation': async ({ product, maker }, { caller }) => {
      const { operationChecks, qualify } = await tools()
      const set = await operationChecks(all, { product, maker }, caller.actor)
      if (set.kind === 'refused') return set
      return leavingLast(qualify('operation', set.checks, caller.actor, all), set.leave)
    },

    'qualify.check': async ({ file }) => {
      const read = readFile(file)
      if (read === undefined) return refuse('input-wrong', 'file: this is no qualification result')
      const checked = checkQualification(read, parts.signer.key)
      return checked.kind === 'refused' ? checked : { good: true, result: read.result }
    },
  }
}

/** Also when nobody listens any more: the devices of the check stay no longer than it. */
async function* leavingLast<T>(lines: AsyncIterable<T>, leave: () => Promise<void>) {
  try {
    yield* lines
  } finally {
    await leave()
  }
}

/** Loaded when asked for: once a release, as a rule. */
async function tools() {
  const [installation, operation, qualify] = await Promise.all([
    import('../qualification/installation-checks.ts'),
    import('../qualification/operation-checks.ts'),
    import('../qualification/qualify.ts'),
  ])
  return { ...installation, ...operation, ...qualify }
}

function readFile(text: string) {
  try {
    return qualificationFile.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
