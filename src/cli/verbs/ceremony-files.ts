// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path'
import { writeFile } from '../files.ts'
import type { BundleFacts, RefusedWork } from '../means-ceremony.ts'
import { jsonText } from '../show/json.ts'
import { pairLines } from '../show/record.ts'
import { printable } from '../show/value.ts'
import { exit, Stop } from '../stop.ts'
import { good } from './backup-offline.ts'
import { type Call, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** A "no" of a ceremony, as every other is told. */
export function stopFor({ reason, detail }: RefusedWork): Stop {
  return new Stop(exit.refused, detail, { code: reason })
}

/** Writes a script that people edit. */
export const newScript: Verb = async (call) => {
  const { said, terminal, means } = call
  const file = said.text('file') ?? ''
  const requests = said.value('request')
  const { newScript: write } = await means.ceremonies()
  const text = write({
    act: said.has('open') ? 'open' : 'found',
    environment: said.text('environment') ?? 'production',
    maker: said.text('maker') ?? '',
    publicUrl: (said.text('publicUrl') ?? '').replace(/\/+$/, ''),
    ...{ needed: numberOf(said.value('needed'), 2), of: numberOf(said.value('of'), 3) },
    requests: Array.isArray(requests) ? requests.map((path) => basename(String(path))) : [],
  })
  await writeFile(file, [text])
  terminal.note(`written to ${file}`)
  terminal.hint(
    `put in the names of the people, lay the requests beside it, then: vitalsign ceremony check ${file}`,
  )
  return exit.done
}

function numberOf(said: unknown, fallback: number): number {
  return typeof said === 'number' ? said : fallback
}

/** Names every fault, or shows what will be read aloud. */
export const checkScript: Verb = async (call) => {
  const path = call.said.text('script') ?? ''
  const { checkScript: check } = await call.means.ceremonies()
  const checked = await check(path)
  if ('kind' in checked) throw stopFor(checked)
  if (isJson(call)) await call.terminal.write(jsonText(checked))
  else if (checked.good) {
    await writeLines(call, [
      `${good(call)} ${printable(checked.title)}: the script has no fault`,
      `  SHA-256 ${checked.sha256}`,
    ])
    call.terminal.hint('print it, and give everybody a copy: its digest is read aloud')
  } else {
    const { terminal } = call
    await writeLines(
      call,
      checked.faults.flatMap(({ path: place, fault, remedy }) => [
        `${terminal.paint('red', '✗')} ${place === '' ? path : place}: ${printable(fault)}`,
        `  ${remedy}`,
      ]),
    )
  }
  return checked.good ? exit.done : exit.refused
}

/** Says everything that a bundle proves. */
export const verifyBundle: Verb = async (call) => {
  const { verify } = await call.means.ceremonies()
  const read = await verify(call.said.text('bundle') ?? '')
  if (read.kind === 'refused') throw stopFor(read)
  if (isJson(call)) await call.terminal.write(jsonText(read))
  else {
    await writeLines(call, bundleLines(call, read))
    call.terminal.hint('compare the fingerprints of the roots with those that were written down')
  }
  return exit.done
}

function bundleLines(call: Call, facts: BundleFacts): readonly string[] {
  const { paint } = call.terminal
  const kind = facts.rehearsal ? paint('yellow', 'a REHEARSAL') : facts.environment
  const options = { ...tableOptions(call), indent: '  ' }
  return [
    `${good(call)} the bundle is whole: every root signed it, and the transcript tells of all of it`,
    ...pairLines(
      [
        ['ceremony', `${printable(facts.title)}, act ${facts.act} of vault ${facts.vault}`],
        ['for', `${kind}, ${printable(facts.maker)}, ${facts.publicUrl}`],
        ['held', facts.heldAt],
        ['bundle', `SHA-256 ${facts.bundleSha256}`],
        ['manifest', `SHA-256 ${facts.manifestSha256}`],
        ['script', `SHA-256 ${facts.scriptSha256}`],
        ['transcript', `SHA-256 ${facts.transcriptSha256}`],
      ],
      options,
    ),
    '',
    ...facts.roots.flatMap(({ name, algorithm, subject, notAfter, sha256 }) => [
      `  root ${name}, ${algorithm}: ${printable(subject)}, until ${notAfter}`,
      `    SHA-256 ${sha256}`,
    ]),
    ...facts.certificates.flatMap(
      ({ kind: what, root, subject, notAfter, sha256, requestSha256 }) => [
        `  ${what} by ${root}: ${printable(subject)}, until ${notAfter}`,
        `    SHA-256 ${sha256}`,
        ...(requestSha256 === '' ? [] : [`    of request ${requestSha256}`]),
      ],
    ),
    ...facts.lists.map(
      ({ root, number, revoked, nextUpdate }) =>
        `  list ${number} of ${root}: ${revoked} revoked, good until ${nextUpdate}`,
    ),
    '',
    ...facts.people.map(({ role, name }) => `  ${role.padEnd(13)} ${printable(name)}`),
    ...(call.said.has('transcript')
      ? ['', ...facts.transcript.map((line) => `  ${printable(line)}`)]
      : []),
  ]
}
