// SPDX-License-Identifier: Apache-2.0
import { type IClientOptions, type MqttClient, connect as open } from 'mqtt'
import { callingOptions } from '#trust/tls-settings.ts'
import { type Command, fieldOf } from './commands.ts'
import { SessionLog } from './session-log.ts'

/** The broker, or the way to it, is not as it should be; the message holds no secret. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError'
}

const control = '$CONTROL/dynamic-security/v1'
const response = `${control}/response`
const logs = ['$SYS/broker/log/N', '$SYS/broker/log/I']

/** Far more than the answers about one batch; a broker that sends more is cut off. */
const mostAnswerBytes = 4_000_000
/** How long we wait to see whether the broker tells who comes and goes. */
const tellingMilliseconds = 2_000

/** What the broker said to one command: its data, or its error. */
export interface Reply {
  readonly data: unknown
  /** Null: it was done. */
  readonly error: string | null
}

/** How the broker is reached, and what proves us to it. */
export type BrokerAddress = Pick<
  IClientOptions,
  'ca' | 'cert' | 'key' | 'username' | 'password'
> & { readonly url: string; readonly clientId: string }

/** A connection to a broker as administrator of its dynamic security; it stays open until it breaks. */
export class Administrator {
  readonly #client: MqttClient
  readonly #log: SessionLog
  readonly #nonce: () => string
  #tells: Promise<boolean>
  /** What was asked and is not answered, by the mark that the answer will bear. */
  readonly #waiting = new Map<string, Waiting>()
  #broken: BrokerError | undefined

  private constructor(client: MqttClient, clientId: string, nonce: () => string) {
    this.#client = client
    this.#nonce = nonce
    this.#log = new SessionLog(clientId)
    this.#tells = Promise.resolve(false)
    client.on('message', (topic, payload) => {
      if (topic === response) this.#hear(payload)
      else this.#log.hear(payload.toString())
    })
    client.on('close', () => this.#break(new BrokerError('it closed the connection')))
    client.on('error', (error) => this.#break(new BrokerError(wordsOf(error), { cause: error })))
  }

  /** @throws BrokerError if it is not reached, or does not take us for an administrator */
  static async open(
    address: BrokerAddress,
    nonce: () => string,
    signal: AbortSignal,
  ): Promise<Administrator> {
    const client = await connect(address, address.clientId, signal)
    const administrator = new Administrator(client, address.clientId, nonce)
    try {
      await administrator.#listen(address, signal)
    } catch (error) {
      administrator.close()
      throw error instanceof BrokerError ? error : new BrokerError(wordsOf(error), { cause: error })
    }
    return administrator
  }

  get isOpen(): boolean {
    return this.#broken === undefined && this.#client.connected
  }

  /** Whether it tells who comes and goes, so that sessions that ended can be counted. */
  tellsSessions(): Promise<boolean> {
    return this.#tells
  }

  /**
   * Has commands carried out, in order and in one go.
   *
   * @returns a reply to each, in the same order
   * @throws BrokerError if it does not answer before the signal, or answers something else
   */
  async ask(commands: readonly Command[], signal: AbortSignal): Promise<readonly Reply[]> {
    if (this.#broken !== undefined) throw this.#broken
    if (commands.length === 0) return []
    const nonce = this.#nonce()
    const { promise, resolve, reject } = Promise.withResolvers<readonly Reply[]>()
    const late = () => this.#break(new BrokerError('it does not answer'))
    signal.addEventListener('abort', late, { once: true })
    this.#waiting.set(nonce, {
      take: (replies) => {
        const read = readReplies(replies, commands)
        if (read === undefined) reject(new BrokerError('its answer is not to what was asked'))
        else resolve(read)
      },
      fail: reject,
    })
    try {
      if (signal.aborted) late()
      const marked = commands.map((one) => ({ ...one, correlationData: nonce }))
      this.#client.publish(control, JSON.stringify({ commands: marked }), { qos: 1 }, (error) => {
        if (error != null) this.#break(new BrokerError(wordsOf(error), { cause: error }))
      })
      return await promise
    } finally {
      this.#waiting.delete(nonce)
      signal.removeEventListener('abort', late)
    }
  }

  /** Sessions that our commands ended since this was last asked. */
  takeEnded(): number {
    return this.#log.take()
  }

  close(): void {
    this.#break(new BrokerError('the connection was given up'))
  }

  async #listen(address: BrokerAddress, signal: AbortSignal): Promise<void> {
    const late = () => this.#break(new BrokerError('it does not answer'))
    signal.addEventListener('abort', late, { once: true })
    const { promise: broken, reject } = Promise.withResolvers<never>()
    broken.catch(() => {})
    this.#waiting.set('', { take: () => {}, fail: reject })
    try {
      await Promise.race([this.#client.subscribeAsync([response], { qos: 0 }), broken])
      // Who may not read the log still may end sessions; how many is then not known.
      const denied = (error: unknown) => {
        if (this.#broken !== undefined) throw error
      }
      await Promise.race([this.#client.subscribeAsync(logs, { qos: 0 }).catch(denied), broken])
    } finally {
      this.#waiting.delete('')
      signal.removeEventListener('abort', late)
    }
    this.#tells = this.#probe(address)
  }

  /** Comes a second time for a moment, and sees whether the broker tells us of it. */
  async #probe(address: BrokerAddress): Promise<boolean> {
    const clientId = `${address.clientId}-probe`
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const hear = (topic: string, payload: Buffer) => {
      if (topic === logs[0] && payload.includes(` as ${clientId} `)) resolve(true)
    }
    this.#client.on('message', hear)
    const over = AbortSignal.timeout(tellingMilliseconds)
    over.addEventListener('abort', () => resolve(false), { once: true })
    try {
      const probe = await connect(address, clientId, over)
      const tells = await promise
      probe.end(true)
      return tells
    } catch {
      // Whatever it was: we do not know, and say so.
      return false
    } finally {
      this.#client.off('message', hear)
    }
  }

  #hear(payload: Buffer): void {
    const replies = fieldOf(parseJson(payload), 'responses')
    // Answers to other administrators come on the same topic: they bear none of our marks.
    if (!Array.isArray(replies)) return
    const marks = new Set(replies.map((reply) => fieldOf(reply, 'correlationData')))
    for (const mark of marks)
      if (typeof mark === 'string' && mark !== '') this.#waiting.get(mark)?.take(replies)
  }

  #break(error: Error): void {
    this.#broken ??= error instanceof BrokerError ? error : new BrokerError(wordsOf(error))
    for (const { fail } of this.#waiting.values()) fail(this.#broken)
    this.#client.end(true)
  }
}

interface Waiting {
  take(replies: readonly unknown[]): void
  fail(error: Error): void
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString())
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** @returns a reply to each command, in order; undefined if it is anything else */
function readReplies(
  replies: readonly unknown[],
  commands: readonly Command[],
): readonly Reply[] | undefined {
  if (replies.length !== commands.length) return undefined
  const read: Reply[] = []
  for (const [index, reply] of replies.entries()) {
    if (fieldOf(reply, 'command') !== commands[index]?.command) return undefined
    const error = fieldOf(reply, 'error')
    if (error !== undefined && typeof error !== 'string') return undefined
    read.push({ data: fieldOf(reply, 'data'), error: error ?? null })
  }
  return read
}

async function connect(
  { url, clientId: _, ...identity }: BrokerAddress,
  clientId: string,
  signal: AbortSignal,
): Promise<MqttClient> {
  const options: IClientOptions = {
    ...callingOptions(),
    ...identity,
    ...{ clientId, protocolVersion: 5, clean: true, keepalive: 20 },
    ...{ reconnectPeriod: 0, connectTimeout: 10_000, rejectUnauthorized: true },
    properties: { maximumPacketSize: mostAnswerBytes },
  }
  const client = open(url, options)
  const { promise, resolve, reject } = Promise.withResolvers<MqttClient>()
  const late = () => reject(new BrokerError('it does not answer'))
  client.once('connect', () => resolve(client))
  client.once('error', reject)
  client.once('close', () => reject(new BrokerError('it closed the connection')))
  signal.addEventListener('abort', late, { once: true })
  if (signal.aborted) late()
  try {
    return await promise
  } catch (error) {
    // Cut off now: arriving late under the same name it would take the place of the next one.
    client.on('error', () => {})
    client.end(true)
    throw error instanceof BrokerError ? error : new BrokerError(wordsOf(error), { cause: error })
  } finally {
    signal.removeEventListener('abort', late)
  }
}

/** The code, or the library's own words, never what the broker wrote. */
function wordsOf(error: unknown): string {
  const code = fieldOf(error, 'code')
  if (typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code))
    return `the connection broke (${code})`
  if (typeof code === 'number') return `it refused us (MQTT reason ${code})`
  return 'the connection broke'
}
