// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises'
import { Failed, runWell } from '../../../demo/programs.ts'
import { say as print, step } from '../../../demo/terminal.ts'
import type { Act } from './end-trust.ts'
import type { Installation } from './installation.ts'

/** Shows the proof of what was done, and how an auditor finds out that it is true. */
export async function audit(
  quarantine: Act,
  revocation: Act,
  installation: Installation,
  file: string,
): Promise<void> {
  await step('the proof is whole: published, and confirmed by all', async () => {
    await whole(quarantine, installation)
    await whole(revocation, installation)
  })
  print(`\n  $ vitalsign revocation show ${revocation.id}`)
  print(`${indented(await installation.told(['revocation', 'show', revocation.id]))}\n`)
  await step('the log is exported, and the installation stops', async () => {
    await installation.told(['log', 'export', '--output', file])
    await installation.stop()
  })
  await step('an auditor verifies the log, with no server', async (tell) => {
    tell(`$ vitalsign log verify ${file}`)
    for (const line of (await runWell('vitalsign', ['log', 'verify', file])).output.split('\n'))
      if (/^\s*(✓|ok|events|records|tree|signed) /.test(line)) tell(line.trim())
  })
}

interface Shown {
  readonly publishedAt: string | null
  readonly enforcements: readonly { readonly state: string }[]
}

/** The lists that others read come within a second, and an integration that is down is told once it is back. */
async function whole({ id }: Act, installation: Installation): Promise<void> {
  for (let tries = 120; tries > 0; tries--) {
    const { publishedAt, enforcements } = await installation.get<Shown>(`/revocations/${id}`)
    const isConfirmed = enforcements.every(({ state }) => state === 'confirmed')
    if (publishedAt !== null && isConfirmed) return
    await sleep(250)
  }
  throw new Failed(`${id} is not published, or not confirmed`)
}

function indented(text: string): string {
  return text.trimEnd().replace(/^/gm, '    ')
}
