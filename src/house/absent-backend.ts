// SPDX-License-Identifier: Apache-2.0
import type { BackendHealth, KeyBackend } from '#core/authority/key-backend.ts'
import { type Custody, custodies } from '#core/authority/signing-key.ts'
import { Fault } from '#core/fault.ts'

/**
 * A token or TPM that keeps keys of authorities and that the configuration does not name, as after a start
 * without its settings: it stands among the others, so that whoever looks at them hears of it.
 */
export class AbsentBackend implements KeyBackend {
  readonly kind: Custody
  readonly name: string

  /** @param name as the custody of its keys says */
  constructor(name: string) {
    const kind = custodies.find((one) => name.startsWith(`${one} `))
    if (kind === undefined) throw new TypeError(`no backend is named ${name}`)
    this.kind = kind
    this.name = name
  }

  makes(): boolean {
    return false
  }

  async make(): Promise<never> {
    throw this.#missing()
  }

  async sign(): Promise<never> {
    throw this.#missing()
  }

  async has(): Promise<boolean> {
    return false
  }

  health(): BackendHealth {
    return {
      ...{ state: 'stopped', because: this.#because, restarts: 0, keys: [], facts: {} },
      ...{ signatures: 0, failures: 0, waiting: 0 },
    }
  }

  onChange(): void {}

  async close(): Promise<void> {}

  get #because(): string {
    const [kind] = this.name.split(' ', 1)
    return kind === 'pkcs11'
      ? 'keys of authorities are in it, and it is not configured here: start with pkcs11-module and pkcs11-token'
      : 'keys of authorities are in it, and it is not configured here: start with its settings'
  }

  #missing(): Fault {
    return new Fault('key-missing', `${this.name}: ${this.#because}`)
  }
}
