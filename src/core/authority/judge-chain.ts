// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { formatName } from '#format/x509/name.ts'
import { lintCertificate } from '#trust/lint/lint.ts'
import { validatePath } from '#trust/path.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { verifySignature } from '#trust/signature.ts'
import { anchorOf } from '#trust/trust-anchor.ts'
import type { Refused } from '../refusal.ts'

/** A chain by which an issuing authority may work here: its own certificate first, the root last. */
export interface SoundChain {
  readonly kind: 'sound'
  readonly own: Certificate
  /** Its issuer first, the self-signed root last. */
  readonly above: readonly Certificate[]
  readonly publicKey: PublicKey
}

/**
 * Whether a certificate that came back makes an issuing authority: it and all above it are authorities that
 * sign certificates and lists, the path holds with a leaf below, and what we will sign under it can be believed.
 *
 * @param chain the authority's own certificate first, then each one's issuer, the root last
 */
export async function judgeChain(
  chain: readonly Certificate[],
  at: Temporal.Instant,
): Promise<SoundChain | Refused> {
  const [own, ...above] = chain
  const root = above.at(-1)
  if (own === undefined || root === undefined) {
    return refuse(
      'input-wrong',
      'certificate: the chain is needed up to the root, its own certificate first; give those above it, too',
    )
  }
  for (const one of chain) {
    const flaw = refuseNoAuthority(one)
    if (flaw !== undefined) return flaw
  }
  const anchor = anchorOf(root)
  if (anchor.kind === 'refused') return anchor
  const foreign = await refuseNotSelfSigned(root, anchor.anchor.publicKey)
  if (foreign !== undefined) return foreign
  const path = validatePath({
    ...{ leaf: own, intermediates: above, anchors: [anchor.anchor], at, purpose: 'any' },
  })
  if (path.kind === 'refused') {
    return refuse(path.reason, `its chain does not hold: ${path.detail}`)
  }
  const flaw = refuseTooLong(above) ?? refuseUnlinted(own, above[0])
  if (flaw !== undefined) return flaw
  return { kind: 'sound', own, above, publicKey: path.path.publicKey }
}

function refuseNoAuthority({ extensions, subject }: Certificate): Refused | undefined {
  const name = formatName(subject)
  if (readExtension(extensions, 'basicConstraints')?.ca !== true) {
    return refuse('input-wrong', `"${name}" is no authority: its basicConstraints do not say CA`)
  }
  const usage = readExtension(extensions, 'keyUsage')
  if (usage?.includes('keyCertSign') && usage.includes('cRLSign')) return undefined
  const found = usage === undefined ? 'is missing' : `says ${usage.join(', ')}`
  return refuse(
    'input-wrong',
    `the keyUsage of "${name}" ${found}; keyCertSign and cRLSign are needed`,
  )
}

async function refuseNotSelfSigned(
  { issuer, subject, signatureAlgorithm, tbs, signature }: Certificate,
  key: PublicKey,
): Promise<Refused | undefined> {
  const name = formatName(subject)
  if (!sameBytes(issuer.der, subject.der)) {
    return refuse(
      'certificate-not-trusted',
      `the last certificate of the chain, "${name}", is no root: "${formatName(issuer)}" stands above it; add that one`,
    )
  }
  const genuine = await verifySignature(signatureAlgorithm, key, tbs, signature)
  if (genuine === true) return undefined
  if (genuine === false) return refuse('signature-wrong', `root "${name}" did not sign itself`)
  return genuine
}

/** RFC 5280 section 4.2.1.9: the leaves that we will issue make every authority of the chain an intermediate. */
function refuseTooLong(above: readonly Certificate[]): Refused | undefined {
  for (const [at, { extensions, subject }] of above.entries()) {
    const allowed = readExtension(extensions, 'basicConstraints')?.pathLength
    if (allowed === undefined || allowed > at) continue
    return refuse(
      'path-too-long',
      `"${formatName(subject)}" allows ${allowed} authorities below it, ${at + 1} are there`,
    )
  }
  return undefined
}

/** How somebody else numbers certificates is their care: openssl's own file of numbers begins with 01. */
const ruleOfNumbers = 'serial-number-unguessable'

function refuseUnlinted(own: Certificate, issuer: Certificate | undefined): Refused | undefined {
  const findings = lintCertificate(own.tbs, issuer, 'issuing')
  const first = findings.find(
    ({ severity, rule }) => severity === 'error' && rule !== ruleOfNumbers,
  )
  return first && refuse('lint-failed', `${first.rule}: ${first.detail} (${first.source})`)
}
