// SPDX-License-Identifier: Apache-2.0
/**
 * What the server signs in a second: releases of small artefacts in each form, and digests by its own API and as
 * SignServer's clients ask, over kept connections; beside the bare signature of node in the same run.
 *
 *     node bench/sign-server.ts [--artefacts 16] [--digests 16] [--rounds 2] [--only releases|digests]
 */
import { randomFillSync, sign } from 'node:crypto'
import { request } from 'node:http'
import { parseArgs } from 'node:util'
import type { ArtefactKey, Product, Release } from '#core/ledger/tables.ts'
import { type KeyWish, makeArtefactKey } from '#core/signing/make-key.ts'
import { applyPlan } from '#core/signing/signing-plan.ts'
import { archiveTools } from '#edge/images/tools.ts'
import { keyPorts } from '#house/verbs/signing-keys.ts'
import { type ArtefactFormName, artefactFormNames } from '#trust/artefact/form-names.ts'
import { artefactForms } from '#trust/artefact/forms.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey } from '#trust/private-key.ts'
import { approvedNow, notedClean } from '../test/support/approved-release.ts'
import { operator } from '../test/support/core.ts'
import { openTestHouse, type TestHouse, withProduct } from '../test/support/house.ts'
import { attached, newRelease, stored } from '../test/support/releases.ts'
import { withMachine } from '../test/support/verifier.ts'
import { pemOf } from '../test/tls-certificates.ts'
import { LoadGenerator } from './tools/load.ts'
import { meter } from './tools/meter.ts'
import { letTwoApprove, openProductionHouse } from './tools/production-house.ts'
import { median, type Row } from './tools/row.ts'
import { artefactFor } from './tools/small-artefacts.ts'
import { printRows } from './tools/table.ts'

export interface SignServerOptions {
  /** In each release that is signed as a whole, 64 at most. */
  readonly artefacts: number
  /** Of each round at each door. */
  readonly digests: number
  readonly rounds: number
  readonly only?: 'releases' | 'digests' | undefined
}

/** Octets of each image, which no two artefacts have in common. */
const octets = 16_384

const forms = artefactForms(archiveTools())

/** What a form has to be told. */
const told: Partial<Readonly<Record<ArtefactFormName, Readonly<Record<string, unknown>>>>> = {
  mcuboot: { version: '1.0.0', headerSize: 32, padHeader: true },
  // They say a version of their own, whatever the release is.
  'esp-secure-boot-v2': { version: 'any' },
  swupdate: { version: 'any' },
  suit: { vendor: 'example.com', class: 'bench', uri: 'https://example.com/image' },
}

export async function benchSignServer(options: SignServerOptions): Promise<Row[]> {
  const { only } = options
  const house = await openTestHouse()
  const rows: Row[] = []
  try {
    if (only !== 'digests')
      for (const form of artefactFormNames) rows.push(await releaseRow(form, house, options))
    if (only !== 'releases') rows.push(...(await digestRows(house, options)))
  } finally {
    await house.stop()
  }
  if (only === 'digests') return rows
  const production = await openProductionHouse()
  try {
    for (const form of ['raw', 'cms', 'mcuboot'] as const)
      rows.push(await releaseRow(form, production, options))
  } finally {
    await production.stop()
  }
  return rows
}

/** A release after the other, signed as its owner has it signed: at the socket of the data directory. */
async function releaseRow(
  form: ArtefactFormName,
  house: TestHouse,
  { artefacts, rounds }: SignServerOptions,
): Promise<Row> {
  const { core } = house
  const isProduction = core.environment === 'production'
  const product = await withProduct(house, form)
  if (isProduction) await letTwoApprove(house, product.id)
  const algorithms =
    form === 'outer-manifest' ? (['p-256', 'ml-dsa-65'] as const) : (['p-256'] as const)
  for (const algorithm of algorithms) await keyOf(house, product, form, algorithm)
  const line = { form, artefacts: ['*'], options: told[form] ?? {} }
  const applied = await applyPlan(product, [line], operator, { ...core, forms })
  if (applied.kind === 'refused') throw new Error(applied.detail)
  const own: number[] = []
  const bare: number[] = []
  const cpu: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const count = round === 0 ? 1 : artefacts
    const release = await approvedOf(house, product, count, `1.0.${round}`, form)
    const limit = await bareRate()
    const spent = await meter(() => signWhole(house, release))
    if (round === 0) continue // What is loaded at the first release of a form.
    own.push(count / spent.seconds)
    cpu.push(spent.cpu / count / 1_000)
    bare.push(limit)
  }
  return {
    name: `release as ${form}${isProduction ? ', time-stamped' : ''}`,
    ...{ value: Math.round(median(own)), unit: 'artefacts/s' },
    limit: { name: 'bare signature', value: Math.round(median(bare)) },
    note: `${algorithms.join(' and ')}, ${artefacts} artefacts a release; ${median(cpu).toFixed(1)} ms of processor time each`,
  }
}

async function keyOf(
  { core }: TestHouse,
  product: Product,
  form: ArtefactFormName,
  algorithm: KeyWish['algorithm'],
): Promise<ArtefactKey> {
  const wish: KeyWish = {
    ...{ product, name: `${form}-${algorithm}`, forms: [form], algorithm, custody: 'file' },
    ...{ isNext: false, supportUntil: undefined, authority: undefined, because: undefined },
  }
  const made = await makeArtefactKey(wish, operator, keyPorts(core))
  if (made.kind === 'refused') throw new Error(`${form}: ${made.detail}`)
  return made.key
}

async function approvedOf(
  house: TestHouse,
  product: Product,
  count: number,
  firmwareVersion: string,
  form: ArtefactFormName = 'raw',
): Promise<Release> {
  const { core } = house
  const supportUntil = core.clock.now().add({ hours: 24 * 365 })
  let draft = await newRelease(core, product, { firmwareVersion, supportUntil })
  for (let index = 0; index < count; index++) {
    const name = `part-${index}.bin`
    const digest = await stored(
      core,
      await artefactFor(form, randomFillSync(new Uint8Array(octets))),
    )
    await notedClean(core, name, digest)
    draft = (await attached(core, draft, { role: 'artefact', name, sha256: digest })).release
  }
  return approvedNow(core, product, draft, core.environment === 'production' ? 2 : 1)
}

async function signWhole({ socket }: TestHouse, { id }: Release): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const sent = request(
    {
      ...{ socketPath: socket, path: `/api/v1/releases/${id}/sign`, method: 'POST' },
      headers: { 'Content-Type': 'application/json' },
    },
    async (answer) => {
      let text = ''
      for await (const chunk of answer) text += chunk
      resolve(text)
    },
  )
  sent.on('error', reject)
  sent.end('{}')
  const last = (await promise).trim().split('\n').at(-1) ?? ''
  if (!last.includes('"kind":"signed"')) throw new Error(last)
}

/** Each digest once, since the second answer is the signature that was made before. */
async function digestRows(
  house: TestHouse,
  { digests, rounds }: SignServerOptions,
): Promise<readonly Row[]> {
  const product = await withProduct(house, 'digests')
  const key = await keyOf(house, product, 'raw', 'p-256')
  const [maker, asker] = [
    await withMachine(house, 'pipeline', 'operator'),
    await withMachine(house, 'client', 'signer', [product.id]),
  ]
  const generator = new LoadGenerator()
  const doors = [
    { what: 'REST', by: maker, requestOf: restRequest },
    { what: 'SignServer', by: asker, requestOf: signServerRequest },
  ] as const
  const rows: Row[] = []
  let releases = 0
  try {
    for (const { what, by, requestOf } of doors)
      for (const clients of [1, 16]) {
        const own: number[] = []
        const bare: number[] = []
        const cpu: number[] = []
        for (let round = 0; round <= rounds; round++) {
          const release = await approvedOf(house, product, digests, `2.0.${releases++}`)
          const requests = (await digestsOf(house, release)).map((digest) =>
            requestOf(digest, release, key),
          )
          const limit = await bareRate()
          const identity = { key: by.key, certificate: pemOf(by.chain) }
          const { port } = house.addresses.devices
          const load = { kind: 'kept-tls', clients, requests, port, ...identity } as const
          const before = process.cpuUsage()
          const borne = await generator.bear(load)
          const { user, system } = process.cpuUsage(before)
          if (borne.errors > 0) throw new Error(borne.firstError)
          if (round === 0) continue
          own.push(digests / borne.seconds)
          cpu.push((user + system) / digests / 1_000)
          bare.push(limit)
        }
        rows.push({
          name: `digests, ${what}, ${clients === 1 ? 'one connection' : `${clients} connections`}`,
          ...{ value: Math.round(median(own)), unit: '/s' },
          limit: { name: 'bare signature', value: Math.round(median(bare)) },
          note: `P-256, ${digests} digests a release; ${median(cpu).toFixed(1)} ms of processor time each`,
        })
      }
  } finally {
    generator.stop()
  }
  return rows
}

async function digestsOf({ core }: TestHouse, { id }: Release): Promise<readonly Uint8Array[]> {
  const { items } = await core.ledger.list('releasePart', {
    ...{ by: 'release', equal: [id], limit: 100 },
  })
  return items.filter(({ role }) => role === 'artefact').map(({ sha256: digest }) => digest)
}

function restRequest(digest: Uint8Array, release: Release, key: ArtefactKey): string {
  const path = `/api/v1/releases/${release.id}/digests`
  return posted(path, { key: key.id, sha256: digest.toHex() })
}

function signServerRequest(digest: Uint8Array, _release: Release, key: ArtefactKey): string {
  const metaData = {
    ...{ USING_CLIENTSUPPLIED_HASH: 'true', CLIENTSIDE_HASHDIGESTALGORITHM: 'SHA-256' },
  }
  const path = `/signserver/rest/v1/workers/${key.name}/process`
  return posted(path, { data: digest.toBase64(), encoding: 'BASE64', metaData })
}

function posted(path: string, document: object): string {
  const body = JSON.stringify(document)
  return [
    ...[`POST ${path} HTTP/1.1`, 'host: localhost', 'content-type: application/json'],
    ...[`content-length: ${body.length}`, '', body],
  ].join('\r\n')
}

const bareKey = (await generateKey('p-256')).privateKey
const bareDigest = sha256(new Uint8Array(octets))

/** Signatures of node by a key of the same kind over as many octets as a digest has, one after the other. */
async function bareRate(): Promise<number> {
  const times = 2_000
  const { seconds } = await meter(async () => {
    for (let at = 0; at < times; at++) sign('sha256', bareDigest, bareKey)
  })
  return times / seconds
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      artefacts: { type: 'string', default: '16' },
      digests: { type: 'string', default: '16' },
      rounds: { type: 'string', default: '2' },
      only: { type: 'string' },
    },
  })
  const [artefacts, digests, rounds] = [values.artefacts, values.digests, values.rounds].map(Number)
  const only = values.only === 'releases' || values.only === 'digests' ? values.only : undefined
  printRows(
    await benchSignServer({ artefacts: artefacts!, digests: digests!, rounds: rounds!, only }),
  )
}
