// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from 'node:crypto'
import { FormatError } from '#format/format-error.ts'
import { accessMethods } from '#format/oids.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { formatName, sameName } from '#format/x509/name.ts'
import { findSignatureAlgorithm } from '#trust/algorithms.ts'
import { validatePath } from '#trust/path.ts'
import { isOfHost } from '#trust/peer/host-name.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { anchorOf, type TrustAnchor } from '#trust/trust-anchor.ts'
import type { Finding, Judging } from './judge.ts'
import type { Look } from './look.ts'

/** Less than this before its end somebody has to be told; our own server renews its at half of 90 days. */
const soonHours = 14 * 24

export function judgeChain({ chain, unread }: Look, judging: Judging): readonly Finding[] {
  if (chain === undefined)
    return [
      {
        ...{ check: 'certificate', verdict: 'warning', remedy: null },
        found: `could not be read here: ${unread ?? 'it was not asked'}`,
        means: 'nothing is known of its certificate by this look',
      },
    ]
  const [leafBytes, ...restBytes] = chain.certificates
  if (leafBytes === undefined)
    return [
      {
        ...{ check: 'certificate', verdict: 'failed', found: 'it sent none' },
        means: 'no client can know who answers',
        remedy: 'see what its own log says',
      },
    ]
  try {
    const leaf = parseCertificate(leafBytes, { unknownCritical: 'keep' })
    const rest = restBytes.map((der) => parseCertificate(der, { unknownCritical: 'keep' }))
    return [
      judgeTime(leaf, judging),
      judgeName(leaf, judging),
      judgeKey(leaf),
      judgeOrder([leaf, ...rest]),
      ...judgePath(leaf, rest, judging),
      judgeStaple(leaf, chain.staple),
    ]
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return [
      {
        ...{ check: 'certificate', verdict: 'failed', found: `is malformed: ${error.message}` },
        means: 'strict clients, ours among them, refuse it',
        remedy: 'have it issued anew',
      },
    ]
  }
}

function judgeTime({ notBefore, notAfter, subject }: Certificate, { now }: Judging): Finding {
  const left = now.until(notAfter).total('hours')
  const check = 'certificate'
  const found = `${formatName(subject) || 'without a subject'}, until ${notAfter}`
  if (left <= 0 || Temporal.Instant.compare(now, notBefore) < 0)
    return {
      ...{ check, found: `${found}, from ${notBefore}`, verdict: 'failed' },
      means: left <= 0 ? 'it has ended: clients that look connect no more' : 'it has not begun yet',
      remedy: 'renew it now, and look why that did not happen by itself',
    }
  if (left < soonHours)
    return {
      ...{ check, found, verdict: 'warning' },
      means: `it ends in ${Math.floor(left / 24)} days`,
      remedy: 'renew it; what renews by itself would have done so by now, unless its life is short',
    }
  return { check, found, verdict: 'good', means: 'it is in force', remedy: null }
}

function judgeName(leaf: Certificate, { host }: Judging): Finding {
  const names = new X509Certificate(leaf.der).subjectAltName ?? 'none'
  if (isOfHost(leaf, host))
    return {
      ...{ check: 'its names', verdict: 'good', found: names, remedy: null },
      means: `it may be called ${host}`,
    }
  return {
    ...{ check: 'its names', verdict: 'failed', found: names },
    means: `it may not be called ${host}: clients that call it so refuse it`,
    remedy: 'call it by one of these names, or have a certificate issued with the one that is used',
  }
}

function judgeKey({ publicKey, signatureAlgorithm }: Certificate): Finding {
  const check = 'its key'
  const key = importPublicKey(publicKey)
  const signature = findSignatureAlgorithm(signatureAlgorithm)
  const its = 'kind' in key ? key.detail : key.algorithm
  const found = `${its}, signed with ${signature?.name ?? signatureAlgorithm.oid}`
  if (signature === undefined || 'kind' in key)
    return {
      ...{ check, found, verdict: 'failed' },
      means: 'clients of ours refuse it: it is too weak, or not known to them',
      remedy: 'use P-256 or better, or RSA of 3072 bits, signed with SHA-256 or better',
    }
  return { check, found, verdict: 'good', means: 'as strong as it has to be', remedy: null }
}

function judgeOrder(chain: readonly Certificate[]): Finding {
  const found = `${chain.length}: ${chain.map(({ subject }) => formatName(subject)).join(' < ')}`
  const check = 'certificates sent'
  const isBroken = chain.some((one, at) => {
    const next = chain[at + 1]
    return next !== undefined && !sameName(one.issuer, next.subject)
  })
  if (isBroken)
    return {
      ...{ check, found, verdict: 'warning' },
      means: 'they are not in order, and clients of TLS 1.2 may not sort them',
      remedy: 'leaf first, then who signed it, and so on',
    }
  const last = chain.at(-1)
  if (chain.length > 1 && last !== undefined && sameName(last.subject, last.issuer))
    return {
      ...{ check, found, verdict: 'warning' },
      means: 'the root is among them: bytes for nothing, since nobody may believe it from here',
      remedy: 'leave the root out of the file of certificates',
    }
  return { check, found, verdict: 'good', means: 'in order, and none too many', remedy: null }
}

function judgePath(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  { now, roots }: Judging,
): readonly Finding[] {
  const check = 'leads to our roots'
  const anchors: TrustAnchor[] = roots.flatMap((root) => {
    const one = anchorOf(root)
    return one.kind === 'anchor' ? [one.anchor] : []
  })
  if (anchors.length === 0)
    return [
      {
        ...{ check, verdict: 'warning', found: 'not looked at' },
        means: 'no roots were named, and no server of ours was there to ask',
        remedy: 'name them with --roots FILE, or the data directory with --data',
      },
    ]
  const path = validatePath({ leaf, intermediates, anchors, at: now, purpose: 'server' })
  if (path.kind === 'valid')
    return [
      {
        ...{ check, verdict: 'good', found: 'yes, by RFC 5280', remedy: null },
        means: 'clients that hold our roots believe it',
      },
    ]
  return [
    {
      ...{ check, verdict: 'failed', found: `no: ${path.detail} (${path.reason})` },
      means: 'clients that hold our roots refuse it',
      remedy: 'send every certificate between it and the root; or it belongs to another PKI',
    },
  ]
}

function judgeStaple({ extensions }: Certificate, staple: Uint8Array | undefined): Finding {
  const check = 'OCSP stapling'
  if (staple !== undefined)
    return {
      ...{ check, verdict: 'good', found: `${staple.length} bytes`, remedy: null },
      means: 'clients learn of a revocation without asking anybody',
    }
  const pointers = readExtension(extensions, 'authorityInfoAccess') ?? []
  const mayBeAsked = pointers.some(({ method }) => method === accessMethods.ocsp)
  if (!mayBeAsked)
    return {
      ...{ check, verdict: 'good', found: 'none, and its certificate names no responder' },
      ...{ remedy: null, means: 'there is nothing to staple' },
    }
  return {
    ...{ check, verdict: 'warning', found: 'none, though its certificate names a responder' },
    means: 'whether it was revoked is known only to clients that ask by themselves',
    remedy: 'let it staple (nginx: ssl_stapling on)',
  }
}
