// SPDX-License-Identifier: Apache-2.0
import {
  type Judgement,
  judgeReadings,
  maySign,
  type Readings,
  readForJudgement,
} from '#core/approvals/judge-release.ts'
import { refuseDisputed } from '#core/approvals/refuse-disputed.ts'
import { Fault } from '#core/fault.ts'
import type { Release, SignedArtefactRecord } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { lineOf } from '#core/releases/security-version.ts'
import { isFormName } from '#core/signing/artefact-key.ts'
import type { Progress } from '#core/signing/make-outputs.ts'
import type { ReleaseInHand } from '#core/signing/releases-in-hand.ts'
import { signDigest } from '#core/signing/sign-digest.ts'
import {
  type ReleaseSigned,
  type ReleaseSigningPorts,
  signRelease,
} from '#core/signing/sign-release.ts'
import { notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import { archiveTools } from '#edge/images/tools.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import type { ArtefactForms } from '#trust/artefact/forms.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'

type SigningVerbs = Pick<Verbs, 'release.sign' | 'release.sign-digest' | 'release.time-stamp'>
type Line = OutputOf<'release.sign'>

/** The act of signing, and what came out of it. */
export function signingVerbs(core: Core): SigningVerbs {
  const { ledger } = core
  return {
    'release.sign': async ({ release: id, forms }, { caller }) => {
      const release = await ledger.read('release', id)
      if (release === undefined) return notFound(id)
      const ports = await signingPorts(core)
      return linesOf((tell) => signRelease(release, forms, caller.actor, ports, tell))
    },

    'release.sign-digest': async ({ release: id, key: by, sha256, message }, { caller }) => {
      const release = await ledger.read('release', id)
      const key = await ledger.read('artefactKey', by)
      if (release === undefined || key === undefined) return notFound(release ? by : id)
      const asked = {
        ...{ release, key, sha256: Uint8Array.fromHex(sha256) },
        message: message === undefined ? undefined : Uint8Array.fromBase64(message),
      }
      const done = await signDigest(asked, caller.actor, await signingPorts(core))
      if (done.kind === 'refused') return done
      const { record, signature, isRepeated } = done
      const [algorithm = 'unknown'] = textsIn(record.facts['algorithms'])
      const signed = { signed: record.id, name: record.name, algorithm }
      return { ...signed, signature: signature.toBase64(), isRepeated }
    },

    'release.time-stamp': async ({ signed: id }) => {
      const signed = await ledger.read('signedArtefact', id)
      if (signed === undefined) return notFound(id)
      const { timeStamp, sha256 } = signed
      return timeStamp === null
        ? refuse(
            'not-found',
            `${signed.name} carries no time-stamp: only what is for production does`,
          )
        : { signed: id, over: sha256.toHex(), token: timeStamp.toBase64() }
    },
  }
}

let forms: Promise<ArtefactForms> | undefined

/** What core needs to sign releases here; the forms are loaded when the first is signed, and not to serve devices. */
export async function signingPorts(core: Core): Promise<ReleaseSigningPorts> {
  forms ??= import('#trust/artefact/forms.ts').then(({ artefactForms }) =>
    artefactForms(archiveTools()),
  )
  return {
    ...core,
    forms: await forms,
    judge: (release, hand) => judge(release, hand, core),
    refuseDisputed: async (release, hand) => refuseDisputed(await judgement(release, hand, core)),
  }
}

async function judge(
  release: Release,
  hand: ReleaseInHand | undefined,
  core: Core,
): Promise<Refused | undefined> {
  const judged = await judgement(release, hand, core)
  if (maySign(judged)) return undefined
  const { verdict, checks, missing } = judged
  const failed = checks.flatMap(({ asked, passed, check, detail }) =>
    asked && !passed ? [`${check}: ${detail}`] : [],
  )
  const why = [...failed, ...missing].join('; ')
  return refuse('release-not-approved', `it may not be signed now (${verdict}): ${why}`)
}

/** By the clock and the line of this very moment; what it was found to be in this epoch is not read again. */
async function judgement(
  release: Release,
  hand: ReleaseInHand | undefined,
  core: Core,
): Promise<Judgement> {
  const { ledger, clock } = core
  const read = () => readForJudgement(release, core)
  const isGood = (found: Readings) => maySign(judgeReadings(found, undefined, clock.now()))
  const readings = await (hand === undefined ? read() : hand.know('readings', read, isGood))
  return judgeReadings(readings, await lineOf(release, ledger), clock.now())
}

/** Progress as it comes, and the outcome last. For want of space it is the refusal that says so. */
async function* linesOf(
  work: (tell: (progress: Progress) => void) => Promise<ReleaseSigned>,
): AsyncGenerator<Line> {
  const waiting: Progress[] = []
  let wake = () => {}
  const outcome = work((progress) => {
    waiting.push(progress)
    wake()
  })
  let done = false
  const ended = outcome.then(
    () => undefined,
    () => undefined,
  )
  void ended.then(() => {
    done = true
    wake()
  })
  for (;;) {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      yield { kind: 'progress', ...next }
    if (done) break
    await new Promise<void>((resolve) => {
      wake = resolve
      if (done || waiting.length > 0) resolve()
    })
  }
  const signed = await outcome.catch(refuseFull)
  if (signed.kind === 'refused')
    yield { kind: 'refused', reason: signed.reason, detail: signed.detail }
  else {
    const { release, isRepeated } = signed
    const shown = signed.signed.map(showSigned)
    yield { kind: 'signed', release: release.id, state: release.state, isRepeated, signed: shown }
  }
}

/** The head of the answer has gone out: only a line can tell. */
function refuseFull(error: unknown): Refused {
  if (!(error instanceof Fault) || error.code !== 'store-full') throw error
  return refuse(
    'store-full',
    'the disk of the server is full; nothing was signed: free space, and sign again',
  )
}

type SignedView = Extract<Line, { readonly kind: 'signed' }>['signed'][number]

function showSigned(record: SignedArtefactRecord): SignedView {
  const { id, part, form, name, sourceSha256, sha256, octets, keys, timeStamp, facts } = record
  if (!isFormName(form)) throw new TypeError(`${form} is no form`)
  return {
    ...{ id, part, form, name, sourceSha256: sourceSha256.toHex(), sha256: sha256.toHex(), octets },
    ...{ keys: [...keys], keyNames: textsIn(facts['keyNames']) },
    ...{ algorithms: textsIn(facts['algorithms']), isTimeStamped: timeStamp !== null },
    ...{ signedBy: record.signedBy, signedAt: record.signedAt.toString() },
  }
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}
