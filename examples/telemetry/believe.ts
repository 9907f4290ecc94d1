// SPDX-License-Identifier: Apache-2.0
/**
 * Whether to believe the peer of a TLS connection. Three checks, and none of them is enough alone:
 *
 * 1. Is it genuine? TLS has found a path from its certificate to our root, and that it holds the key.
 * 2. Is it whom we expect? A valid certificate says who somebody is, never that he may: a toaster of the same
 *    maker has one, too. We want a device, of our product.
 * 3. Does trust in it still hold? Asked of Vitalsign, for each connection; if it cannot be reached, the
 *    revocation list that TLS has checked already has to do.
 */
import type { X509Certificate } from 'node:crypto'
import { Agent, request } from 'node:https'
import { readIdentity } from './identity.ts'

export interface BelieveOptions {
  /** Where Vitalsign is: `https://HOST:PORT` of the devices' port. */
  readonly vitalsign: string
  /** The directory with our own identity as a client of it, as `vitalsign-device --publish` writes it. */
  readonly identity: string
  readonly product: string
}

export type Belief =
  | { readonly kind: 'believed'; readonly serial: string; readonly by: 'vitalsign' | 'list' }
  | { readonly kind: 'refused'; readonly reason: string; readonly because: string }

/** What we rely on of the answer of `POST /api/v1/verify`. */
interface Verdict {
  readonly trusted: boolean
  readonly reason: string | null
  readonly because: string | null
  readonly serial: string | null
}

/** A device waits for its first answer meanwhile. */
const patienceMilliseconds = 3_000

/** Asks Vitalsign about peers, over one connection that is kept. */
export class Believer {
  readonly #options: BelieveOptions
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 })

  constructor(options: BelieveOptions) {
    this.#options = options
  }

  /** @param certificate of a peer that TLS has authorized */
  async believe(certificate: X509Certificate): Promise<Belief> {
    try {
      const verdict = await this.#ask(certificate)
      if (verdict.trusted && verdict.serial !== null)
        return { kind: 'believed', serial: verdict.serial, by: 'vitalsign' }
      const { reason, because } = verdict
      return { kind: 'refused', reason: reason ?? 'no-device', because: because ?? '' }
    } catch (error) {
      if (!(error instanceof VitalsignAway)) throw error
      return this.#byListAlone(certificate)
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  /**
   * Vitalsign is away. Whoever is connected stays so, and whoever comes is let in by what TLS has checked: path,
   * purpose and a revocation list that is not past its time. A pump that reports to nobody harms a patient sooner
   * than one whose quarantine is minutes old; where it is the other way round, refuse here.
   */
  #byListAlone(certificate: X509Certificate): Belief {
    const product = attributeOf(certificate, 'OU')
    const serial = attributeOf(certificate, 'serialNumber')
    if (product === this.#options.product && serial !== undefined)
      return { kind: 'believed', serial, by: 'list' }
    return { kind: 'refused', reason: 'identity-differs', because: `its product is ${product}` }
  }

  #ask(certificate: X509Certificate): Promise<Verdict> {
    const { vitalsign, identity, product } = this.#options
    const body = JSON.stringify({ chain: certificate.raw.toString('base64'), product })
    const { promise, resolve, reject } = Promise.withResolvers<Verdict>()
    const away = (cause: unknown) => reject(new VitalsignAway('no answer', { cause }))
    const asked = request(
      new URL('/api/v1/verify', vitalsign),
      {
        ...{ method: 'POST', agent: this.#agent, ...readIdentity(identity) },
        headers: { 'content-type': 'application/json' },
        signal: AbortSignal.timeout(patienceMilliseconds),
      },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (more: string) => {
          text += more
        })
        answer.on('error', away)
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve(readVerdict(text))
          // A server that is busy or broken is as good as away; any other "no" is about ourselves.
          else if ((answer.statusCode ?? 0) >= 500 || answer.statusCode === 429) away(text)
          else resolve({ ...no, reason: 'may-not-ask', because: `${answer.statusCode} ${text}` })
        })
      },
    )
    asked.on('error', away)
    asked.end(body)
    return promise
  }
}

const no = { trusted: false, serial: null } as const

class VitalsignAway extends Error {}

function readVerdict(text: string): Verdict {
  const { trusted, reason, because, serial } = JSON.parse(text) as Record<string, unknown>
  const word = (value: unknown) => (typeof value === 'string' ? value : null)
  // Whatever is not plainly a yes is a no.
  return {
    trusted: trusted === true,
    reason: word(reason),
    because: word(because),
    serial: word(serial),
  }
}

/** One attribute of the subject, which Node tells as lines; two of a kind tell nothing. */
function attributeOf({ subject }: X509Certificate, type: string): string | undefined {
  const found = subject.split('\n').filter((line) => line.startsWith(`${type}=`))
  return found.length === 1 ? found[0]?.slice(type.length + 1) : undefined
}
