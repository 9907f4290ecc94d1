// SPDX-License-Identifier: Apache-2.0
/** Watching and telling, as the house puts it together. */
import { join } from 'node:path'
import { Fault } from '#core/fault.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Setting } from '#core/ledger/tables.ts'
import { deliverOnce } from '#core/watch/deliver.ts'
import { watchOnce } from '#core/watch/watch.ts'
import type { Job } from '#edge/clock/run-jobs.ts'
import { messenger } from '#edge/notify/notify.ts'
import { readSecretFile } from '#edge/notify/secret-file.ts'
import type { Core } from './core.ts'

/** Where the passwords of mail servers are: files of the owner's, in the data directory. */
const secretsDirectory = 'notify'

/** Looks at what comes to its end, and sends what waits. */
export function watchJobs(core: Core, data: string): readonly Job[] {
  const { ledger, clock, random, installation } = core
  const send = messenger({
    signer: {
      now: () => clock.now(),
      key: async () => (await notifyKeyOf(core)).id,
      sign: (keyId, toBeSigned) => core.keys.sign(keyId, toBeSigned),
    },
    readSecret: (name) => readSecretFile(join(data, secretsDirectory), name),
    installation: installation.logOrigin,
  })
  return [
    {
      name: 'watch',
      every: Temporal.Duration.from({ hours: 1 }),
      run: async ({ signal }) => {
        await watchOnce(core, signal).catch((error: unknown) => {
          // Cut off, not broken: the next look begins where the last whole one ended.
          if (!signal.aborted) throw error
        })
      },
    },
    {
      name: 'deliveries',
      every: Temporal.Duration.from({ seconds: 30 }),
      run: ({ signal }) => deliverOnce({ ledger, clock, random, send }, signal),
    },
  ]
}

const settingName = 'notify-key'

/** The key that signs webhooks; made when it is first needed, and booked before it is used. */
export async function notifyKeyOf(
  core: Pick<Core, 'ledger' | 'keys' | 'clock' | 'random'>,
): Promise<{ readonly id: string; readonly spki: Uint8Array }> {
  const known = await readKey(core)
  if (known !== undefined) return known
  const id = `notify-${core.random.bytes(8).toHex()}`
  const { spki } = await core.keys.make('ed25519', id, 'authority')
  const setting: Setting = {
    ...{ id: newId('setting', core), version: 1, name: settingName, changedAt: core.clock.now() },
    value: { id, spki: spki.toBase64() },
  }
  // Of two that make one at the same moment, the first one's stands.
  await core.ledger.commit({ puts: [{ kind: 'setting', record: setting }], events: [] })
  const kept = await readKey(core)
  if (kept === undefined) throw new Fault('store-unreachable', 'the key of webhooks was not booked')
  return kept
}

async function readKey({ ledger }: Pick<Core, 'ledger'>) {
  const setting = await ledger.find('setting', 'name', [settingName])
  const value = setting?.value
  if (typeof value !== 'object' || value === null || !('id' in value) || !('spki' in value))
    return undefined
  return { id: String(value.id), spki: Uint8Array.fromBase64(String(value.spki)) }
}
