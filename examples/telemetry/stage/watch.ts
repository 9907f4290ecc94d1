// SPDX-License-Identifier: Apache-2.0
/** What server and pumps tell, put together: who is connected over which port, and since when no more. */
import { Failed } from '../../../demo/programs.ts'
import type { Said, Way } from '../say.ts'

export type Heard = Said & { readonly at: number }

/** How one pump reports one way. */
export interface Line {
  /** The pump's TCP port while it is connected. */
  readonly port: number | undefined
  /** How often it connected. */
  readonly times: number
  readonly readings: number
  /** When its last connection was lost, in milliseconds since 1970. */
  readonly lostAt: number | undefined
  /** How often it was told no since then. */
  readonly refused: number
  /** Of HTTPS: by whose word the server believed it last. */
  readonly by: 'vitalsign' | 'list' | undefined
}

const nothing: Line = {
  port: undefined,
  times: 0,
  readings: 0,
  lostAt: undefined,
  refused: 0,
  by: undefined,
}

/** Longer than anything takes on a slow machine. */
const patienceMilliseconds = 60_000

export class Watch {
  readonly #lines = new Map<string, Line>()
  readonly #waiting = new Set<() => void>()
  readonly #tell: (heard: Heard) => void

  /** @param tell hears of everything, too */
  constructor(tell: (heard: Heard) => void = () => {}) {
    this.#tell = tell
  }

  /** What one of the programs said. */
  readonly hear = (heard: Heard): void => {
    this.#tell(heard)
    if (heard.what === 'refused' && heard.serial !== undefined)
      this.#put({ ...heard, serial: heard.serial }, (line) => ({
        ...line,
        refused: line.refused + 1,
      }))
    if (heard.what === 'connected')
      this.#put(heard, (line) =>
        heard.by === undefined
          ? { ...line, port: heard.port, times: line.times + 1 }
          : { ...line, by: heard.by },
      )
    if (heard.what === 'lost')
      this.#put(heard, (line) => ({ ...line, port: undefined, lostAt: heard.at, refused: 0 }))
    if (heard.what === 'reading')
      this.#put(heard, (line) => ({ ...line, readings: line.readings + 1 }))
    for (const look of this.#waiting) look()
  }

  lineOf(serial: string, way: Way): Line {
    return this.#lines.get(`${serial} ${way}`) ?? nothing
  }

  /** Resolves once something is so. @throws Failed if it never is */
  async until(what: string, isSo: (watch: Watch) => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = () => {
      if (isSo(this)) resolve()
    }
    const late = setTimeout(() => reject(new Failed(`it is not so: ${what}`)), patienceMilliseconds)
    this.#waiting.add(look)
    look()
    return promise.finally(() => {
      clearTimeout(late)
      this.#waiting.delete(look)
    })
  }

  /**
   * Resolves once a pump that lost its connections was told no by the server. Twice: a reading that was under way
   * when it was cut off is the first.
   */
  untilRefused(serial: string): Promise<void> {
    return this.until(`${serial} is refused`, () => this.lineOf(serial, 'https').refused > 1)
  }

  /** Resolves once each of these pumps sent so many readings more, both ways. */
  untilMore(serials: readonly string[], readings: number): Promise<void> {
    const wanted = serials.flatMap((serial) =>
      ways.map((way) => ({ serial, way, from: this.lineOf(serial, way).readings })),
    )
    return this.until(`${serials.join(', ')} send readings`, () =>
      wanted.every(({ serial, way, from }) => this.lineOf(serial, way).readings >= from + readings),
    )
  }

  #put({ serial, over }: { serial: string; over: Way }, change: (line: Line) => Line): void {
    this.#lines.set(`${serial} ${over}`, change(this.lineOf(serial, over)))
  }
}

export const ways = ['https', 'mqtt'] as const
