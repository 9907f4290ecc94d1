// SPDX-License-Identifier: Apache-2.0
import { jsonText } from '../show/json.ts'
import { printable } from '../show/value.ts'
import { exit } from '../stop.ts'
import { good } from './backup-offline.ts'
import { deliver } from './export.ts'
import { begin, isJson, type Verb, writeLines } from './verb.ts'

/** Takes a bundle, and says what came of it. */
export const importBundle: Verb = async (call) => {
  const { server, input } = await begin(call)
  const { terminal } = call
  const answer = await terminal.waiting('verifying …', server.ask('ceremony.import', input))
  if (isJson(call)) {
    await terminal.write(jsonText(answer))
    return exit.done
  }
  const { ceremony, changed, roots, authorities, others, lists, links, linksLeft } = answer
  const about = `act ${ceremony.act} of vault ${ceremony.vault}: ${printable(ceremony.title)}`
  if (!changed) {
    await writeLines(call, [`${good(call)} ${about} was imported before; nothing changed`])
    return exit.done
  }
  await writeLines(call, [
    `${good(call)} ${about}`,
    ...roots.flatMap(({ name, algorithm, certificateSha256 }) => [
      `  root ${name}, ${algorithm}, whose key was never here`,
      `    SHA-256 ${certificateSha256}`,
    ]),
    ...authorities.map(
      ({ name, algorithm, notAfter }) => `  ${name}, ${algorithm}, issues here; ends ${notAfter}`,
    ),
    `  ${lists} revocation list${lists === 1 ? '' : 's'} taken`,
    ...(links === 0
      ? []
      : [`  ${links} link${links === 1 ? '' : 's'} between roots taken: devices are led by them`]),
    ...(others === 0 ? [] : [`  ${others} further certificates are for requests of other servers`]),
    `  transcript SHA-256 ${ceremony.transcriptSha256}`,
  ])
  if (linksLeft > 0) {
    terminal.hint(
      `${linksLeft} link${linksLeft === 1 ? '' : 's'} of it lead nobody yet, for want of the other root: import its ceremony, or vitalsign authority link`,
    )
  }
  terminal.hint('compare the fingerprints of the roots with those that were written down')
  return exit.done
}

/** Gives out a bundle as it came. */
export const exportBundle: Verb = async (call) => {
  const { server, input } = await begin(call)
  const { bundle } = await server.ask('ceremony.export', input)
  await deliver(call, [isJson(call) ? jsonText({ bundle }) : bundle])
  return exit.done
}
