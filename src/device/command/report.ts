// SPDX-License-Identifier: Apache-2.0
import { encodePem } from '#format/pem.ts'
import { encodeSpki } from '#format/tpm/structure/spki.ts'
import { formatName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { windowOf } from '#trust/entropy/start-up.ts'
import type { Credential } from '../credential.ts'
import { dueOf } from '../due.ts'
import { DeviceFault } from '../fault.ts'
import { digestOf, type RootNews } from '../follow-roots.ts'
import type { Kept } from '../keep-up.ts'
import type { NoiseBook } from '../noise/noise-book.ts'
import type { NoiseSettings } from '../noise/noise-settings.ts'
import { type Refused, remedyFor } from '../refusal.ts'
import type { Pass } from '../run.ts'
import type { Proved } from '../settle.ts'
import type { Settings } from '../state/settings.ts'
import type { Endorsement } from '../tpm/endorsement.ts'
import { WrongUse } from './options.ts'

/** 0 done, 1 refused, 2 wrong use, 3 broken. */
export type ExitStatus = 0 | 1 | 2 | 3

/** What a command came to: for programs, for people, and for the shell. */
export interface Report {
  readonly status: ExitStatus
  readonly json: Readonly<Record<string, unknown>>
  /** Lines for a person; those of a failure go to standard error. */
  readonly lines: readonly string[]
}

/** An identity as programs read it. */
export function identityOf({ leaf }: Credential, file: string, due: Temporal.Instant) {
  return {
    file,
    subject: formatName(leaf.subject),
    serialNumber: leaf.serialNumber.toHex(),
    notBefore: leaf.notBefore.toString(),
    notAfter: leaf.notAfter.toString(),
    renewFrom: due.toString(),
  }
}

/** One line on a working identity. */
export function workingLine(credential: Credential, file: string, due = dueOf(credential.leaf)) {
  return `  working identity  ${file}, until ${day(credential.leaf.notAfter)}, renewed from ${day(due)}`
}

/** One line on a birth identity, which is never renewed. */
export function birthLine({ leaf }: Credential, file: string): string {
  const { notAfter } = leaf
  const until = notAfter.toString().startsWith('9999') ? 'for life' : `until ${day(notAfter)}`
  return `  birth identity    ${file}, ${until}`
}

function day(instant: Temporal.Instant): string {
  return instant.toString().slice(0, 10)
}

/** What an enrolment came to, with the identities that there are now. */
export function reportEnrolled(
  { standing }: Proved,
  { server, serial }: Settings,
  shown: Pick<Report, 'json' | 'lines'>,
): Report {
  const isKnown = standing.kind === 'known'
  const who = isKnown
    ? { device: standing.device, product: standing.product, state: standing.state }
    : { device: serial, notShown: standing.why }
  return {
    status: 0,
    json: { kind: 'enrolled', ...who, server, ...shown.json },
    lines: [
      `${serial}${isKnown ? ` (${standing.product})` : ''} is enrolled at ${server}`,
      ...shown.lines,
      ...(isKnown ? [] : [`  not shown to the server: ${standing.why}`]),
    ],
  }
}

/** The endorsement key of a TPM, as the server takes it: the certificate, else the bare key. */
export function reportEndorsement({ name, public: key, certificates }: Endorsement): Report {
  const [certificate] = certificates
  const spki = encodeSpki(key).der
  const pem =
    certificate === undefined
      ? encodePem('PUBLIC KEY', spki)
      : encodePem('CERTIFICATE', withoutPadding(certificate))
  return {
    status: 0,
    json: {
      ...{ kind: 'endorsement', name, pem, keySha256: sha256(spki).toHex() },
      certified: certificate !== undefined,
    },
    lines: [pem.trimEnd()],
  }
}

/** A source that passed; one that did not is a break. */
export function reportNoise(noise: NoiseSettings): Report {
  const { path, samples, symbolBits, bitsPerSample, alphaExponent } = noise
  return {
    status: 0,
    json: { kind: 'noise-passed', ...noise, window: windowOf(symbolBits) },
    lines: [
      `${path} passed the start-up tests of SP 800-90B section 4.4`,
      `  ${samples} samples of ${symbolBits} bits, ${bitsPerSample} bits of entropy claimed of each, alpha 2^-${alphaExponent}`,
    ],
  }
}

/** One line on the raw source that is tested before each key. */
export function noiseLine({ path }: NoiseSettings, { failures }: NoiseBook): readonly string[] {
  const failed = failures === 0 ? '' : `; its tests failed ${failures} times here`
  return [`  noise source      ${path}, tested before each key${failed}`]
}

/** Some makers fill the memory behind the certificate; DER says where it ends. */
function withoutPadding(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, 4 + ((bytes[2] ?? 0) << 8) + (bytes[3] ?? 0))
}

/** A pass of `renew` or `run`. */
export function reportKept(kept: Kept, file: string): Report {
  const words = {
    'nothing-due': 'nothing is due',
    recovered: 'recovered through the birth identity',
    renewed: 'renewed',
  }[kept.what]
  return {
    status: 0,
    json: {
      kind: kept.what,
      working: identityOf(kept.credential, file, kept.due),
      ...(kept.unheard !== undefined && { serverNotHeard: kept.unheard }),
      ...(kept.roots !== undefined && { roots: rootsJson(kept.roots) }),
    },
    lines: [
      words,
      workingLine(kept.credential, file, kept.due),
      ...(kept.unheard === undefined ? [] : [`  the server was not heard: ${kept.unheard}`]),
      ...rootLines(kept.roots),
    ],
  }
}

function rootsJson({ followed, dropped, ignored }: RootNews) {
  return {
    followed: followed.map(digestOf),
    dropped: dropped.map(digestOf),
    ignored: ignored.map(({ reason, detail }) => ({ reason, detail, hint: remedyFor(reason) })),
  }
}

/** Nothing, most days. */
function rootLines(news: RootNews | undefined): readonly string[] {
  if (news === undefined) return []
  return [
    ...news.followed.map((root) => `  believes the root ${digestOf(root)} from now on`),
    ...news.dropped.map((root) => `  believes the root ${digestOf(root)} no more`),
    ...news.ignored.map(({ reason, detail }) => `  follows no root: ${reason}: ${detail}`),
  ]
}

/** A pass of the daemon, whatever came of it. */
export function reportPass(pass: Pass, file: string): Report {
  if (pass instanceof DeviceFault) return reportThrown(pass)
  if (pass.kind === 'kept') return reportKept(pass, file)
  if (pass.kind === 'refused') return reportRefused(pass)
  return {
    status: 3,
    json: { kind: 'later', detail: pass.detail },
    lines: [`vitalsign-device: ${pass.detail}`, 'hint: the server asks to come again later'],
  }
}

export function reportRefused({ reason, detail }: Refused): Report {
  const hint = remedyFor(reason)
  return {
    status: 1,
    json: { kind: 'refused', reason, detail, hint },
    lines: [`vitalsign-device: ${reason}: ${detail}`, `hint: ${hint}`],
  }
}

/** Anything thrown: wrong use, a break with its remedy, or a fault of this program. */
export function reportThrown(error: unknown): Report {
  if (error instanceof WrongUse) {
    const { message: detail, hint } = error
    return failure(2, { kind: 'wrong-use', detail, hint })
  }
  if (error instanceof DeviceFault) {
    const { code: reason, message: detail, remedy: hint } = error
    return failure(3, { kind: 'broken', reason, detail, hint })
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return failure(3, {
    kind: 'broken',
    detail,
    hint: 'this is a fault of the program; please report it',
  })
}

function failure(
  status: 2 | 3,
  json: {
    readonly kind: string
    readonly reason?: string
    readonly detail: string
    readonly hint: string
  },
): Report {
  const reason = json.reason === undefined ? '' : `${json.reason}: `
  return {
    status,
    json,
    lines: [`vitalsign-device: ${reason}${json.detail}`, `hint: ${json.hint}`],
  }
}
