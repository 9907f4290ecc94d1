// SPDX-License-Identifier: Apache-2.0
import type { Batch, Enforced, Examined, IntegrationDesk } from '#core/enforcement/port.ts'
import type { Integration } from '#core/ledger/tables.ts'
import { postSigned, type SigningPorts } from '#edge/http/post-signed.ts'
import { type Place, PlaceError } from '../place.ts'
import { encodeMessage, readAnswer, testMessage } from './message.ts'

export interface WebhookMeans {
  readonly place: Place
  readonly signer: SigningPorts['signer']
  /** For a test's id, so that it is told apart from all others. */
  nonce(): string
}

/** A number with a name; whoever answers more has something else in mind. */
const mostAnswerBytes = 4_096

/** A program of the maker, or one beside a broker, told by a signed POST; it says how many sessions it ended. */
export class WebhookDesk implements IntegrationDesk {
  readonly #means: WebhookMeans

  constructor(means: WebhookMeans) {
    this.#means = means
  }

  async enforce(integration: Integration, batch: Batch, signal: AbortSignal): Promise<Enforced> {
    const posted = await this.#post(integration, batch.id, encodeMessage(batch), signal)
    if (posted.kind !== 'answered') return posted
    const { ended } = posted
    return { kind: 'enforced', sessionsEnded: ended, isCounted: true }
  }

  async examine(integration: Integration, signal: AbortSignal): Promise<Examined> {
    const id = `test-${this.#means.nonce()}`
    const posted = await this.#post(integration, id, testMessage(id), signal)
    if (posted.kind !== 'answered') return { kind: 'down', detail: posted.detail }
    return { kind: 'well', facts: { answer: 'confirmed' } }
  }

  async #post(
    { address, settings }: Integration,
    id: string,
    body: Uint8Array,
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: 'answered'; readonly ended: number }
    | { readonly kind: 'refused' | 'down'; readonly detail: string }
  > {
    const { place, signer } = this.#means
    const { rootsFile } = settings
    let roots: readonly string[] | undefined
    try {
      roots = rootsFile === undefined ? undefined : [place.text(rootsFile)]
    } catch (error) {
      if (error instanceof PlaceError) return { kind: 'down', detail: error.message }
      throw error
    }
    const post = { address, id, body, mostAnswerBytes }
    const posted = await postSigned(post, signal, { signer, ...(roots && { roots }) })
    if (posted.kind === 'unanswered') return { kind: 'down', detail: posted.detail }
    const { status } = posted
    // What is wrong with one message need not be wrong with the next; a server that is broken answers all alike.
    if (status < 200 || status > 299)
      return { kind: status >= 500 ? 'down' : 'refused', detail: `it answered ${status}` }
    const ended = readAnswer(posted.body)
    if (ended === undefined)
      return { kind: 'refused', detail: `it answered ${status} and did not confirm` }
    return { kind: 'answered', ended }
  }
}
