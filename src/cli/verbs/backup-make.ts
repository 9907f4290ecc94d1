// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import { backupLine } from '#format/admin/operations/backup.ts'
import { jsonText } from '../show/json.ts'
import { broken, exit, Stop } from '../stop.ts'
import { linesOf } from '../talk/lines.ts'
import { bar } from '../terminal/progress.ts'
import { begin, isJson, type Verb } from './verb.ts'

/** Has the server write a backup, and shows how far it is. */
export const makeBackup: Verb = async (call) => {
  const { terminal } = call
  const { server, name, input } = await begin(call)
  const file = resolve(call.said.text('file') ?? '')
  const progress = terminal.progress('backing up …')
  try {
    for await (const text of linesOf(await server.stream(name, { ...input, file }))) {
      const line = backupLine.parse(JSON.parse(text))
      if (line.kind === 'progress') {
        const megabytes = (line.bytes / 1e6).toFixed(1)
        progress.update(`${bar(line.rows / line.of)}  ${megabytes} megabytes`)
        continue
      }
      if (line.kind === 'stopped') {
        throw new Stop(exit.refused, line.detail, { code: line.reason })
      }
      const { backup, keysElsewhere, artefacts } = line
      if (isJson(call)) await terminal.write(jsonText({ ...backup, keysElsewhere, artefacts }))
      else {
        const rows = backup.rows.toLocaleString('en')
        await terminal.line(`${file}: ${rows} rows of ${backup.moment}`)
        await terminal.line(`SHA-256 ${backup.sha256}`)
        if (keysElsewhere.length > 0)
          terminal.note(
            `not in it, for no key leaves a token or TPM: the keys of ${keysElsewhere.join(', ')}`,
          )
        if (artefacts > 0)
          terminal.note(
            `not in it, for they are files: the octets of ${artefacts} artefacts; copy the directory of artefacts beside it`,
          )
        terminal.hint(
          'the passphrase of the keys is not in it: keep both where one fire does not reach them',
        )
      }
      return exit.done
    }
  } finally {
    progress.end()
  }
  throw broken('the server ended without a result', "the server's log says why")
}
