// SPDX-License-Identifier: Apache-2.0
/**
 * A small fleet of which one lot has a bad generator: `npm run demo:keywatch [-- --keep]`.
 *
 * The pumps enrol by EST over TLS; their keys are made by a story (`bad-generator.ts`), everything else is a command
 * that anybody could type.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import { keyOfPrimes, primeOf1024 } from './bad-generator.ts'
import { enrolByEst } from './enrol-by-est.ts'
import { askJson, Failed, runWell, serve } from './programs.ts'
import { Scene } from './scene.ts'
import { play } from './stage.ts'
import { paint, step } from './terminal.ts'

const bad = numbered('L-7', 5)
const good = numbered('L-6', 4)

process.exitCode = await main(process.argv.slice(2))

async function main(words: readonly string[]): Promise<number> {
  try {
    const options = { keep: { type: 'boolean', default: false } } as const
    const { keep } = parseArgs({ args: [...words], options, strict: true }).values
    return await play('Vitalsign: a lot whose generator gives the same twice', keep, live)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    console.error(`demo: error: ${error.message}`)
    console.error('demo: hint: npm run demo:keywatch [-- --keep]')
    return 2
  }
}

/** Lives it. @returns what a person reads of the finding @throws Failed at the first thing that is not as it should be */
async function live(directory: string): Promise<string> {
  const scene = new Scene(directory)
  await step('a server founds a trial, and Ada claims it', async () => {
    await serve(scene.data)
    const words = Array.from({ length: 4 }, () => randomBytes(5).toString('hex'))
    await scene.operator(['claim', 'Ada', '--maker', 'Acme'], `${words.join(' ')}\n`)
  })
  await step('a pump whose chip makes RSA keys of 2048 bits', async () => {
    await scene.operator(['product', 'add', 'pump', '--exposure', 'therapy'])
    await admitRsa(scene)
  })
  const root = await rootOf(scene)
  await step('four pumps of lot L-6 enrol: their generators are good', async () => {
    await enrolAll(scene, good, root, () => keyOfPrimes(primeOf1024(), primeOf1024()))
  })
  const stuck = primeOf1024()
  await step('five of lot L-7: all of them start from the same seed', async (tell) => {
    await enrolAll(scene, bad, root, () => keyOfPrimes(stuck, primeOf1024()))
    tell('each key by itself is sound, no two are alike, and all of them were certified')
  })
  await step('one more, with a key on a curve', async () => {
    await enrolAll(scene, numbered('L-8', 1), root, () => generateKey('p-256'))
  })
  await step('the watch holds all keys of the fleet against one another', async (tell) => {
    const run = await askJson('vitalsign', ['keywatch', 'run', '--data', scene.data])
    if (run['found'] !== bad.length) throw new Failed(`found ${run['found']} of ${bad.length}`)
    tell(`${run['keys']} keys tested, ${run['moduli']} RSA keys compared, ${run['found']} findings`)
  })
  const finding = await step('it names the lot, and raises one alarm', async (tell) => {
    const { items } = await scene.operator(['alarm', 'list'])
    const [alarm, ...more] = (items as readonly Alarm[]).filter(isWeak)
    if (alarm === undefined || more.length > 0) throw new Failed('there is not one alarm')
    if (!/all of lot L-7 of pump/.test(alarm.text)) throw new Failed(alarm.text)
    tell(alarm.text)
    return alarm.subject
  })
  const shown = await scene.operator(['finding', 'show', finding])
  const { steps } = shown['proposal'] as { readonly steps: readonly { command: string }[] }
  await step('its proposal is looked at, which changes nothing', async (tell) => {
    const [, look = { command: '' }] = steps
    const words = look.command.split(' ').slice(1)
    const preview = await scene.operator(words)
    if (preview['certificates'] !== bad.length) throw new Failed(JSON.stringify(preview))
    tell(
      `${preview['certificates']} certificates would end; the set is ${String(preview['set']).slice(0, 16)}…`,
    )
    await nothingEnded(scene)
  })
  const { output } = await runWell('vitalsign', ['finding', 'show', finding, '--data', scene.data])
  return [
    `${paint('bold', `vitalsign finding show ${finding}`)}\n\n${output.trimEnd()}`,
    '',
    paint('bold', 'what you saw'),
    '  Two keys that share a prime give it away: whoever has both certificates computes both private keys, and is',
    '  the pumps. No look at one key shows it, so the server held all of them against one another, found who shares',
    '  the cause and what they have in common, and left the rest to people. docs/guides/weak-keys.md goes on.',
  ].join('\n')
}

interface Alarm {
  readonly kind: string
  readonly subject: string
  readonly text: string
}

function isWeak({ kind }: Alarm): boolean {
  return kind === 'key-found-weak'
}

function numbered(lot: string, count: number) {
  return Array.from({ length: count }, (_, at) => ({ serial: `${lot}-${at + 1}`, lot }))
}

async function admitRsa(scene: Scene): Promise<void> {
  const { document } = await scene.operator(['profile', 'show', 'ldevid'])
  const file = join(scene.directory, 'ldevid-2.json')
  const keys = {
    algorithms: ['p-256', 'rsa-2048'],
    because: 'the chip of this pump makes no other',
  }
  writeFileSync(file, JSON.stringify({ ...(document as object), version: 2, keys }, undefined, 2))
  await scene.operator(['profile', 'apply', file])
}

async function rootOf(scene: Scene): Promise<string> {
  const { items } = await scene.operator(['authority', 'list', '--kind', 'root'])
  const [root] = items as readonly { readonly id: string }[]
  const file = join(scene.directory, 'root.pem')
  const words = ['authority', 'export', root?.id ?? '', '--output', file, '--data', scene.data]
  await runWell('vitalsign', words)
  return readFileSync(file, 'utf8')
}

/** Expects each unit, and has it ask with its code and a key that it made: a few at a time. */
async function enrolAll(
  scene: Scene,
  units: readonly { readonly serial: string; readonly lot: string }[],
  root: string,
  makeKey: () => KeyPair | Promise<KeyPair>,
): Promise<void> {
  for (let from = 0; from < units.length; from += 3) {
    await Promise.all(
      units.slice(from, from + 3).map(async ({ serial, lot }) => {
        const { server, code } = await scene.expect(serial, ['--lot', lot])
        const { status, body } = await enrolByEst({ server, root, serial, code }, await makeKey())
        if (status !== 200) throw new Failed(`${serial}: ${status} ${body}`)
      }),
    )
  }
}

/** The watch proposes, people act. @throws Failed if anything was ended */
async function nothingEnded(scene: Scene): Promise<void> {
  const { items } = await scene.operator(['certificate', 'list', '--state', 'revoked'])
  if ((items as readonly unknown[]).length > 0) throw new Failed('something was revoked')
}
