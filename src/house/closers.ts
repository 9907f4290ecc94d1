// SPDX-License-Identifier: Apache-2.0
/** Hears of what broke behind the doors; MUST NOT throw. */
export type Report = (what: string, cause: unknown, facts?: Record<string, unknown>) => void

/** What was opened, closed again in the opposite order. */
export class Closers {
  readonly #closers: (() => unknown)[] = []
  readonly #report: Report

  constructor(report: Report) {
    this.#report = report
  }

  add(close: () => unknown): void {
    this.#closers.push(close)
  }

  /** Closes all: what breaks, as when the database is away, is reported and holds up nothing else. */
  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close()
      } catch (cause) {
        this.#report('the house was not closed in good order', cause)
      }
    }
  }
}
