// SPDX-License-Identifier: Apache-2.0

const beatMilliseconds = 100
/** What takes no longer than a second shows nothing. */
const beatsOfSilence = 10
const wheel = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const

/** One line on a terminal that says how far something is; nothing where no terminal is. */
export class Progress {
  readonly #stream: NodeJS.WriteStream
  #text: string
  #beats = 0
  #timer: NodeJS.Timeout | undefined
  #isShown = false

  constructor(stream: NodeJS.WriteStream, text: string) {
    this.#stream = stream
    this.#text = text
    if (stream.isTTY !== true) return
    this.#timer = setInterval(() => this.#beat(), beatMilliseconds)
  }

  update(text: string): void {
    this.#text = text
  }

  /** Takes the line away, so that another can be written; the next beat brings it back. */
  clear(): void {
    if (this.#isShown) this.#stream.write('\r\u001b[K')
    this.#isShown = false
  }

  /** Takes the line away for good; a second time does nothing. */
  end(): void {
    clearInterval(this.#timer)
    this.clear()
  }

  #beat(): void {
    if (++this.#beats <= beatsOfSilence) return
    const sign = wheel[this.#beats % wheel.length]
    const line = `${sign} ${this.#text}`.slice(0, this.#stream.columns - 1)
    this.#stream.write(`\r\u001b[K${line}`)
    this.#isShown = true
  }
}

/** A bar of 24 characters, with its share in per cent; `share` from 0 to 1. */
export function bar(share: number): string {
  const width = 24
  const filled = Math.round(Math.min(Math.max(share, 0), 1) * width)
  const percent = Math.floor(Math.min(Math.max(share, 0), 1) * 100)
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${String(percent).padStart(3)} %`
}
