// SPDX-License-Identifier: Apache-2.0
/** People who come in by a link, make a key of their own, and sign with it. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { askJson, Failed } from './programs.ts'
import type { Scene } from './scene.ts'

export interface Approver {
  readonly account: string
  /** As it stands in what they sign. */
  readonly name: string
  readonly role: string
}

/** Four words' worth: nobody guesses it, and it goes with the demo. */
export function madeUp(): string {
  return Array.from({ length: 4 }, () => randomBytes(5).toString('hex')).join(' ')
}

/** What each knows by heart. */
const passphrases = new Map<string, { readonly account: string; readonly key: string }>()

function known(account: string) {
  const both = passphrases.get(account) ?? { account: madeUp(), key: madeUp() }
  passphrases.set(account, both)
  return both
}

function keyFile(scene: Scene, account: string): string {
  return join(scene.directory, `${account}.pem`)
}

/** Invites somebody, who chooses a passphrase at the operators' page. */
export async function comeIn(scene: Scene, account: string, page: string): Promise<void> {
  const { link } = await scene.operator(['person', 'invite', account, '--role', 'operator'])
  const { token } = link as { readonly token: string }
  const answer = await fetch(`${page}/api/v1/people/join`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: page },
    body: JSON.stringify({ token, passphrase: known(account).account }),
  })
  if (answer.status !== 200) throw new Failed(`${account} cannot join: ${await answer.text()}`)
}

/** Makes a key on the approver's machine, registers it, and has the administrator confirm it. */
export async function giveKey(
  scene: Scene,
  { account, name, role }: Approver,
  administrator: { readonly name: string; readonly passphrase: string },
): Promise<void> {
  const { account: here, key } = known(account)
  const file = keyFile(scene, account)
  const make = ['approver', 'make-key', file, '--printed-name', name]
  const made = await askJson('vitalsign', make, { input: `${key}\n` })
  const register = ['--approver-key', file, '--role', role, '--name', account]
  const { id } = await scene.operator(['approver', 'register', ...register], `${key}\n${here}\n`)
  await scene.operator(
    [
      ...['approver', 'confirm', String(id), '--fingerprint', String(made['fingerprint'])],
      ...['--name', administrator.name],
    ],
    `${administrator.passphrase}\n`,
  )
}

/** Signs on the approver's machine. @returns how the release is judged then */
export function approve(
  scene: Scene,
  { account }: Approver,
  release: string,
  meaning: string,
): Promise<Readonly<Record<string, unknown>>> {
  const how = ['--approver-key', keyFile(scene, account), '--meaning', meaning, '--yes']
  return scene.operator(['release', 'approve', release, ...how], `${known(account).key}\n`)
}
