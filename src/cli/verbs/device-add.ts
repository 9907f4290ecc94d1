// SPDX-License-Identifier: Apache-2.0
import { shellWord } from '#format/admin/shell-word.ts'
import { jsonText } from '../show/json.ts'
import { printable, valueText } from '../show/value.ts'
import { exit } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import { begin, type Call, isJson, type Verb } from './verb.ts'
import { follow } from './watch.ts'

/**
 * Expects a device, makes its code, and shows the lines to paste on it; with `--watch` waits for it.
 *
 * The code goes to standard output once and is in no argument of the lines: a here-document brings it.
 */
export const addDevice: Verb = async (call) => {
  const { server, input } = await begin(call)
  const device = await server.ask('device.add', input)
  const validForHours = call.said.value('hours')
  const code = call.said.has('noCode')
    ? undefined
    : await server.ask('code.new', { device: device.id, validForHours })
  const { addresses, rootSha256, twinRootSha256 } = await server.ask('status')
  const roots = { rootSha256, twinRootSha256 }
  const told = { device, code: code ?? null, server: addresses.devices, ...roots }
  if (isJson(call)) await call.terminal.write(jsonText(told))
  else await call.terminal.write(textOf(call, told))
  if (call.said.has('watch')) {
    await follow(call, server, { device: device.id }, (here) => here)
  }
  return exit.done
}

interface Told {
  readonly device: Answer<'device.add'>
  readonly code: Answer<'code.new'> | null
  readonly server: string
  readonly rootSha256: string
  readonly twinRootSha256: string | null
}

function textOf({ terminal, said }: Call, told: Told): string {
  const { device, code, server, rootSha256, twinRootSha256 } = told
  const product = printable(said.text('product') ?? device.product)
  const head = `${device.serial} is expected as ${product} (${device.id})`
  if (code === null) return `${head}\n`
  const where = `--server ${server.replace('127.0.0.1', 'localhost')} --serial ${shellWord(device.serial)}`
  const flags = `${where} --root ${rootSha256}`
  const bringing = (command: string) => [`${command} <<'END'`, code.code, 'END']
  return [
    head,
    `its code is good once, until ${valueText(code.expiresAt)}, and shown only now`,
    '',
    terminal.paint('bold', 'on the device, with openssl and curl:'),
    '',
    ...bringing(`clients/sh/vitalsign-enrol.sh enrol ${flags}`),
    '',
    terminal.paint('bold', 'or with the client program:'),
    '',
    ...bringing(`bin/vitalsign-device enrol ${flags} --code-file -`),
    '',
    ...(twinRootSha256 === null
      ? []
      : [
          terminal.paint('bold', 'or with a key that withstands quantum computers, by the twin:'),
          '',
          ...bringing(
            `bin/vitalsign-device enrol ${where} --root ${twinRootSha256} --key-algorithm ml-dsa-65 --code-file -`,
          ),
          '',
        ]),
    '',
  ].join('\n')
}
