// SPDX-License-Identifier: Apache-2.0
/** Whether devices in the field would take an artefact, now and for as long as they are to. */
import type { ByteSource } from '#format/archive/byte-source.ts'
import { refuse } from '#trust/refusal.ts'
import { bootloaderRule } from '../bootloader-rules.ts'
import type { AnyForm } from '../forms.ts'
import { judgeSigner, type SignerClaim } from '../judge-signer.ts'
import type { ArtefactRefused } from '../refusal.ts'
import type { DeviceTrust, Verdict } from '../verdict.ts'
import type { SetBehaviour } from './behaviour.ts'
import { compareVersions } from './compare-versions.ts'
import { type DeclaredDevice, readDevice, trustAt } from './declared-device.ts'
import { type Moment, momentsBetween } from './moments.ts'

export interface PredictionAsked {
  /** That of the device. */
  readonly form: AnyForm
  readonly source: ByteSource
  /** Of a detached form: what was signed. */
  readonly beside?: ByteSource | undefined
  readonly device: DeclaredDevice
  readonly now: Temporal.Instant
  /** Until when the device is to take it; undefined: only now, and what is asked. */
  readonly supportUntil: Temporal.Instant | undefined
  /** Further moments. */
  readonly alsoAt: readonly Temporal.Instant[]
}

/** What a device says at a moment. */
export interface Prediction extends Moment {
  readonly outcome: Verdict | ArtefactRefused
}

export interface Predicted {
  readonly kind: 'predicted'
  /** In order of time, the present first. */
  readonly predictions: readonly Prediction[]
  /** Whether it is taken at every one of them. */
  readonly accepts: boolean
}

/**
 * Has the form judge the file as the device would, now, at the end of support, and whenever in between something
 * changes that the judgement hangs on.
 *
 * The octets are read again only where the signers are judged in a way that was not met before: what the file itself
 * says is the same at any time.
 *
 * @returns a refusal where the declaration itself makes no sense
 */
export async function predict(asked: PredictionAsked): Promise<Predicted | ArtefactRefused> {
  const { device, now, supportUntil, alsoAt } = asked
  const behaviour = readDevice(device)
  if (behaviour.kind === 'refused') return behaviour
  const judge = new JudgeOverTime(asked, behaviour)
  const predictions: Prediction[] = [{ at: now, why: 'now', outcome: await judge.outcomeAt(now) }]
  const last = supportUntil ?? now
  const moments = [
    ...momentsBetween(device, judge.claims, now, last),
    ...(supportUntil === undefined ? [] : [{ at: supportUntil, why: 'the end of support' }]),
    ...alsoAt.map((at) => ({ at, why: 'asked' })),
  ].toSorted((one, other) => Temporal.Instant.compare(one.at, other.at))
  for (const moment of moments)
    predictions.push({ ...moment, outcome: await judge.outcomeAt(moment.at) })
  return {
    kind: 'predicted',
    predictions,
    accepts: predictions.every(({ outcome }) => outcome.kind === 'genuine'),
  }
}

class JudgeOverTime {
  readonly #asked: PredictionAsked
  readonly #behaviour: SetBehaviour
  /** Outcomes by what was said of each signer. */
  readonly #known = new Map<string, Verdict | ArtefactRefused>()
  /** The signers whose signature held, as far as a judgement came. */
  claims: readonly SignerClaim[] = []

  constructor(asked: PredictionAsked, behaviour: SetBehaviour) {
    this.#asked = asked
    this.#behaviour = behaviour
  }

  async outcomeAt(at: Temporal.Instant): Promise<Verdict | ArtefactRefused> {
    const trust = trustAt(this.#asked.device, this.#behaviour, at)
    if ('kind' in trust) return trust
    const said = await this.#judge(trust)
    const known = this.#known.get(keyOf(said))
    if (known !== undefined)
      // The same word, with the times of this moment.
      return said.find((one) => one?.reason === (known.kind === 'refused' && known.reason)) ?? known
    return this.#read(trust)
  }

  /** What is said of each signer; undefined: it is believed. */
  async #judge(trust: DeviceTrust): Promise<readonly (ArtefactRefused | undefined)[]> {
    const said: (ArtefactRefused | undefined)[] = []
    for (const claim of this.claims) {
      const one = await judgeSigner(claim, trust)
      said.push('reason' in one ? one : undefined)
    }
    return said
  }

  async #read(trust: DeviceTrust): Promise<Verdict | ArtefactRefused> {
    const { form, source, beside } = this.#asked
    const heard: SignerClaim[] = []
    const listening = { ...trust, hears: (claim: SignerClaim) => void heard.push(claim) }
    const verdict = await form.verify(source, listening, beside)
    const outcome = verdict.kind === 'refused' ? verdict : this.#judgeRest(verdict)
    if (heard.length > this.claims.length) {
      // A judgement that came further tells of more signers, and what was known told them not apart.
      this.claims = heard
      this.#known.clear()
    }
    this.#known.set(keyOf(await this.#judge(trust)), outcome)
    return outcome
  }

  /** What the verifier of the device asks beyond what the file says. */
  #judgeRest(verdict: Verdict): Verdict | ArtefactRefused {
    const { device } = this.#asked
    const { verifier, keys } = bootloaderRule(device.form)
    const stranger = verdict.signers.find(
      ({ publicKey }) => !keys.some((key) => key === publicKey.algorithm),
    )
    if (stranger !== undefined)
      return refuse(
        'artefact-signer-unfit',
        `${verifier} checks no signature of a key of ${stranger.publicKey.algorithm}; it knows ${keys.join(', ')}`,
      )
    const { minimumVersion } = device
    if (minimumVersion === undefined) return verdict
    const { version } = verdict
    const order = version === undefined ? undefined : compareVersions(version, minimumVersion)
    if (order === undefined)
      return refuse(
        'artefact-version-missing',
        `its version is ${version ?? 'not said'}, the device compares it with ${minimumVersion}`,
      )
    if (order >= 0) return verdict
    return refuse(
      'artefact-version-lower',
      `its version is ${version}, the device takes none below ${minimumVersion}`,
    )
  }
}

function keyOf(said: readonly (ArtefactRefused | undefined)[]): string {
  return said.map((one) => one?.reason ?? 'believed').join(' ')
}
