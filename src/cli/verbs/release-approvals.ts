// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { encodePem } from '#format/pem.ts'
import { encodeApproverList } from '#format/release/approver-list.ts'
import { writeFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { printable } from '../show/value.ts'
import { exit } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import { begin, type Call, isJson, type Verb, writeLines } from './verb.ts'

type Shown = Answer<'release.approvals'>

/** What people signed; with --output as files that anybody checks without us. */
export const showApprovals: Verb = async (call) => {
  const { server, input } = await begin(call)
  const answer = await server.ask('release.approvals', input)
  const directory = call.said.text('output')
  if (directory !== undefined) await writeAll(directory, answer, call)
  else if (isJson(call)) await call.terminal.write(jsonText(answer))
  else await writeLines(call, linesOf(answer))
  return exit.done
}

function linesOf({ approvals }: Shown): readonly string[] {
  if (approvals.length === 0) return ['nobody signed anything of it yet']
  return approvals.flatMap(({ act, name, role, meaning, statedAt, because }) => [
    printable(`${statedAt}  ${act}  ${name} (${role})`),
    printable(`  ${meaning}`),
    ...(because === null ? [] : [printable(`  does not count: ${because}`)]),
  ])
}

async function writeAll(directory: string, answer: Shown, call: Call): Promise<void> {
  mkdirSync(directory, { recursive: true })
  const write = (name: string, content: Uint8Array | string) =>
    writeFile(join(directory, name), [content])
  if (answer.manifest !== null) await write('manifest.json', answer.manifest)
  await write('approvers.json', encodeApproverList(answer.approvers.map(listed)))
  await write('approvers.pem', answer.approvers.map(({ chain }) => pemOf(chain)).join(''))
  for (const [index, { statement, signature }] of answer.approvals.entries()) {
    await write(`approval-${index + 1}.json`, Uint8Array.fromBase64(statement))
    await write(`approval-${index + 1}.p7s`, Uint8Array.fromBase64(signature))
  }
  const { terminal } = call
  const files = `${answer.approvals.length} approvals`
  if (isJson(call))
    await terminal.write(jsonText({ directory, approvals: answer.approvals.length }))
  else await terminal.line(`${files} written to ${directory}`)
  terminal.hint(
    `verify them anywhere: vitalsign approval verify ${directory}/approval-*.json --manifest ${directory}/manifest.json --approvers ${directory}/approvers.json`,
  )
}

function listed({ publicKey, chain: _, ...rest }: Shown['approvers'][number]) {
  return { ...rest, publicKey: Uint8Array.fromBase64(publicKey) }
}

function pemOf(chain: readonly string[]): string {
  return chain.map((der) => encodePem('CERTIFICATE', Uint8Array.fromBase64(der))).join('')
}
