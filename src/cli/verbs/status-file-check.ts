// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { parsePem } from '#format/pem.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'
import { openStatusFile, type TrustedStatusFile } from '#trust/compact-status/open-status-file.ts'
import { type CompactAnswer, statusOfPath } from '#trust/compact-status/status-of.ts'
import { type ValidPath, validatePath } from '#trust/path.ts'
import type { Refused } from '#trust/refusal.ts'
import { anchorOf, type TrustAnchor } from '#trust/trust-anchor.ts'
import { certificatesOf } from '../commands/certificate-file.ts'
import { readFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { pairLines } from '../show/record.ts'
import { printable } from '../show/value.ts'
import { exit, Stop } from '../stop.ts'
import { type Call, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** What a gateway does: believes a status file by a root, and asks it about a certificate. No server is asked. */
export const checkStatusFile: Verb = async (call) => {
  const { said, means } = call
  const now = means.now()
  const anchors = certificatesIn(said.text('anchors') ?? '').map(believed)
  const opened = openStatusFile(readFile(said.text('file') ?? '', 'FILE'), {
    ...{ anchors, at: now, ifStale: said.has('useStale') ? 'use' : 'refuse' },
  })
  if (opened.kind === 'refused') throw stopFor(opened)
  const { trusted } = opened
  const path = said.text('certificate')
  const valid = path === undefined ? undefined : pathOf(path, trusted, anchors, now)
  const answers = valid ? statusOfPath(trusted, valid, now) : []
  await tell(call, trusted, valid, answers)
  return answers.every((answer) => answer === 'fine') ? exit.done : exit.refused
}

function certificatesIn(path: string): readonly Certificate[] {
  const pem = certificatesOf(readFile(path, path), path)
  return parsePem(pem).map(({ bytes }) => parseCertificate(bytes, { unknownCritical: 'keep' }))
}

function believed(certificate: Certificate): TrustAnchor {
  const anchor = anchorOf(certificate)
  if (anchor.kind === 'refused') throw stopFor(anchor)
  return anchor.anchor
}

/** What stands between may come with the certificate, or with the file's own signatures. */
function pathOf(
  path: string,
  { file }: TrustedStatusFile,
  anchors: readonly TrustAnchor[],
  at: Temporal.Instant,
): ValidPath {
  const [leaf, ...intermediates] = certificatesIn(path)
  if (leaf === undefined) throw new Stop(exit.wrongUse, `${path} has no certificate in it`)
  const others = file.signatures.flatMap(({ certificates }) => certificates.flatMap(parsed))
  const valid = validatePath({
    ...{ leaf, intermediates: [...intermediates, ...others], anchors, at, purpose: 'any' },
    // That it has expired is an answer, and no flaw of its chain.
    ignoreExpiry: true,
  })
  if (valid.kind === 'refused') throw stopFor(valid)
  return valid.path
}

function parsed(der: Uint8Array): readonly Certificate[] {
  try {
    return [parseCertificate(der, { unknownCritical: 'keep' })]
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return []
  }
}

function stopFor({ reason, detail }: Refused<string>): Stop {
  return new Stop(exit.refused, detail, { code: reason })
}

async function tell(
  call: Call,
  { file, sha256, isStale }: TrustedStatusFile,
  path: ValidPath | undefined,
  answers: readonly CompactAnswer[],
): Promise<void> {
  const { number, coversUntil, expiresAt } = file
  const certificates = answers.map((answer, index) => {
    const subject = path?.certificates[index]?.subject
    return { subject: subject ? formatName(subject) : '', answer }
  })
  if (isJson(call)) {
    const facts = { number, coversUntil, expiresAt, sha256: sha256.toHex(), stale: isStale }
    await call.terminal.write(jsonText({ ...facts, certificates }))
    return
  }
  const { paint } = call.terminal
  await writeLines(call, [
    `${isStale ? paint('yellow', '! the file is signed, and stale') : `${paint('green', '✓')} the file is signed, and fresh`}`,
    ...pairLines(
      [
        ['number', String(number)],
        ['covers', `what was issued before ${coversUntil}`],
        ['good until', String(expiresAt)],
        ['file', `SHA-256 ${sha256.toHex()}`],
      ],
      { ...tableOptions(call), indent: '  ' },
    ),
    ...certificates.map(({ subject, answer }) => {
      const mark = answer === 'fine' ? paint('green', '✓') : paint('red', '✗')
      return `${mark} ${answer}: ${printable(subject)}`
    }),
  ])
}
