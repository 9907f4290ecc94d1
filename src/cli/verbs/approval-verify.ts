// SPDX-License-Identifier: Apache-2.0
import { foldedName } from '#core/approvals/count-approvals.ts'
import { FormatError } from '#format/format-error.ts'
import { parseApproverList } from '#format/release/approver-list.ts'
import {
  type ApprovedThing,
  knownApprovers,
  thingOf,
  type VerifiedApproval,
  verifyApproval,
} from '#trust/approval/verify-approval.ts'
import { readFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { printable } from '../show/value.ts'
import { exit, wrongUse } from '../stop.ts'
import { type Call, isJson, type Verb, writeLines } from './verb.ts'

/** Checks what people signed by files alone: no server is asked, and none is believed. */
export const verifyApprovals: Verb = async (call) => {
  const { said } = call
  const thing = readAs('--manifest', said.text('manifest') ?? '', thingOf)
  const approvers = readAs('--approvers', said.text('approvers') ?? '', (bytes) =>
    knownApprovers(parseApproverList(bytes)),
  )
  const files = said.value('file')
  const outcomes: Outcome[] = []
  for (const file of Array.isArray(files) ? files : []) {
    const statement = readFile(file, 'FILE')
    const signature = readFile(signatureBeside(file), `the signature beside ${file}`)
    const verified = await verifyApproval({ statement, signature }, thing, approvers)
    outcomes.push({ file, verified })
  }
  const summary = summaryOf(outcomes)
  const wanted = Number(said.value('people') ?? 1)
  const isGood = summary.refusedFiles === 0 && summary.against === 0 && summary.people >= wanted
  await tell(call, thing, outcomes, { ...summary, wanted, isGood })
  return isGood ? exit.done : exit.refused
}

interface Outcome {
  readonly file: string
  readonly verified: VerifiedApproval
}

function readAs<T>(flag: string, path: string, read: (bytes: Uint8Array) => T): T {
  const bytes = readFile(path, flag)
  try {
    return read(bytes)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw wrongUse(
      `${path} cannot be read: ${error.message}`,
      `${flag} is a file that "vitalsign release approvals --output" wrote, octet by octet`,
    )
  }
}

/** `approval-1.json` has its signature in `approval-1.p7s`. */
function signatureBeside(file: string): string {
  return `${file.replace(/\.json$/, '')}.p7s`
}

/** A person counts once, by the account and by the printed name, however it is spelt. */
function summaryOf(outcomes: readonly Outcome[]) {
  const seen = new Set<string>()
  let [people, against, refusedFiles] = [0, 0, 0]
  for (const { verified } of outcomes) {
    if (verified.kind === 'refused') refusedFiles++
    else if (verified.statement.act === 'refuse') against++
    else {
      const { id, name } = verified.statement.person
      const marks = [id, foldedName(name)]
      if (!marks.some((mark) => seen.has(mark))) people++
      for (const mark of marks) seen.add(mark)
    }
  }
  return { people, against, refusedFiles }
}

async function tell(
  call: Call,
  thing: ApprovedThing,
  outcomes: readonly Outcome[],
  summary: ReturnType<typeof summaryOf> & { readonly wanted: number; readonly isGood: boolean },
): Promise<void> {
  if (isJson(call)) {
    const approvals = outcomes.map(({ file, verified }) =>
      verified.kind === 'refused'
        ? { file, good: false, reason: verified.reason, detail: verified.detail }
        : { file, good: true, statement: verified.statement },
    )
    await call.terminal.write(jsonText({ ...thing, ...summary, approvals }))
    return
  }
  const { people, wanted, isGood } = summary
  await writeLines(call, [
    printable(`${thing.product} ${thing.version} for ${thing.environment}`),
    `  manifest SHA-256 ${thing.manifestSha256}`,
    ...outcomes.flatMap(outcomeLines),
    `${isGood ? 'good' : 'not good'}: ${people} of ${wanted} ${wanted === 1 ? 'person' : 'people'}`,
  ])
}

function outcomeLines({ file, verified }: Outcome): readonly string[] {
  if (verified.kind === 'refused')
    return [printable(`${file}: ${verified.reason}`), printable(`  ${verified.detail}`)]
  const { act, person, statedAt, meaning, emergency } = verified.statement
  return [
    printable(`${file}: ${act} by ${person.name} (${person.role}), ${statedAt}`),
    printable(`  ${meaning}`),
    ...(emergency === null
      ? []
      : [printable(`  alone, in an emergency (${emergency.incident}: ${emergency.because})`)]),
  ]
}
