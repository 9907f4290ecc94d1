// SPDX-License-Identifier: Apache-2.0
/**
 * Mosquitto for the telemetry of pumps, as one would run it: mutual TLS, each client's name from its certificate,
 * and the dynamic-security plugin, by which Vitalsign ends sessions.
 */
import { existsSync, globSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Part } from './part.ts'
import { startPart } from './part.ts'

const program = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/opt/homebrew/sbin/mosquitto']
const plugin =
  '{/usr/lib,/usr/lib64,/usr/local/lib,/opt/homebrew/lib}{,/*}/mosquitto_dynamic_security.so'

export interface BrokerProgram {
  readonly program: string
  readonly plugin: string
}

/** Where Mosquitto and its plugin are on this machine; undefined: they are not. */
export function findBroker(): BrokerProgram | undefined {
  const [found] = program.filter((one) => existsSync(one))
  const [beside] = globSync(plugin)
  return found && beside ? { program: found, plugin: beside } : undefined
}

export interface BrokerOptions extends BrokerProgram {
  readonly directory: string
  readonly port: number
  /** The directory that `vitalsign-device --publish` keeps. */
  readonly identity: string
  /** Revocation lists, PEM. */
  readonly lists: string
  /** The name in the certificate by which Vitalsign administers it. */
  readonly administrator: string
  /** The name in the certificate of who may read all readings. */
  readonly reader: string
}

/** Starts it; resolves once it listens. */
export async function startBroker(options: BrokerOptions): Promise<Part> {
  const { directory, port, identity, lists, program, plugin } = options
  const put = (name: string, text: string) => {
    writeFileSync(join(directory, name), text, { mode: 0o600 })
    return join(directory, name)
  }
  const lines = [
    `user ${userInfo().username}`,
    `pid_file ${join(directory, 'mosquitto.pid')}`,
    `listener ${port} 127.0.0.1`,
    `cafile ${join(identity, 'anchors.pem')}`,
    `certfile ${join(identity, 'chain.pem')}`,
    `keyfile ${join(identity, 'key.pem')}`,
    `crlfile ${lists}`,
    'tls_version tlsv1.3',
    // Nobody without a certificate, and everybody by the name in it.
    'require_certificate true',
    'use_identity_as_username true',
    'allow_anonymous false',
    `plugin ${plugin}`,
    `plugin_opt_config_file ${put('dynamic-security.json', dynamicSecurity(options))}`,
    // A pump writes below its own name, and reads nothing.
    `acl_file ${put('acl', 'pattern write telemetry/%u/#\n')}`,
    'log_dest stderr',
    // So that Vitalsign can count the sessions that it ended.
    'log_dest topic',
    ...['error', 'warning', 'notice', 'information'].map((type) => `log_type ${type}`),
    'connection_messages true',
  ]
  const conf = put('mosquitto.conf', `${lines.join('\n')}\n`)
  return startPart('the broker', program, ['-c', conf], /mosquitto version [\d.]+ running/)
}

/** Who may do what; pumps are known to the plugin only once they are barred. */
function dynamicSecurity({ administrator, reader }: BrokerOptions): string {
  const allow = (acltype: string, topic: string) => ({ acltype, topic, allow: true })
  const hear = (topic: string) => [
    allow('publishClientReceive', topic),
    allow('subscribePattern', topic),
  ]
  const control = '$CONTROL/dynamic-security/#'
  return JSON.stringify({
    defaultACLAccess: {
      ...{ publishClientSend: false, publishClientReceive: false },
      ...{ subscribe: false, unsubscribe: true },
    },
    clients: [
      { username: administrator, roles: [{ rolename: 'administrator' }] },
      { username: reader, roles: [{ rolename: 'reader' }] },
    ],
    groups: [],
    roles: [
      {
        rolename: 'administrator',
        acls: [allow('publishClientSend', control), ...hear(control), ...hear('$SYS/#')],
      },
      { rolename: 'reader', acls: hear('telemetry/#') },
    ],
  })
}
