// SPDX-License-Identifier: Apache-2.0
/** Two builds: one that is kept out, and one that is approved by two people and signed. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Build, build } from './build.ts'
import { grace, type House, lin, securityVersion, supportUntil, version } from './firmware-house.ts'
import { approve } from './people.ts'
import { askJson, Failed, run, runWell } from './programs.ts'
import type { Scene } from './scene.ts'
import { step } from './terminal.ts'

type Json = Readonly<Record<string, unknown>>

/** What devices get, and what makes them believe it. */
export interface Files {
  /** By form. */
  readonly signed: ReadonlyMap<string, string>
  /** What was approved, and was signed for MCUboot and by CMS. */
  readonly unsigned: string
  /** A directory with what was exported for them. */
  readonly anchors: string
}

/** A build with the key of a production line in it. */
export async function keepTheLeakOut(house: House): Promise<void> {
  const { scene, ci, builder } = house
  const release = await step(
    `the build ${version.leaky} is handed in, and turned down`,
    async (tell) => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const text = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
      const left = [{ name: 'line.key', text }]
      const made = await build(scene.directory, version.leaky, builder, left)
      tell('four artefacts, with SBOM, VEX and provenance; somebody forgot a key in it')
      return deliver(house, made, 1)
    },
  )
  await step('the scan finds the key, wherever it was packed', async (tell) => {
    const { output, status } = await run('vitalsign', [
      ...['release', 'scan', release, '--data', scene.data],
    ])
    const found = output.split('\n').filter((line) => line.includes('critical'))
    if (status !== 1 || found.length === 0) throw new Failed(`the scan says ${status}: ${output}`)
    for (const line of found) tell(line.trim())
  })
  await step('it is blocked: no approval helps', async (tell) => {
    await ci(['release', 'submit', release])
    await approve(scene, grace, release, 'the alarm sounds as it should')
    const judged = await approve(scene, lin, release, 'doses as it should')
    const scan = checksOf(judged).find(({ check }) => check === 'scan-clean')
    if (scan?.passed !== false || judged['verdict'] !== 'checks-failed')
      throw new Failed(JSON.stringify(judged))
    const refused = await askJson('vitalsign', ['release', 'sign', release, '--data', scene.data], {
      status: 1,
    })
    tell(`two people agreed, and still it is not signed: ${refused['code']}`)
    for (const part of scan.detail.split('; ')) tell(part.replace(/ by scan .*/, ''))
    await scene.operator([
      'release',
      'withdraw',
      release,
      '--because',
      'the key of line 3 is in it',
    ])
  })
}

/** @returns the release */
export async function approveTheCleanOne(house: House): Promise<string> {
  const { scene, ci, builder } = house
  const release = await step(
    `the build ${version.clean} without it; the scan finds nothing`,
    async () => {
      const made = await build(scene.directory, version.clean, builder)
      const id = await deliver(house, made)
      await ci(['release', 'submit', id])
      return id
    },
  )
  await step('Grace reads what it is, and approves it by her key', async (tell) => {
    const judged = await approve(scene, grace, release, 'reviewed line by line')
    tell(wordsOf(judged))
    if (judged['verdict'] !== 'waiting') throw new Failed(JSON.stringify(judged))
    const early = await run('vitalsign', ['release', 'sign', release, '--data', scene.data])
    if (early.status !== 1) throw new Failed('it was signed on one approval')
    tell('one is not enough: it is not signed')
  })
  await step('Lin approves it by his', async (tell) => {
    const judged = await approve(scene, lin, release, 'tried on the bench for 48 hours')
    tell(wordsOf(judged))
    if (judged['verdict'] !== 'approved') throw new Failed(JSON.stringify(judged))
  })
  return release
}

interface Signed {
  readonly form: string
  readonly name: string
  readonly octets: number
  readonly algorithms: readonly string[]
  readonly isTimeStamped: boolean
}

/** Signs it in all its forms, and fetches what devices get. */
export async function sign({ scene }: House, release: string): Promise<Files> {
  const place = join(scene.directory, 'signed')
  mkdirSync(place)
  const signed = await step('it is signed, in all its forms or in none', async (tell) => {
    const said = await scene.operator(['release', 'sign', release])
    const all = said['signed'] as readonly Signed[]
    if (said['state'] !== 'signed' || all.length !== 6) throw new Failed(JSON.stringify(said))
    for (const { form, name, algorithms, isTimeStamped } of all) {
      if (!isTimeStamped) throw new Failed(`${name} has no time-stamp`)
      tell(`${form.padEnd(14)}  ${name.padEnd(18)}  ${algorithms.join(', ')}, time-stamped`)
    }
    return all
  })
  await scene.operator(['release', 'publish', release])
  const files = new Map<string, string>()
  const anchors = join(scene.directory, 'anchors')
  const unsigned = join(place, 'pump.bin')
  mkdirSync(anchors)
  await step('devices get it; their makers built the anchors into them', async () => {
    await Promise.all(
      signed.map(({ form, name }) => {
        files.set(form, join(place, name))
        return to(join(place, name), ['release', 'download', release, name])
      }),
    )
    await to(unsigned, ['release', 'download', release, 'pump.bin'])
    await Promise.all(
      Object.entries(anchorFiles).map(([form, name]) => {
        const words = ['signing-key', 'export-anchors', 'pump', '--form', form]
        return to(join(anchors, name), words)
      }),
    )
    writeFileSync(join(anchors, 'boot.pem'), await keyOf('boot', scene))
  })
  return { signed: files, unsigned, anchors }

  function to(file: string, words: readonly string[]) {
    return runWell('vitalsign', [...words, '--output', file, '--data', scene.data])
  }
}

/** What each form's bootloader or updater is given; images of MCUboot and manifests are signed by one key. */
const anchorFiles = {
  mcuboot: 'keys.c',
  rauc: 'keyring.pem',
  swupdate: 'swupdate-ca.pem',
  mender: 'mender.pem',
  'outer-manifest': 'keys.pem',
  cms: 'roots.pem',
}

/** @returns PEM, for readers that take no keys.c */
async function keyOf(name: string, scene: Scene): Promise<string> {
  const { items } = await scene.operator(['signing-key', 'list', '--product', 'pump'])
  const key = (items as readonly Record<'id' | 'name', string>[]).find((one) => one.name === name)
  const { publicKeyPem } = await scene.operator(['signing-key', 'show', key?.id ?? ''])
  return String(publicKeyPem)
}

/** As a job of the build says it: one command, which ends with 1 if the scan finds something, and one for its tests. */
async function deliver({ ci }: House, made: Build, status = 0): Promise<string> {
  const { artefacts, sbom, vex, provenance } = made
  const words = [
    ...['release', 'deliver', 'pump', made.version, '--draft', '--kind', 'security'],
    ...['--security-version', String(securityVersion), '--support-until', supportUntil],
    ...artefacts.flatMap((file) => ['--artefact', file]),
    ...['--sbom', sbom, '--vex', vex, '--provenance', provenance],
  ]
  const { id } = await ci(words, status)
  const report = ['--uri', 'https://ci.acme.example/12', '--sha256', 'cd'.repeat(32)]
  await ci(['release', 'attach-test', String(id), 'HIL run 12', ...report, '--outcome', 'passed'])
  return String(id)
}

interface Check {
  readonly check: string
  readonly passed: boolean
  readonly detail: string
}

function checksOf(judged: Json): readonly Check[] {
  return judged['checks'] as readonly Check[]
}

/** Who agreed last: name, time and meaning, as it stands in what was signed. */
function wordsOf(judged: Json): string {
  const approvals = judged['approvals'] as readonly Record<
    'name' | 'statedAt' | 'meaning',
    string
  >[]
  const last = approvals.at(-1)
  return `${last?.name}, ${last?.statedAt}: "${last?.meaning}"`
}
