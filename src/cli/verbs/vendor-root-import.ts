// SPDX-License-Identifier: Apache-2.0
import type { z } from 'zod'
import { vendorLine } from '#format/admin/operations/vendors.ts'
import { openFile } from '../files.ts'
import { exit } from '../stop.ts'
import { linesOf } from '../talk/lines.ts'
import { begin, isJson, type Verb } from './verb.ts'

type Line = z.output<typeof vendorLine>

/** Sends a list of makers' authorities and tells what it changed. */
export const importVendorRoots: Verb = async (call) => {
  const path = call.said.text('file') ?? '-'
  const { server, name, input } = await begin(call)
  const chunks = path === '-' ? call.terminal.input() : openFile(path, 'FILE').chunks
  for await (const text of linesOf(await server.stream(name, input, chunks))) {
    const line = vendorLine.parse(JSON.parse(text))
    if (isJson(call)) await call.terminal.line(text)
    else if (line.kind === 'change') await call.terminal.line(changeText(line))
    else call.terminal.note(doneText(line))
  }
  return exit.done
}

function changeText(line: Line & { kind: 'change' }): string {
  const { what, vendor, role, subject, notAfter, oddities } = line
  const odd = oddities.length === 0 ? '' : `; odd: ${oddities.join(', ')}`
  const held = what === 'withheld' ? ' (you removed it before, and it stays removed)' : ''
  return `${what} ${vendor}: ${role} ${subject}, until ${notAfter.slice(0, 10)}${odd}${held}`
}

function doneText({ name, number, sha256, ...counts }: Line & { kind: 'done' }): string {
  const told = (['added', 'changed', 'dropped', 'withheld', 'unchanged'] as const)
    .map((what) => `${counts[what]} ${what}`)
    .join(', ')
  return `${name} is at version ${number} (SHA-256 ${sha256}): ${told}`
}
