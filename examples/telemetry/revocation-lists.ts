// SPDX-License-Identifier: Apache-2.0
/** Keeps revocation lists fresh in a file, for TLS to look at when a connection opens. */
import { renameSync, writeFileSync } from 'node:fs'

export interface ListOptions {
  /** One a list: of the authority that issues, and of the root. */
  readonly urls: readonly string[]
  /** Where they are written, all in one, PEM. */
  readonly file: string
  /** Called after the file changed. */
  changed(): void
}

/** Asked at the latest so often; a list says itself until when it is good. */
const everyMilliseconds = 60_000

export class RevocationLists {
  readonly #options: ListOptions
  readonly #kept = new Map<string, { readonly etag: string | null; readonly pem: string }>()
  #running: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  constructor(options: ListOptions) {
    this.#options = options
  }

  /** Fetches what is new now, and from then on by itself. @throws if the first time fails */
  async start(): Promise<void> {
    await this.#fetchAll()
    // A list that cannot be fetched stays as it was until its time is over, and then nobody comes in by it.
    this.#timer = setInterval(() => void this.refresh(), everyMilliseconds)
  }

  /** Fetches what is new, after whatever is being fetched; a failure waits for the next time. */
  refresh(): Promise<void> {
    this.#running = this.#running.then(() => this.#fetchAll()).catch(() => {})
    return this.#running
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #fetchAll(): Promise<void> {
    const { urls, file, changed } = this.#options
    const fetched = await Promise.all(urls.map((url) => this.#fetch(url)))
    if (!fetched.includes(true)) return
    const text = [...this.#kept.values()].map(({ pem }) => pem).join('')
    // Whoever reads meanwhile reads the old ones or the new, never half of one.
    writeFileSync(`${file}.part`, text)
    renameSync(`${file}.part`, file)
    changed()
  }

  /** @returns whether it is another than before */
  async #fetch(url: string): Promise<boolean> {
    const etag = this.#kept.get(url)?.etag
    const answer = await fetch(url, { headers: etag ? { 'if-none-match': etag } : {} })
    if (answer.status === 304) return false
    if (!answer.ok) throw new Error(`${url} answers ${answer.status}`)
    const der = Buffer.from(await answer.arrayBuffer())
    const lines = der.toString('base64').replace(/(.{64})(?=.)/g, '$1\n')
    const pem = `-----BEGIN X509 CRL-----\n${lines}\n-----END X509 CRL-----\n`
    const isNew = this.#kept.get(url)?.pem !== pem
    this.#kept.set(url, { etag: answer.headers.get('etag'), pem })
    return isNew
  }
}
