// SPDX-License-Identifier: Apache-2.0
/** The maker's installation, and the identities of all who take part. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { askJson, runWell, type Server, serve } from '../../../demo/programs.ts'
import { callApi, type Json } from './api.ts'

/** What a program of ours is: who is connected to, or who connects. */
export interface ApplicationWish {
  readonly name: string
  readonly profile: 'server' | 'client'
  /** The file with the id of the process to tell when the identity was renewed. */
  readonly reloadPidFile?: string
}

export class Installation {
  readonly directory: string
  readonly data: string
  /** `https://localhost:PORT` for devices. */
  readonly address: string
  /** `http://127.0.0.1:PORT`: lists, issuers, log. */
  readonly status: string
  readonly root: string
  readonly #server: Server
  #product = ''

  private constructor(directory: string, data: string, server: Server) {
    const { greeting } = server
    this.#server = server
    this.directory = directory
    this.data = data
    this.address = `https://localhost${found(greeting, /devices +https:\/\/[^:]+(:\d+)/)}`
    this.status = found(greeting, /status +(http:\S+)/)
    this.root = found(greeting, /root +SHA-256 (\S+)/)
  }

  /** Founds a trial on free ports, with one product. */
  static async found(directory: string, product: string): Promise<Installation> {
    const data = join(directory, 'vitalsign')
    const installation = new Installation(directory, data, await serve(data))
    const wish = { name: product, maker: 'Acme', exposure: 'therapy' }
    installation.#product = idIn((await installation.post('/products', wish))['product'])
    return installation
  }

  /** Stops the server; what is known stays on disk. */
  stop(): Promise<void> {
    return this.#server.stop()
  }

  /** @typeParam T what is relied on of the answer */
  async get<T = Json>(path: string): Promise<T> {
    return (await callApi(this.data, 'GET', path)) as T
  }

  post(path: string, input: Json): Promise<Json> {
    return callApi(this.data, 'POST', path, input)
  }

  /** Runs a command of the operator. @returns what it says to people */
  async told(words: readonly string[]): Promise<string> {
    return (await runWell('vitalsign', [...words, '--data', this.data])).output
  }

  /** A pump with a key of its own. @returns the directory with its identity */
  async pump(serial: string): Promise<string> {
    const device = idIn(await this.post('/devices', { product: this.#product, serial }))
    const { code } = await this.post('/codes', { device })
    return this.#enrol(serial, ['--serial', serial], String(code))
  }

  /** A program with an identity of its own. @returns the directory with its identity */
  async application({ name, profile, reloadPidFile }: ApplicationWish): Promise<string> {
    const wish =
      profile === 'server'
        ? { name, profile, names: ['localhost', '127.0.0.1'] }
        : { name, profile, products: [this.#product] }
    const { code } = await this.post('/applications', wish)
    const who = ['--role', 'application', '--name', name]
    const reload = reloadPidFile === undefined ? [] : ['--reload-pid-file', reloadPidFile]
    return this.#enrol(name, [...who, ...reload], String(code))
  }

  /** Lets Vitalsign end sessions at the broker, as the administrator of its dynamic security. */
  async endSessionsAt(broker: string, identity: string): Promise<void> {
    const place = join(this.data, 'integrations')
    mkdirSync(place, { recursive: true, mode: 0o700 })
    for (const file of ['key.pem', 'chain.pem', 'anchors.pem'])
      copyFileSync(join(identity, file), join(place, file))
    await this.post('/integrations', {
      ...{ name: 'broker', kind: 'mosquitto', address: broker, rootsFile: 'anchors.pem' },
      ...{ certificateFile: 'chain.pem', keyFile: 'key.pem' },
    })
  }

  /** Has a program of ours told whose sessions end, by signed messages. */
  async tellSessionsTo(name: string, address: string): Promise<void> {
    await this.post('/integrations', { name, kind: 'webhook', address })
  }

  /** The public key with which Vitalsign signs its messages, PEM. */
  async messageKey(): Promise<string> {
    return String((await this.get('/notifications/key'))['pem'])
  }

  /** What stands on a device or a server: the program that gets an identity with a code, and gives it to others. */
  async #enrol(name: string, who: readonly string[], code: string): Promise<string> {
    const identity = join(this.directory, name, 'identity')
    const where = ['--state', join(this.directory, name, 'state'), '--publish', identity]
    const whom = ['--server', this.address, '--root', this.root, '--code-file', '-', '--once']
    const words = ['enrol', ...who, ...whom, ...where]
    await askJson('vitalsign-device', words, { input: `${code}\n` })
    return identity
  }
}

function idIn(record: unknown): string {
  return (record as { readonly id: string }).id
}

function found(greeting: string, pattern: RegExp): string {
  const [, word] = pattern.exec(greeting) ?? []
  if (word === undefined) throw new TypeError(`the server did not say ${pattern}:\n${greeting}`)
  return word
}
