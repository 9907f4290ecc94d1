// SPDX-License-Identifier: Apache-2.0

/**
 * Counts the sessions that our commands ended, from what the broker writes to its log topics.
 *
 * Mosquitto handles one message after the other, and tells its log in that order: what it ended for a command stands
 * before the line about the command itself, which names who gave it.
 */
export class SessionLog {
  readonly #mark: string
  #unclaimed = 0
  #ended = 0

  /** @param clientId our own, which stands in the lines about our commands */
  constructor(clientId: string) {
    this.#mark = `dynsec: ${clientId}/`
  }

  hear(line: string): void {
    if (/^(?:\d+: )?Client .* been disconnected by administrative action\.\s*$/.test(line)) {
      this.#unclaimed++
      return
    }
    // At the beginning alone: further behind may stand whatever a client calls itself.
    const said = line.replace(/^\d+: /, '')
    if (!said.startsWith('dynsec: ')) return
    if (said.startsWith(this.#mark)) this.#ended += this.#unclaimed
    this.#unclaimed = 0
  }

  /** Sessions that ended since it was last asked. */
  take(): number {
    // Without lines about commands, what ended while ours were under way is taken for theirs.
    const ended = this.#ended + this.#unclaimed
    this.#ended = 0
    this.#unclaimed = 0
    return ended
  }
}
