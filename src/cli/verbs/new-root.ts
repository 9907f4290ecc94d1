// SPDX-License-Identifier: Apache-2.0
import { shellWord } from '#format/admin/shell-word.ts'
import { jsonText } from '../show/json.ts'
import { valueText } from '../show/value.ts'
import { exit } from '../stop.ts'
import { begin, isJson, type Verb, writeLines } from './verb.ts'

/** Makes the root that follows another, and says what comes next. */
export const newRoot: Verb = async (call) => {
  const { server, input } = await begin(call)
  const asked = server.ask('authority.new-root', input)
  const answer = await call.terminal.waiting('making the root …', asked)
  if (isJson(call)) {
    await call.terminal.write(jsonText(answer))
    return exit.done
  }
  const { root, before, newWithOld, oldWithNew, issuing } = answer
  await writeLines(call, [
    `${root.name} follows ${before.name}: ${root.algorithm}, its key is in ${root.custody ?? 'file'}`,
    `  SHA-256      ${root.certificateSha256}`,
    `  new by old   ${newWithOld.sha256}, until ${valueText(newWithOld.notAfter)}`,
    `  old by new   ${oldWithNew.sha256}, until ${valueText(oldWithNew.notAfter)}`,
    ...(issuing === null ? [] : [`  under it     ${issuing.name}, ${issuing.algorithm}`]),
    'devices are told of it from now on; nothing else moved',
  ])
  call.terminal.hint('who was given it: vitalsign anchor list')
  call.terminal.hint(
    `then move the doors (vitalsign authority succeed ISSUING), and look what is left: vitalsign authority what-if ${shellWord(before.name)}`,
  )
  return exit.done
}
