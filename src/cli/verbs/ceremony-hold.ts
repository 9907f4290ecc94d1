// SPDX-License-Identifier: Apache-2.0
import { readTextFile } from '../files.ts'
import type { HeldCeremony, TableMeans } from '../means-ceremony.ts'
import { jsonText } from '../show/json.ts'
import { exit, wrongUse } from '../stop.ts'
import { good } from './backup-offline.ts'
import { stopFor } from './ceremony-files.ts'
import { type Call, isJson, type Verb, writeLines } from './verb.ts'

/** Makes roots with people. */
export const runCeremony: Verb = (call) => hold(call)

/** Opens a vault again. */
export const openVault: Verb = (call) => hold(call)

async function hold(call: Call) {
  const { said, means, terminal } = call
  const { hold: holdIt } = await means.ceremonies()
  const held = await holdIt(
    {
      script: said.text('script') ?? '',
      vault: said.text('vault') ?? '',
      out: said.text('out') ?? '',
      rehearsal: said.has('rehearsal'),
    },
    tableOf(call),
  )
  if (held.kind === 'refused') throw stopFor(held)
  if (isJson(call)) await terminal.write(jsonText(held))
  else {
    await writeLines(call, heldLines(call, held))
    terminal.hint(
      `verify it anywhere: vitalsign ceremony verify ${held.bundle}; on the server: vitalsign ceremony import`,
    )
  }
  return exit.done
}

function heldLines(call: Call, held: HeldCeremony): readonly string[] {
  const { bundle, bundleSha256, manifestSha256, act, vault, roots, rehearsal } = held
  return [
    '',
    `${good(call)} act ${act} of vault ${vault} is over${rehearsal ? ', a rehearsal' : ''}`,
    ...roots.map(({ name, sha256 }) => `  root ${name.padEnd(12)} SHA-256 ${sha256}`),
    `  bundle            ${bundle}`,
    `                    SHA-256 ${bundleSha256}`,
    `  manifest          SHA-256 ${manifestSha256}`,
    '  write these down: whoever imports the bundle compares them',
  ]
}

/** People at the terminal; in a rehearsal a file may answer for them. */
function tableOf({ said, terminal }: Call): TableMeans {
  const path = said.text('answers')
  const say = async (lines: readonly string[]) => terminal.write(`${lines.join('\n')}\n`)
  if (path !== undefined) {
    if (!said.has('rehearsal')) {
      throw wrongUse(
        '--answers is for a rehearsal alone',
        'people confirm what counts, at a terminal',
      )
    }
    const answers = readTextFile(path, '--answers').split(/\r?\n/)
    const next = async ({ name }: { readonly name: string }, what: string) => {
      const answer = answers.shift()
      if (answer === undefined) {
        throw wrongUse(`${path} has no line for ${name}: ${what}`, 'add one line a question')
      }
      await say([`${name}: ${what}`])
      return answer
    }
    return { say, ask: next, secret: next }
  }
  if (!terminal.canAsk) {
    throw wrongUse(
      'a ceremony asks people, and nobody sits at this terminal',
      'run it at a terminal; a rehearsal may take --answers FILE',
    )
  }
  return {
    say,
    ask: async ({ name, role }, what) =>
      (await terminal.ask(`${name} (${role}): ${what}`, { optional: true })) ?? '',
    secret: ({ name, role }, what) => terminal.secret(`${name} (${role}): ${what}`),
  }
}
