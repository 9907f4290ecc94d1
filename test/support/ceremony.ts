// SPDX-License-Identifier: Apache-2.0
/** Ceremonies of tests: a script, people who answer, and requests as a server would send them. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newScript, type ScriptWish } from '#core/ceremony/new-script.ts'
import type { Participant } from '#core/ceremony/script.ts'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { encodePem } from '#format/pem.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { parseNameText } from '#format/x509/name.ts'
import type { Held } from '#house/ceremony/close.ts'
import { type CeremonyOrder, holdCeremony } from '#house/ceremony/conduct.ts'
import type { CeremonyMeans } from '#house/ceremony/sitting.ts'
import type { CeremonyTable } from '#house/ceremony/table.ts'
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { generateKey } from '#trust/private-key.ts'
import { requestBy, temporaryDirectory } from './house.ts'

/** Unlocking that costs next to nothing. */
const cheap = { memoryKiB: 64, passes: 1, lanes: 1 }

/** Which passphrase a custodian of a test chose. */
export const passphrases = (name: string) => `${name} keeps the northern lighthouse`

/** A question, as a test may answer it; undefined: as everybody would. */
export type Answering = (who: Participant, what: string) => string | undefined

/** What everybody answers: their name, the passphrase of their share, the usual place, their file. */
export function answersOf(shares: string, answering: Answering = () => undefined) {
  const asked: string[] = []
  const said: string[] = []
  const answer = (who: Participant, what: string): string => {
    asked.push(`${who.name}: ${what}`)
    const own = answering(who, what)
    if (own !== undefined) return own
    if (/type your name/.test(what)) return who.name
    if (/^directory of the medium/.test(what)) return ''
    if (/^file of your share/.test(what)) return fileOf(shares, who.name)
    const demanded = /type "([^"]+)" to go on/.exec(what)?.[1]
    if (demanded !== undefined) return demanded
    if (/passphrase/.test(what)) return passphrases(who.name)
    throw new Error(`nobody expected the question: ${what}`)
  }
  const table: CeremonyTable = {
    say: async (lines) => void said.push(...lines),
    ask: async (who, what) => answer(who, what),
    secret: async (who, what) => answer(who, what),
  }
  return { table, asked, said }
}

/** Which share a custodian of a new script holds: the number that ends the name. */
function fileOf(shares: string, name: string): string {
  const index = /(\d+)$/.exec(name)?.[1]
  return index === undefined ? '' : join(shares, `share-${index}-of-3-set-1.txt`)
}

export interface SittingPlace {
  readonly directory: string
  readonly vault: string
  readonly out: string
  readonly shares: string
}

export async function sittingPlace(): Promise<SittingPlace> {
  const directory = temporaryDirectory()
  const at = (name: string) => join(directory, name)
  return { directory, vault: at('vault'), out: at('out'), shares: at('out/shares') }
}

/** A request such as a server sends, in a file beside the script. */
export async function requestFile(
  { directory }: SittingPlace,
  file: string,
  algorithm: KeyAlgorithmName,
  subject = 'CN=Device Issuing CA 1,O=Acme',
): Promise<void> {
  const request = await requestBy(await generateKey(algorithm), {
    subject: parseNameText(subject),
    extensions: [encodeExtension('basicConstraints', { ca: true, pathLength: 0 })],
  })
  writeFileSync(join(directory, file), encodePem('CERTIFICATE REQUEST', request))
}

const wish: ScriptWish = {
  ...{ act: 'found', environment: 'test', maker: 'Acme', publicUrl: 'http://pki.test' },
  ...{ needed: 2, of: 3, requests: ['issuing-1.csr', 'issuing-1-twin.csr'] },
}

/** A script beside the requests; `change` edits its document. */
export function scriptFile(
  { directory }: SittingPlace,
  changes: Partial<ScriptWish> = {},
  // biome-ignore lint/suspicious/noExplicitAny: a test edits what it knows
  change: (document: any) => void = () => {},
): string {
  const document: unknown = JSON.parse(newScript({ ...wish, ...changes }))
  change(document)
  const path = join(directory, `${changes.act ?? 'found'}.json`)
  writeFileSync(path, `${JSON.stringify(document, null, 2)}\n`)
  return path
}

export interface Sat {
  readonly outcome: Awaited<ReturnType<typeof holdCeremony>>
  readonly asked: readonly string[]
  readonly said: readonly string[]
}

/** Holds a ceremony with people who answer. */
export async function sit(
  place: SittingPlace,
  script: string,
  answering?: Answering,
  more: Partial<CeremonyOrder & CeremonyMeans> = {},
): Promise<Sat> {
  const { table, asked, said } = answersOf(place.shares, answering)
  const order = {
    ...{ script, vault: place.vault, out: place.out, rehearsal: false },
    ...more,
  }
  const outcome = await holdCeremony(order, {
    ...{ table, clock: { now: () => Temporal.Now.instant() }, random: systemRandomness },
    ...{ cost: cheap, interfaces: () => [], program: { version: '0', digest: '00'.repeat(32) } },
    ...more,
  })
  return { outcome, asked, said }
}

export function heldOf({ outcome, said }: Sat): Held {
  return outcome.kind === 'held' ? outcome : assert.fail(`${outcome.detail}\n${said.join('\n')}`)
}

/** The ceremony that most tests begin with: two roots, two of three shares, two requests. */
export async function foundRoots(place: SittingPlace, more = {}): Promise<Held> {
  await requestFile(place, 'issuing-1.csr', 'p-256')
  await requestFile(place, 'issuing-1-twin.csr', 'ml-dsa-65', 'CN=Device Issuing CA 1 PQ,O=Acme')
  return heldOf(await sit(place, scriptFile(place), undefined, more))
}

/** A script that opens the vault; `change` says for what. */
export function openingScript(
  place: SittingPlace,
  // biome-ignore lint/suspicious/noExplicitAny: a test edits what it knows
  change: (document: any) => void = () => {},
): string {
  return scriptFile(place, { act: 'open', requests: [] }, change)
}

export function bundleBytes(held: Held): Uint8Array {
  return new Uint8Array(readFileSync(held.bundle))
}
