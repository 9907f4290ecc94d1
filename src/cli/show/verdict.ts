// SPDX-License-Identifier: Apache-2.0
import { formatName } from '#format/x509/name.ts'
import type { ProvedSigner, Verdict } from '#trust/artefact/verdict.ts'
import { pairLines } from './record.ts'
import type { TableOptions } from './table.ts'
import { printable, valueText } from './value.ts'

/** A verdict as people read it. */
export function verdictLines(
  { signers, version, securityVersion, covers }: Verdict,
  options: TableOptions,
): readonly string[] {
  return pairLines(
    [
      ...(version === undefined ? [] : ([['version', printable(version)]] as const)),
      ...(securityVersion === undefined
        ? []
        : ([['security version', String(securityVersion)]] as const)),
      ...signers.map((signer) => ['signed by', signerText(signer)] as const),
      ...covers.map(
        ({ name, sha256 }) => ['covers', `${printable(name)}, SHA-256 ${sha256.toHex()}`] as const,
      ),
    ],
    { ...options, indent: '  ' },
  )
}

function signerText({ publicKey, certificate, stampedAt, judgedAt }: ProvedSigner): string {
  const key = `${publicKey.algorithm} ${publicKey.fingerprint.toHex().slice(0, 16)}`
  if (certificate === undefined) return `${key}, a key that the device knows`
  return [
    `${printable(formatName(certificate.subject))} (${key})`,
    `until ${valueText(String(certificate.notAfter))}`,
    ...(stampedAt === undefined ? [] : [`time-stamped ${valueText(String(stampedAt))}`]),
    ...(judgedAt === undefined ? [] : [`judged as of ${valueText(String(judgedAt))}`]),
  ].join(', ')
}

/** The same for programs. */
export function verdictDocument(form: string, verdict: Verdict) {
  const { version, securityVersion, signers, covers } = verdict
  return {
    ...{ kind: 'genuine', form },
    version: version ?? null,
    securityVersion: securityVersion ?? null,
    signers: signers.map(({ publicKey, certificate, stampedAt, judgedAt }) => ({
      algorithm: publicKey.algorithm,
      fingerprint: publicKey.fingerprint.toHex(),
      subject: certificate === undefined ? null : formatName(certificate.subject),
      notAfter: certificate === undefined ? null : String(certificate.notAfter),
      stampedAt: stampedAt === undefined ? null : String(stampedAt),
      judgedAt: judgedAt === undefined ? null : String(judgedAt),
    })),
    covers: covers.map(({ name, sha256 }) => ({ name, sha256: sha256.toHex() })),
  }
}
