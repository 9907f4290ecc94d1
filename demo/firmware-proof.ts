// SPDX-License-Identifier: Apache-2.0
/** What anybody can check who was not there: by files alone, while no server runs. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { House } from './firmware-house.ts'
import { askJson, Failed, runWell } from './programs.ts'
import { paint, step } from './terminal.ts'

/** @returns the page of the release, as a person reads it */
export async function prove({ scene, server }: House, release: string): Promise<string> {
  const at = (name: string) => join(scene.directory, name)
  const data = ['--data', scene.data]
  const page = await step(
    'the page of the release, the log and the approvals are saved',
    async () => {
      const shown = await runWell('vitalsign', ['release', 'show', release, ...data])
      const json = await runWell('vitalsign', ['release', 'show', release, '--json', ...data])
      writeFileSync(at('page.json'), json.output)
      await runWell('vitalsign', [
        'release',
        'approvals',
        release,
        '--output',
        at('approvals'),
        ...data,
      ])
      await runWell('vitalsign', ['log', 'export', '--output', at('log.vitalsign'), ...data])
      await server.stop()
      return shown.output
    },
  )
  await step('a stranger checks all of it, with no server', async (tell) => {
    const log = await askJson('vitalsign', ['log', 'verify', at('log.vitalsign')])
    if (log['intact'] !== true) throw new Failed(JSON.stringify(log))
    writeFileSync(at('log.key'), String(log['key']))
    const told = ['--log-key', at('log.key'), '--manifest', at('approvals/manifest.json')]
    const checked = await askJson('vitalsign', ['release', 'check', at('page.json'), ...told])
    const steps = checked['steps'] as readonly { readonly good: boolean; readonly step: string }[]
    const events = steps.filter((one) => one.step.startsWith('event'))
    tell(`${events.length} events of the release, each proved to be in the log of ${log['events']}`)
    const both = [1, 2].map((number) => at(`approvals/approval-${number}.json`))
    const known = [
      ...['--manifest', at('approvals/manifest.json'), '--people', '2'],
      ...['--approvers', at('approvals/approvers.json')],
    ]
    await runWell('vitalsign', ['approval', 'verify', ...both, ...known])
    tell('two approvals by two people, over the text that was signed from')
  })
  return `${paint('bold', `vitalsign release show ${release}`)}\n\n${page.trimEnd()}`
}
