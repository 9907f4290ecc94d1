// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Integration } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { checkWebhookAddress, isLoopback } from '../webhook-address.ts'

/** What of a client's certificate is its name at a broker. */
export const brokerIdentities = ['common-name', 'subject'] as const
export type BrokerIdentity = (typeof brokerIdentities)[number]

/** Setting -> the kinds that have it. Files are names in the directory `integrations` of the data. */
const settingsOf = {
  identity: ['mosquitto'],
  certificateFile: ['mosquitto'],
  keyFile: ['mosquitto'],
  rootsFile: ['mosquitto', 'webhook'],
  user: ['mosquitto'],
  passwordFile: ['mosquitto'],
} as const satisfies Record<string, readonly Integration['kind'][]>

type Asked = Pick<Integration, 'kind' | 'address' | 'settings'>

/** What stands against an integration as it is asked for. */
export function checkIntegration({ kind, address, settings }: Asked): Refused | undefined {
  for (const name of Object.keys(settings)) {
    const kinds: readonly string[] | undefined = Object.entries(settingsOf).find(
      ([known]) => known === name,
    )?.[1]
    if (!kinds?.includes(kind)) return refuse('input-wrong', `${name}: a ${kind} has none`)
  }
  return kind === 'webhook' ? checkWebhookAddress(address) : checkBroker(address, settings)
}

/** A broker in plain is one on this machine; elsewhere it is TLS, and it has to know who administers it. */
function checkBroker(address: string, settings: Integration['settings']): Refused | undefined {
  const url = URL.parse(address)
  if (url === null || !(url.protocol === 'mqtts:' || url.protocol === 'mqtt:') || url.host === '')
    return refuse('input-wrong', `address: a broker is mqtts://HOST:PORT, not "${address}"`)
  const isBare = (url.pathname === '' || url.pathname === '/') && url.search === ''
  if (!isBare || url.username !== '' || url.password !== '' || url.hash !== '')
    return refuse('input-wrong', 'address: of a broker only the host and the port are named')
  if (url.protocol === 'mqtt:' && !isLoopback(url.hostname))
    return refuse(
      'input-wrong',
      `address: mqtt is for this machine only; use mqtts for ${url.host}`,
    )
  const { certificateFile, keyFile, user, passwordFile } = settings
  if ((certificateFile === undefined) !== (keyFile === undefined))
    return refuse('input-wrong', 'certificate-file: name the files of certificate and key together')
  if ((user === undefined) !== (passwordFile === undefined))
    return refuse('input-wrong', 'user: name the user and the file of its password together')
  if (certificateFile === undefined && user === undefined)
    return refuse(
      'input-wrong',
      'certificate-file: a broker obeys an administrator; name the files of a certificate and key, or a user and the file of its password',
    )
  return undefined
}
