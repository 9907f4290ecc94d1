// SPDX-License-Identifier: Apache-2.0
import { browserAddress } from '../show/address.ts'
import { jsonText } from '../show/json.ts'
import { pairLines } from '../show/record.ts'
import { valueText } from '../show/value.ts'
import { exit } from '../stop.ts'
import type { Answer } from '../talk/server.ts'
import { type Call, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** How the installation is, at one look. */
export const status: Verb = async (call) => {
  const server = await call.connect()
  if (isJson(call)) {
    await call.terminal.write(jsonText(await server.askAny('status')))
    return exit.done
  }
  await writeLines(call, linesOf(call, await server.ask('status')))
  return exit.done
}

function linesOf(call: Call, told: Answer<'status'>): readonly string[] {
  const { paint } = call.terminal
  const { counts, log, addresses } = told
  return [
    ...alarmLine(call, told),
    paint(
      'bold',
      `a ${told.environment.toUpperCase()} installation, ${told.claimed ? 'claimed' : 'not yet claimed'}`,
    ),
    '',
    ...pairLines(
      [
        ['devices', addresses.devices],
        ...(addresses.legacy === null
          ? []
          : [['old devices', `${addresses.legacy} (TLS 1.2)`] as const]),
        ['operators', browserAddress(addresses.operators)],
        ['status', addresses.status],
        ['root', `SHA-256 ${told.rootSha256}`],
        ...(told.twinRootSha256 === null
          ? []
          : [['twin', `SHA-256 ${told.twinRootSha256}`] as const]),
        [
          'here',
          [
            many(counts.products, 'product'),
            many(counts.devices, 'device'),
            `${many(counts.certificates, 'certificate')} in force`,
          ].join(', '),
        ],
        ['ending', `${many(counts.expiringSoon, 'certificate')} within 30 days`],
        ['log', `${many(log.size, 'event')}, the latest signed ${valueText(log.checkpointAt)}`],
        ...(log.restoredAt === null
          ? []
          : [
              [
                'epoch',
                `${log.epoch}, since it was restored ${valueText(log.restoredAt)}`,
              ] as const,
            ]),
        ...(told.nodes.length > 1
          ? [['nodes', told.nodes.map(({ name }) => name).join(', ')] as const]
          : []),
        ['running', `since ${valueText(told.startedAt)}, version ${told.version}`],
      ],
      { ...tableOptions(call), indent: '  ' },
    ),
    ...(told.warnings.length === 0
      ? []
      : ['', paint('yellow', 'needs care: "vitalsign doctor" says what to do')]),
    ...told.warnings.map((warning) => `  ${warning}`),
  ]
}

/** What cannot wait comes first. */
function alarmLine(call: Call, { alarms }: Answer<'status'>): readonly string[] {
  const { critical, warning, notice } = alarms
  if (critical + warning + notice === 0) return []
  const counted = [
    ...(critical > 0 ? [`${critical} critical`] : []),
    ...(warning > 0 ? [many(warning, 'warning')] : []),
    ...(notice > 0 ? [many(notice, 'notice')] : []),
  ]
  const line = `alarms open: ${counted.join(', ')}; "vitalsign alarm list" shows them`
  return [call.terminal.paint(critical > 0 ? 'red' : 'yellow', line), '']
}

function many(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}
