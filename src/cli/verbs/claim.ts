// SPDX-License-Identifier: Apache-2.0

import { jsonText } from '../show/json.ts'
import { exit, wrongUse } from '../stop.ts'
import { type Call, isJson, type Verb } from './verb.ts'

/** Makes the first administrator: asks for what was not said; the passphrase is never an argument. */
export const claim: Verb = async (call) => {
  const { said, terminal } = call
  const server = await call.connect()
  const name = said.text('name') ?? (await askName(call))
  const maker =
    said.text('maker') ??
    (terminal.canAsk
      ? await terminal.ask('name of the maker, as in certificates (may wait)', { optional: true })
      : undefined)
  const passphrase = await terminal.secret(
    'passphrase: 12 characters or more, best four unrelated words',
    {
      twice: true,
    },
  )
  const answer = await server.ask('claim', { name, maker, passphrase })
  if (isJson(call)) {
    await terminal.write(jsonText(answer))
    return exit.done
  }
  const { addresses } = await server.ask('status')
  await terminal.write(
    [
      `${answer.person.name} is the first administrator${answer.maker ? ` of ${answer.maker}` : ''}`,
      '',
      `  sign in   ${addresses.operators.replace('127.0.0.1', 'localhost')}`,
      '  next      vitalsign product add NAME',
      '',
    ].join('\n'),
  )
  return exit.done
}

async function askName({ terminal }: Call): Promise<string | undefined> {
  if (terminal.canAsk) return terminal.ask('your name, as it shall stand in the log')
  throw wrongUse('missing: NAME (your name, as it shall stand in the log)', 'vitalsign claim NAME')
}
