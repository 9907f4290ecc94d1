// SPDX-License-Identifier: Apache-2.0
/** The caller's side of the load generator, which is a process of its own. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** One order for the load generator. */
export interface Load {
  /** A fresh TLS connection for each request, or kept ones over TLS or plain HTTP. */
  readonly kind: 'tls' | 'kept-tls' | 'http'
  readonly port: number
  readonly clients: number
  /** The bytes of each request in Latin-1; the connection closes after its answer if it is fresh. */
  readonly requests: readonly string[]
  /** A shorter answer is an error, whatever its status; absent: none is. */
  readonly leastBytes?: number
  /** PEM, for TLS. */
  readonly key?: string
  readonly certificate?: string
}

export interface Borne {
  readonly seconds: number
  readonly answered: number
  /** Whatever is neither 200 nor 204, or too short. */
  readonly errors: number
  readonly firstError: string
  readonly medianMilliseconds: number
  readonly p95Milliseconds: number
  readonly p99Milliseconds: number
}

export class LoadGenerator {
  readonly #child: ChildProcess

  constructor() {
    this.#child = fork(new URL('load-process.ts', import.meta.url), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    process.once('exit', () => this.#child.kill('SIGKILL'))
  }

  async bear(load: Load): Promise<Borne> {
    this.#child.send(load)
    const [borne] = await once(this.#child, 'message')
    return borne
  }

  stop(): void {
    this.#child.disconnect()
  }
}
