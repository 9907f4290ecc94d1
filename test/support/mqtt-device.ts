// SPDX-License-Identifier: Apache-2.0
/** A device at a broker: mutual TLS with what it enrolled, and the port of its end of the socket. */
import type { TLSSocket } from 'node:tls'
import { connectAsync, type MqttClient } from 'mqtt'
import { encodePem } from '#format/pem.ts'
import { encodePrivateKey } from '#trust/private-key.ts'
import type { Credential } from './house.ts'

export class MqttDevice {
  readonly client: MqttClient
  readonly #ended: Promise<void>

  constructor(client: MqttClient) {
    this.client = client
    this.#ended = new Promise((resolve) => client.once('close', () => resolve()))
  }

  /** Of its own end of the TCP connection: another one is another connection. */
  get port(): number {
    return (this.client.stream as TLSSocket).localPort ?? 0
  }

  get isLive(): boolean {
    return this.client.connected
  }

  /** Resolves when its connection is over, whoever ended it. */
  async ended(): Promise<void> {
    await this.#ended
  }

  /** Sends a message and hears it again; rejects if either is not allowed. */
  async roundTrip(topic: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const text = `${topic} ${this.port}`
    const hear = (at: string, payload: Buffer) => {
      if (at === topic && payload.toString() === text) resolve()
    }
    this.client.on('message', hear)
    try {
      await this.client.subscribeAsync(topic, { qos: 1 })
      await this.client.publishAsync(topic, text, { qos: 1 })
      await promise
    } finally {
      this.client.off('message', hear)
    }
  }

  close(): void {
    this.client.end(true)
  }
}

/** Opens a session; rejects if the broker refuses the certificate. It does not come again by itself. */
export async function openDevice(
  url: string,
  clientId: string,
  { key, certificate }: Credential,
  { chain, roots }: { readonly chain: string; readonly roots: string },
): Promise<MqttDevice> {
  const client = await connectAsync(
    url,
    {
      ...{ clientId, protocolVersion: 5, clean: true, reconnectPeriod: 0, ca: roots },
      cert: encodePem('CERTIFICATE', certificate) + chain,
      key: encodePem('PRIVATE KEY', encodePrivateKey(key.privateKey)),
    },
    false,
  )
  // What a broken connection says is seen by who waits for its end.
  client.on('error', () => {})
  return new MqttDevice(client)
}
