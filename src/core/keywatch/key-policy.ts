// SPDX-License-Identifier: Apache-2.0
/** What the installation does by itself when a key is known to be in other hands. */
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'

const settingName = 'key-policy'

/** What can be decided, the usual first. */
export const keyChoices = {
  /**
   * A private key that was computed from signatures. `revoke`: the arithmetic is the proof, no judgement is left to
   * anybody, and whoever saw the same signatures can be the device from now on; an infusion pump that is impersonated
   * harms more than one that has to enrol again, and a revocation stops no therapy: it ends sessions.
   */
  recovered: ['revoke', 'propose'],
  /**
   * A key that two devices hold, as both proved live. `alarm`: the second one was refused already, so nothing new
   * comes of waiting for a person, while a quarantine ends the sessions of a device that may be at a patient; and who
   * has a device's key, and a code for another device, could ask for it on purpose.
   */
  shared: ['alarm', 'quarantine'],
} as const satisfies Record<string, readonly string[]>

/** What stands decided. */
export interface KeyPolicy {
  readonly recovered: (typeof keyChoices.recovered)[number]
  readonly shared: (typeof keyChoices.shared)[number]
  /** Products of which a shared key is answered otherwise, by their ids. */
  readonly sharedOf: Readonly<Record<string, (typeof keyChoices.shared)[number]>>
}

export async function readKeyPolicy(ledger: Ledger): Promise<KeyPolicy> {
  const record = await ledger.find('setting', 'name', [settingName])
  const said = isObject(record?.value) ? record.value : {}
  return {
    recovered: chosen(keyChoices.recovered, said['recovered']),
    shared: chosen(keyChoices.shared, said['shared']),
    sharedOf: Object.fromEntries(
      Object.entries(isObject(said['sharedOf']) ? said['sharedOf'] : {}).map(
        ([product, choice]) => [product, chosen(keyChoices.shared, choice)] as const,
      ),
    ),
  }
}

/** What is done about a key that devices of these products share: a quarantine, if any of them asks for it. */
export function sharedChoice(
  { shared, sharedOf }: KeyPolicy,
  products: readonly string[],
): KeyPolicy['shared'] {
  const choices = products.map((product) => sharedOf[product] ?? shared)
  return choices.length === 0 ? shared : choices.includes('quarantine') ? 'quarantine' : 'alarm'
}

interface PolicyPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

/** Decides anew; who did it and why stands in the log. */
export async function setKeyPolicy(
  policy: KeyPolicy,
  because: string,
  actor: Actor,
  { ledger, ...ports }: PolicyPorts,
): Promise<Refused | undefined> {
  const before = await ledger.find('setting', 'name', [settingName])
  const was = await readKeyPolicy(ledger)
  const at = ports.clock.now()
  const put: Put = {
    kind: 'setting',
    record: {
      id: before?.id ?? newId('setting', ports),
      version: (before?.version ?? 0) + 1,
      ...{ name: settingName, value: policy, changedAt: at },
    },
  }
  const products = Object.entries(policy.sharedOf).map(
    ([product, choice]) => `${product} ${choice}`,
  )
  const facts = {
    ...{ recovered: policy.recovered, shared: policy.shared, products: products.join(', ') },
    ...{ recoveredBefore: was.recovered, sharedBefore: was.shared, because },
  }
  return settle(
    {
      puts: [put],
      events: [{ type: 'key-policy-changed', at, actor, subjects: [put.record.id], facts }],
    },
    ledger,
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function chosen<T extends string>(choices: readonly [T, ...T[]], said: unknown): T {
  return choices.find((choice) => choice === said) ?? choices[0]
}
