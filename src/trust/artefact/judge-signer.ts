// SPDX-License-Identifier: Apache-2.0
/** Whether a device believes who signed: a key that it knows, or a path to a root that it has, at the right time. */
import { sameBytes } from '#format/bytes.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'
import { markIn } from '../environment-mark.ts'
import { type ValidPath, validatePath } from '../path.ts'
import { checkStatus } from '../peer/status-rule.ts'
import type { PublicKey } from '../public-key.ts'
import { type Refused, refuse } from '../refusal.ts'
import { anchorsOf } from './anchors-of.ts'
import type { ArtefactRefused } from './refusal.ts'
import { checkSignerPurpose } from './signer-purpose.ts'
import { later, presentOf, timeFor } from './time-for.ts'
import type { DeviceTrust, ProvedSigner } from './verdict.ts'

/** Who says to have signed; that the key made the signature is checked by the form, before. */
export interface SignerClaim {
  readonly publicKey: PublicKey
  /** What came along with the signature: the signer's own first, whose key it is; empty: a bare key. */
  readonly chain: readonly Certificate[]
  /** When a time-stamp authority that leads to one of `stampRoots` saw the signature. */
  readonly stampedAt?: Temporal.Instant | undefined
  /** The time that the signer wrote beside it, under the signature. */
  readonly claimedAt?: Temporal.Instant | undefined
}

/**
 * Whether the device believes this signer: of a bare key whether it is one of its keys; of a certificate the path at the
 * time that `timeFor` says, what it is for, whether it is for trials, and whether it is revoked.
 *
 * Never asked of a signature that does not hold: a claim says nothing by itself.
 */
export async function judgeSigner(
  claim: SignerClaim,
  trust: DeviceTrust,
): Promise<ProvedSigner | ArtefactRefused> {
  trust.hears?.(claim)
  const { publicKey, chain } = claim
  const [leaf, ...intermediates] = chain
  if (leaf === undefined || knows(trust, publicKey)) return judgeKey(publicKey, trust)
  if (!sameBytes(leaf.publicKey.der, publicKey.spki))
    return refuse('signature-wrong', `${formatName(leaf.subject)} has another key than signed`)
  const at = trust.timeless ? leaf.notBefore : timeFor(claim, trust)
  if ('reason' in at) return at
  const anchors = anchorsOf(trust.roots)
  if ('reason' in anchors) return anchors
  const valid = validatePath({ ...{ leaf, intermediates, anchors, at }, purpose: 'any' })
  if (valid.kind === 'refused') return valid
  const no = await judgePath(valid.path, at, trust)
  return no ?? { publicKey, certificate: leaf, stampedAt: claim.stampedAt, judgedAt: at }
}

/** Whether it is one of the keys that the device was given. */
export function judgeKey(
  publicKey: PublicKey,
  trust: DeviceTrust,
): ProvedSigner | Refused<'artefact-signer-unknown'> {
  if (!knows(trust, publicKey))
    return refuse(
      'artefact-signer-unknown',
      `signed by ${publicKey.algorithm} ${publicKey.fingerprint.toHex().slice(0, 16)}, the device knows ${named(trust.keys)}`,
    )
  return { publicKey, certificate: undefined, stampedAt: undefined, judgedAt: undefined }
}

function knows({ keys }: DeviceTrust, { fingerprint }: PublicKey): boolean {
  return keys.some((key) => sameBytes(key.fingerprint, fingerprint))
}

function named(keys: readonly PublicKey[]): string {
  if (keys.length === 0) return 'no key'
  const shown = keys.slice(0, 4).map(({ fingerprint }) => fingerprint.toHex().slice(0, 16))
  return `${shown.join(', ')}${keys.length > 4 ? ` and ${keys.length - 4} more` : ''}`
}

async function judgePath(
  path: ValidPath,
  at: Temporal.Instant,
  trust: DeviceTrust,
): Promise<ArtefactRefused | undefined> {
  const above = path.anchor.certificate === undefined ? [] : [path.anchor.certificate]
  const all = [...path.certificates, ...above]
  const no = checkSignerPurpose(all, trust.purpose) ?? checkMarks(all, trust)
  if (no !== undefined || trust.status === undefined) return no
  // What is known of revocation is as of now: a stamp from before it does not make a revoked signer good again.
  const status = await checkStatus(path, presentOf(trust) ?? later(trust.seen, at), trust.status)
  return status.kind === 'refused' ? status : undefined
}

/** The root is looked at, too: that of a trial installation says so, whatever stands below it. */
function checkMarks(
  certificates: readonly Certificate[],
  { environment }: DeviceTrust,
): ArtefactRefused | undefined {
  if (environment === undefined) return undefined
  for (const { subject } of certificates) {
    const mark = markIn(
      subject.rdns.flat().map(({ value }) => value),
      environment,
    )
    if (mark !== undefined)
      return refuse(
        'artefact-signer-of-trial',
        `"${formatName(subject)}" says ${mark}, the device is in ${environment}`,
      )
  }
  return undefined
}
