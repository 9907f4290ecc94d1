// SPDX-License-Identifier: Apache-2.0
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import type { Setting } from '#core/ledger/tables.ts'
import { sha256 } from '#trust/digest.ts'
import { type TlsSettings, tlsSettings } from '#trust/tls-settings.ts'
import { type Configuration, hostText } from './configuration.ts'
import type { Core } from './core.ts'
import { factsOf, type ThisNode } from './nodes/this-node.ts'

/** The rule that is relaxed, as exceptions name it. */
const rule = 'tls-1.3-only'

/**
 * Tells the log of the TLS settings of a node if they are others than those that it told last, as after an
 * upgrade or another configuration. Where they let in devices without TLS 1.3, that is booked as an exception.
 */
export async function noteTlsSettings(
  core: Core,
  configuration: Configuration,
  node: ThisNode,
): Promise<void> {
  const values = settingsInForce(configuration)
  const digest = sha256(new TextEncoder().encode(JSON.stringify(values))).toHex()
  // Its name is another one at each start; where it is stays.
  const { host, directory } = factsOf(configuration)
  const name = `tls-settings ${host} ${directory}`
  const before = await core.ledger.find('setting', 'name', [name])
  const digestBefore = digestOf(before)
  if (digest === digestBefore) return
  const at = core.clock.now()
  const setting: Setting = {
    ...{ id: before?.id ?? newId('setting', core), version: (before?.version ?? 0) + 1 },
    ...{ name, value: { sha256: digest }, changedAt: at },
  }
  const puts: Put[] = [{ kind: 'setting', record: setting }]
  if (configuration.legacyListen !== undefined) puts.push(exceptionPut(values, at, node, core))
  await core.ledger.commit({
    puts,
    events: [
      {
        ...{ type: 'tls-settings-changed', at, actor: { kind: 'house', id: 'start' } },
        subjects: [node.id],
        facts: { node: node.name, sha256: digest, before: digestBefore ?? null, ...values },
      },
    ],
  })
}

type Values = Readonly<Record<string, string>>

/** In plain words, so that an auditor reads them in the event itself. */
function settingsInForce({ legacyListen }: Configuration): Values {
  const legacy = legacyListen && `${hostText(legacyListen.host)}:${legacyListen.port}`
  return {
    ...wordsOf('devices', tlsSettings.devices),
    legacyListen: legacy ?? 'off',
    ...(legacy !== undefined && wordsOf('legacy', tlsSettings.legacy)),
    ...wordsOf('calling', tlsSettings.calling),
  }
}

function wordsOf(name: string, { versions, suites, groups, signatures }: TlsSettings): Values {
  return {
    [`${name}Versions`]: [...new Set(versions)].join(' to '),
    [`${name}Suites`]: suites.join(' '),
    [`${name}Groups`]: groups.join(' '),
    [`${name}Signatures`]: signatures.join(' '),
  }
}

function exceptionPut(
  { legacyListen = '' }: Values,
  createdAt: Temporal.Instant,
  node: ThisNode,
  core: Core,
): Put {
  return {
    kind: 'exception',
    record: {
      ...{ id: newId('exception', core), version: 1, rule, subject: node.id },
      ...{ grantedBy: 'configuration', reason: `legacy-listen ${legacyListen}` },
      ...{ until: null, createdAt },
    },
  }
}

function digestOf(setting: Setting | undefined): string | undefined {
  const value = setting?.value
  if (typeof value !== 'object' || value === null || !('sha256' in value)) return undefined
  return String(value.sha256)
}
