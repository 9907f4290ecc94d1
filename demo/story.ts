// SPDX-License-Identifier: Apache-2.0
/** What happens in the demo, in its order. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { enrolCopy } from './duplicate.ts'
import { Failed, runWell, serve } from './programs.ts'
import { Scene } from './scene.ts'
import { step, table } from './terminal.ts'
import { countSignatures, makeToken } from './token.ts'

/**
 * Lives it.
 *
 * @param hsm whether the authorities sign in a token
 * @returns the table that tells how it ended
 * @throws Failed at the first thing that is not as it should be
 */
export async function live(directory: string, hsm: boolean): Promise<string> {
  const scene = new Scene(directory)
  const token = hsm ? makeToken(directory) : []
  const server = await step('a server founds a trial, and serves', async (tell) => {
    const started = await serve(scene.data, token)
    tell(/https:\S+/.exec(started.greeting)?.[0] ?? '')
    return started
  })
  await step('Ada claims it; her passphrase comes by standard input', async () => {
    const words = Array.from({ length: 4 }, () => randomBytes(5).toString('hex'))
    await scene.operator(['claim', 'Ada', '--maker', 'Acme'], `${words.join(' ')}\n`)
  })
  await step('a product', async () => {
    await scene.operator(['product', 'add', 'pump', '--exposure', 'therapy'])
  })
  const over = await enrolForAMinute(scene)
  await step('four more devices enrol, each in its own process', async (tell) => {
    const serials = ['PUMP-0001', 'PUMP-0002', 'PUMP-0003', 'PUMP-0004']
    await Promise.all(serials.map((serial) => scene.enrol(serial)))
    tell('each made its own key, and proved the new certificate in a connection')
  })
  if (hsm) await countSignatures(scene)
  await step('PUMP-0002 renews, with a new key', async (tell) => {
    const before = await scene.device('PUMP-0002', ['show'])
    const after = await scene.device('PUMP-0002', ['renew', '--now'])
    tell(`serial number ${workingOf(before).serialNumber} -> ${workingOf(after).serialNumber}`)
    scene.note('PUMP-0002', 'renewed')
  })
  await refuseThree(scene)
  const pause = Math.max(0, over.epochMilliseconds - Date.now() + 1000)
  const seconds = Math.ceil(pause / 1000)
  await step(`PUMP-0005 lies in a drawer for ${seconds} s: its certificate ends`, () =>
    setTimeout(pause),
  )
  await step('PUMP-0005 comes back by its birth certificate', async (tell) => {
    const verified = await scene.device('PUMP-0005', ['verify'], 1)
    tell(`before: ${verified['reason']}`)
    const back = await scene.device('PUMP-0005', ['run', '--once'])
    if (back['kind'] !== 'recovered') throw new Failed(`PUMP-0005: ${JSON.stringify(back)}`)
    scene.note('PUMP-0005', 'expired, recovered by its birth identity')
  })
  const rows = await scene.rows()
  const log = join(directory, 'log.vitalsign')
  await step('the log is exported, and the server stops', async () => {
    await runWell('vitalsign', ['log', 'export', '--output', log, '--data', scene.data])
    await server.stop()
  })
  const events = await step('an auditor verifies the log, with no server', async (tell) => {
    const { events } = await scene.verifyLog(log)
    tell('every event against the signed tree, every record against its events')
    return events
  })
  return `${table(rows)}\n\n  log  ${events} events, intact, verified offline`
}

/**
 * Enrols PUMP-0005 while a profile is in force by which a working identity ends within a minute: an hour,
 * of which 59 minutes lie in the past.
 *
 * @returns when its working identity is over
 */
function enrolForAMinute(scene: Scene): Promise<Temporal.Instant> {
  return step('PUMP-0005 enrols, by a profile that gives it a minute', async (tell) => {
    const { document } = await scene.operator(['profile', 'show', 'ldevid'])
    const year = document as Readonly<Record<string, unknown>>
    const because = 'the demo has no year'
    await apply(scene, {
      ...{ ...year, version: 2 },
      validity: { hours: 1, because },
      backdating: { minutes: 59, because },
    })
    const came = await scene.enrol('PUMP-0005', ['--label', 'pump', '--birth'])
    await apply(scene, { ...year, version: 3 })
    const { notAfter } = workingOf(came)
    tell(`birth identity until the trial ends, working identity until ${notAfter}`)
    return Temporal.Instant.from(notAfter)
  })
}

async function apply(scene: Scene, document: Readonly<Record<string, unknown>>): Promise<void> {
  const file = join(scene.directory, `ldevid-${document['version']}.json`)
  writeFileSync(file, JSON.stringify(document, undefined, 2))
  await scene.operator(['profile', 'apply', file])
}

/** Three who must not get in. */
async function refuseThree(scene: Scene): Promise<void> {
  await step('refused: a unit with a copy of the flash of PUMP-0001', async (tell) => {
    const { server, code } = await scene.expect('PUMP-0006')
    const state = scene.stateOf('PUMP-0001')
    const { status, body } = await enrolCopy({ state, server, serial: 'PUMP-0006', code })
    tell(heard(scene, 'PUMP-0006', `${status} ${body}`, 'key-has-another-owner'))
  })
  await step('refused: the code of PUMP-0003, used once more', async (tell) => {
    const said = await scene.enrolRefused('replayed', 'PUMP-0003', scene.codeOf('PUMP-0003'))
    tell(heard(scene, 'PUMP-0003 again', said, 'code-used'))
  })
  await step('refused: a stranger', async (tell) => {
    const invented = 'AAAA-BBBB-CCCC-DDDD-EEEE-FFFF'
    const said = await scene.enrolRefused('stranger', 'TOASTER-1', invented)
    tell(heard(scene, 'TOASTER-1', said, 'code-wrong'))
  })
}

function heard(scene: Scene, who: string, said: string, reason: string): string {
  if (!said.includes(reason)) throw new Failed(`${who}: expected ${reason}, heard: ${said}`)
  scene.note(who, `refused: ${reason}`)
  return said.trim()
}

function workingOf(answer: Readonly<Record<string, unknown>>) {
  return answer['working'] as { readonly serialNumber: string; readonly notAfter: string }
}
