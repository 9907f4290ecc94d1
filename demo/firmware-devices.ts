// SPDX-License-Identifier: Apache-2.0
/** What devices make of what was signed, and of what was changed afterwards. */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Board } from './board.ts'
import type { Chance } from './chance.ts'
import { type House, securityVersion } from './firmware-house.ts'
import type { Files } from './firmware-release.ts'
import { missing, runForeign } from './foreign.ts'
import { type FormJudged, type Judge, judges } from './judges.ts'
import { askJson, Failed, runWell } from './programs.ts'
import { step } from './terminal.ts'

/** How many files are changed in each form. */
const changes = 2
const forms = Object.keys(judges) as readonly FormJudged[]

/** A program of others for each form, and our own. */
export async function judgeAll(files: Files): Promise<void> {
  await step('programs of others accept each', async (tell) => {
    const lines = await Promise.all([...forms.map((form) => accept(form, files)), judgeCms(files)])
    for (const one of lines) tell(one)
  })
}

async function accept(form: FormJudged, files: Files): Promise<string> {
  const { name, needs, judge }: Judge = judges[form]
  const lacking = missing(needs)
  const file = fileOf(form, files)
  await runWell('vitalsign', ['firmware', 'verify', file, ...ours(form, files)])
  if (lacking.length > 0) return line(file, leftOut(name, lacking))
  const { taken, said } = await judge(file, files.anchors)
  if (!taken) throw new Failed(`${name} refuses ${file}:\n${said}`)
  return line(file, `${name}: accepted`)
}

/** Changes one octet at a time, at chance places, and shows it to all who accepted it as it was. */
export async function refuseChanges(files: Files, chance: Chance, seed: number): Promise<void> {
  await step(`one byte is changed, at chance (--seed ${seed}): all refuse`, async (tell) => {
    const places = await Promise.all(forms.map((form) => placesIn(form, files)))
    // Chance is asked in one order, whoever is quick.
    const drawn = places.map((spans) =>
      Array.from({ length: changes }, () => {
        return { at: placeIn(spans, chance), bit: 1 << chance.below(8) }
      }),
    )
    const lines = await Promise.all(
      forms.map((form, index) => refuseAll(form, drawn[index] ?? [], files)),
    )
    for (const one of lines.flat()) tell(one)
  })
}

interface Change {
  readonly at: number
  readonly bit: number
}

async function refuseAll(
  form: FormJudged,
  drawn: readonly Change[],
  files: Files,
): Promise<readonly string[]> {
  const { name, needs, judge }: Judge = judges[form]
  const lacking = missing(needs)
  const file = fileOf(form, files)
  const whole = readFileSync(file)
  const told: string[] = []
  for (const { at, bit } of drawn) {
    const changed = changedOf(file, files)
    writeFileSync(changed, whole.with(at, (whole[at] ?? 0) ^ bit))
    const words = ['firmware', 'verify', changed, ...ours(form, files)]
    const { code } = await askJson('vitalsign', words, { status: 1 })
    if (lacking.length === 0 && (await judge(changed, files.anchors)).taken)
      throw new Failed(`${name} takes ${changed}, of which octet ${at} was changed`)
    told.push(`octet ${at} ${code}`)
  }
  const by = lacking.length === 0 ? `${name}: refused` : leftOut(name, lacking)
  return [line(file, by), line('', `we: ${told.join(', ')}`)]
}

function changedOf(file: string, { anchors }: Files): string {
  return join(anchors, `changed-${basename(file)}`)
}

function leftOut(name: string, lacking: readonly string[]): string {
  return `${name}: left out, not installed: ${lacking.join(', ')}`
}

function line(file: string, text: string): string {
  return `${basename(file).padEnd(18)}  ${text}`
}

/** The client in C: it enrols, and asks of an update who made it, whether it is that file, and what the bootloader asks. */
export async function runOnABoard(
  { scene, legacy, root }: House,
  files: Files,
  built: Promise<Board> | undefined,
  lacking: readonly string[],
): Promise<void> {
  if (built === undefined) {
    await step('a board without Node enrols and verifies', async (tell) => {
      tell(`left out, not installed: ${lacking.join(', ')}`)
    })
    return
  }
  const board = await step('a board without Node: the client in C, on Mbed TLS', () => built)
  await step('it enrols over TLS, with a code that is good once', async (tell) => {
    const { code } = await scene.expect('PUMP-0001')
    const unit = { server: legacy, root, serial: 'PUMP-0001', code }
    await expectWord('ok', () => board.enrol(unit))
    const device = await scene.operator(['device', 'show', 'PUMP-0001'])
    if (device['state'] !== 'active') throw new Failed(`PUMP-0001 is ${device['state']}`)
    tell('its key was made on the board; PUMP-0001 is active')
  })
  await step('it takes the update, and nothing else', async (tell) => {
    const [manifest, image] = [fileOf('outer-manifest', files), fileOf('mcuboot', files)]
    const keys = readFileSync(join(files.anchors, 'keys.pem'), 'utf8')
    const update = { keys, counter: securityVersion, manifest, image }
    const asked = [
      ['ok', 'as it was signed, by ECDSA and ML-DSA-65', update, true],
      [
        'algorithm-not-built-in',
        'a board that knows no ML-DSA: half a signature is none',
        update,
        false,
      ],
      [
        'artefact-version-lower',
        'a board that has had a newer one',
        { ...update, counter: securityVersion + 1 },
        true,
      ],
      [
        'artefact-digest-wrong',
        'one byte of the image is another',
        { ...update, image: changedOf(image, files) },
        true,
      ],
    ] as const
    for (const [word, what, shown, withChip] of asked) {
      await expectWord(word, () => board.check(shown, withChip))
      tell(`${word.padEnd(22)}  ${what}`)
    }
  })
}

async function expectWord(word: string, ask: () => Promise<string>): Promise<void> {
  const said = await ask()
  if (said !== word) throw new Failed(`the board says ${said}, not ${word}`)
}

function fileOf(form: string, { signed }: Files): string {
  const file = signed.get(form)
  if (file === undefined) throw new TypeError(`nothing was signed as ${form}`)
  return file
}

/** How our own verifier is told what a device has. */
function ours(form: FormJudged, { anchors }: Files): readonly string[] {
  const at = (name: string) => join(anchors, name)
  const had = {
    mcuboot: ['--key', at('boot.pem'), '--counter', String(securityVersion)],
    rauc: ['--roots', at('keyring.pem')],
    swupdate: ['--roots', at('swupdate-ca.pem')],
    mender: ['--key', at('mender.pem')],
  }
  return had[form]
}

interface Part {
  readonly name: string
  readonly offset: number
  readonly octets: number
  readonly facts: readonly { readonly name: string; readonly value: string }[]
}

interface Span {
  readonly offset: number
  readonly octets: number
}

/** Where every octet is under the signature: not names and times of a container, which nobody believes. */
async function placesIn(form: FormJudged, files: Files): Promise<readonly Span[]> {
  const { parts } = await askJson('vitalsign', ['firmware', 'inspect', fileOf(form, files)])
  const { covered, skipped }: Judge = judges[form]
  const places = (parts as readonly Part[]).filter(({ name }) => covered.includes(name))
  return places.map(({ offset, octets, facts }) => {
    const content = facts.find(({ name }) => name === 'content')?.value ?? ''
    const [, length, from] = /^(\d+) octets from (\d+)$/.exec(content) ?? []
    const span = { offset: Number(from ?? offset), octets: Number(length ?? octets) }
    return { offset: span.offset + skipped, octets: span.octets - skipped }
  })
}

/** Each octet alike, whichever part it is in. */
function placeIn(places: readonly Span[], chance: Chance): number {
  let at = chance.below(places.reduce((sum, { octets }) => sum + octets, 0))
  for (const { offset, octets } of places) {
    if (at < octets) return offset + at
    at -= octets
  }
  throw new TypeError('there is no place')
}

const openssl = '/usr/bin/openssl'

async function judgeCms(files: Files): Promise<string> {
  const file = fileOf('cms', files)
  const lacking = missing([{ file: openssl, package: 'openssl' }])
  if (lacking.length > 0) return line(file, leftOut('openssl cms', lacking))
  const words = ['cms', '-verify', '-binary', '-inform', 'DER', '-in', file, '-purpose', 'any']
  const over = ['-content', files.unsigned, '-CAfile', join(files.anchors, 'roots.pem')]
  const { status, said } = await runForeign(openssl, [...words, ...over, '-out', '/dev/null'])
  if (status !== 0) throw new Failed(`openssl refuses ${file}:\n${said}`)
  return line(file, 'openssl cms: accepted, beside pump.bin')
}
