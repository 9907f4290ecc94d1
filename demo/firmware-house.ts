// SPDX-License-Identifier: Apache-2.0
/** The house in which firmware is signed: its people, the machine that builds, and keys that stay where they are. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { letIn, type Machine } from './machine.ts'
import { type Builder, makeBuilder } from './papers.ts'
import { type Approver, comeIn, giveKey, madeUp } from './people.ts'
import { Failed, runWell, type Server, serve } from './programs.ts'
import type { Scene } from './scene.ts'
import { step } from './terminal.ts'

export interface House {
  readonly scene: Scene
  readonly server: Server
  readonly ci: Machine
  readonly builder: Builder
  /** The devices' address for those that know no TLS 1.3. */
  readonly legacy: string
  /** The root of devices and servers, PEM. */
  readonly root: string
}

export const version = { leaky: '2.4.0', clean: '2.4.1' }
/** What devices compare with their counter: of the clean build. */
export const securityVersion = 7
export const supportUntil = '2036-01-01T00:00:00Z'
export const grace: Approver = { account: 'grace', name: 'Grace Hopper', role: 'quality' }
export const lin: Approver = { account: 'lin', name: 'Lin Chen', role: 'clinic' }
const ada = { name: 'Ada', passphrase: madeUp() }

/** One of them post-quantum: an outer manifest is signed by both kinds. */
const keys = [
  ['--name', 'boot', '--for', 'mcuboot', '--for', 'outer-manifest'],
  ['--name', 'boot-pq', '--for', 'outer-manifest', '--algorithm', 'ml-dsa-65'],
  [
    ...['--name', 'updates', '--for', 'rauc', '--for', 'swupdate', '--for', 'cms'],
    ...['--support-until', supportUntil],
  ],
  ['--name', 'mender', '--for', 'mender'],
]

/** Four forms that bootloaders and updaters check, and two that stand beside a file. */
const lines = [
  {
    ...{ form: 'mcuboot', artefacts: ['*.bin'], name: '{stem}.signed.bin' },
    options: { version: version.clean, headerSize: 512, padHeader: true },
  },
  { form: 'rauc', name: '{stem}.signed.raucb' },
  { form: 'swupdate', name: '{stem}.signed.swu' },
  { form: 'mender', name: '{stem}.signed.mender' },
  { form: 'outer-manifest', of: 'mcuboot', name: '{stem}.manifest' },
  { form: 'cms', artefacts: ['*.bin'], name: '{stem}.p7s' },
]

export async function found(scene: Scene): Promise<House> {
  const server = await step(
    'a server for real devices is founded, and Ada claims it',
    async (tell) => {
      const started = await serve(scene.data, production(scene.directory))
      await scene.operator(['claim', ada.name, '--maker', 'Acme'], `${ada.passphrase}\n`)
      await scene.operator(['product', 'add', 'pump', '--exposure', 'therapy'])
      tell('production: two people have to agree to a release, whatever a policy says')
      return started
    },
  )
  await step('Grace and Lin come in; each makes a key of their own', async (tell) => {
    const page = told(server, /operators +(http:\S+)/)
    await Promise.all(
      [grace, lin].map(async (approver) => {
        await comeIn(scene, approver.account, page)
        await giveKey(scene, approver, ada)
      }),
    )
    tell('made on their machines, under their passphrases; Ada confirmed whose they are')
  })
  await step('four keys that sign the firmware of the pump', async (tell) => {
    // One after the other: in their order they sign.
    for (const words of keys) await scene.operator(['signing-key', 'make', 'pump', ...words])
    const file = join(scene.directory, 'plan.json')
    writeFileSync(file, JSON.stringify({ lines }, undefined, 2))
    await scene.operator(['signing-plan', 'apply', 'pump', file])
    tell('they never leave, and sign nothing but what was approved')
  })
  const root = await rootOf(scene)
  const builder = makeBuilder()
  const ci = await step(
    'the machine that builds is let in: it hands in, and nothing else',
    async () => {
      const key = join(scene.directory, 'builder.pub')
      writeFileSync(key, builder.publicKey)
      const which = ['--product', 'pump', '--public-key', key, '--builder', builder.id]
      await scene.operator(['builder-key', 'add', 'CI of Acme', ...which])
      return letIn(scene, 'ci', { server: told(server, /devices +(https:\S+)/), root })
    },
  )
  const legacy = told(server, /legacy +(https:\S+)/)
  return { scene, server, ci, builder, legacy, root: readFileSync(root, 'utf8') }
}

/** What a server for real devices has to be told. */
function production(directory: string): readonly string[] {
  const unlock = join(directory, 'unlock')
  writeFileSync(unlock, `${madeUp()}\n`, { mode: 0o600 })
  return [
    ...['--environment', 'production', '--maker', 'Acme', '--passphrase-file', unlock],
    ...['--public-url', 'http://pki.acme.example', '--legacy-listen', '127.0.0.1:0'],
  ]
}

function told({ greeting }: Server, what: RegExp): string {
  const [, found] = what.exec(greeting) ?? []
  if (found === undefined) throw new Failed(`the server does not say ${what.source}:\n${greeting}`)
  return found
}

/** @returns the file */
async function rootOf(scene: Scene): Promise<string> {
  const { items } = await scene.operator(['authority', 'list', '--kind', 'root'])
  const roots = items as readonly { readonly id: string; readonly name: string }[]
  const root = roots.find(({ name }) => name === 'root')
  const file = join(scene.directory, 'root.pem')
  const words = ['authority', 'export', root?.id ?? '', '--output', file, '--data', scene.data]
  await runWell('vitalsign', words)
  return file
}
