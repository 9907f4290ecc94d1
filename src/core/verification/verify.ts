// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Doors } from '../enrolment/doors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type {
  Application,
  Authority,
  CertificateRecord,
  Device,
  Product,
} from '../ledger/tables.ts'
import { checkDevice } from '../policy/check-device.ts'
import { checkKeyState } from '../policy/check-key.ts'
import type { Clock } from '../ports.ts'
import type { Learning } from '../recovery/learn.ts'
import type { Refused } from '../refusal.ts'
import { checkInForce } from './check-in-force.ts'
import { checkKind } from './check-kind.ts'
import { checkHearing, checkWanted, type Wanted } from './check-wanted.ts'
import type { KnownPaths } from './known-paths.ts'
import { judgeStranger } from './stranger.ts'

/** What a certificate is shown to an application for. */
export const verifiablePurposes = ['device', 'client', 'server'] as const
export type VerifiablePurpose = (typeof verifiablePurposes)[number]

/** What an application wants to know of a peer that showed it a chain. */
export interface VerificationQuestion {
  /** DER, the leaf first. Only the leaf counts: the authorities above it are those of the ledger. */
  readonly chain: readonly Uint8Array[]
  readonly purpose: VerifiablePurpose
  /** Whether a birth certificate will do, which is accepted only to enrol. */
  readonly acceptsBirth?: boolean
  readonly wanted?: Wanted
  /** Ids of the products whose devices whoever asks may hear of; absent: of all. */
  readonly products?: readonly string[] | undefined
}

/** What the ledger says of a certificate, whatever came of it. */
export interface Known {
  readonly record: CertificateRecord
  /** Who issued it. */
  readonly authority: Authority | undefined
  /** Of a device's certificate. */
  readonly device: Device | undefined
  readonly product: Product | undefined
  /** Of an application's. */
  readonly application: Application | undefined
}

export type Verification =
  | { readonly kind: 'trusted'; readonly known: Known }
  | (Refused & { readonly known?: Known })

export interface VerifyingPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly doors: Doors
  readonly paths: KnownPaths
  /** Of a restored installation: takes up a certificate of ours that the restore lost. */
  learn?(certificate: Certificate): Promise<Learning>
  /** MUST throw if the authorities in memory may be of before; absent: nobody else changes them. */
  demandCurrent?(): void
}

/**
 * Tells an application whether to believe a certificate now, and whose it is, or why not.
 *
 * What changes from one moment to the next is read from the ledger each time: the certificate, its device, its key,
 * and the certificates of the authorities above it. What cannot change is kept by `paths`: which path leads from
 * the certificate's bytes to a root, and until when. So a revocation counts from the moment that it is committed,
 * on every node of the installation, and whether or not it stands on any list (RFC 9608).
 *
 * That the peer holds the key is the application's to know: TLS proves it.
 *
 * @throws Fault 'store-unreachable' if the ledger cannot be asked, or nothing was heard of other nodes for too long
 */
export async function verify(
  question: VerificationQuestion,
  ports: VerifyingPorts,
): Promise<Verification> {
  ports.demandCurrent?.()
  const [leaf] = question.chain
  if (leaf === undefined) return refuse('credential-missing', 'there is no certificate in it')
  const digest = sha256(leaf)
  const record =
    (await ports.ledger.find('certificate', 'sha256', [digest])) ??
    (await judgeUnknown(leaf, digest, question, ports))
  if ('reason' in record) return record
  const [known, key] = await Promise.all([
    knownOf(record, ports),
    ports.ledger.read('key', record.key),
  ])
  // Before all else, and without what is known: a no must not tell of devices that are none of its business.
  const unheard = checkHearing(question.products, known)
  if (unheard !== undefined) return unheard
  const now = ports.clock.now()
  const no =
    // From what tells most to what tells least: who is in quarantine has certificates on hold, too.
    checkKind(record, question) ??
    (known.device && checkDevice(known.device)) ??
    (known.application && checkApplication(known.application)) ??
    checkInForce(record, now) ??
    (key && checkKeyState(key)) ??
    (await checkPath(leaf, digest, known, question, now, ports)) ??
    checkWanted(question.wanted ?? {}, leaf, known)
  return no === undefined ? { kind: 'trusted', known } : { ...no, known }
}

/** A certificate of ours that a restore lost, or the reason why nobody here knows it. */
async function judgeUnknown(
  leaf: Uint8Array,
  digest: Uint8Array,
  question: VerificationQuestion,
  ports: VerifyingPorts,
): Promise<CertificateRecord | Refused> {
  const certificate = read(leaf)
  if ('reason' in certificate) return certificate
  const learning = await ports.learn?.(certificate)
  if (learning?.kind === 'refused') return learning
  if (learning?.kind === 'learnt') {
    const learnt = await ports.ledger.find('certificate', 'sha256', [digest])
    if (learnt !== undefined) return learnt
  }
  return judgeStranger(certificate, question.purpose, ports)
}

function read(leaf: Uint8Array): Certificate | Refused {
  try {
    return parseCertificate(leaf, { unknownCritical: 'keep' })
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('certificate-malformed', `the certificate does not read: ${error.message}`)
  }
}

async function knownOf(record: CertificateRecord, { ledger, doors }: VerifyingPorts) {
  const { owner, product: id } = record
  const device = owner.startsWith('dev_') ? await ledger.read('device', owner) : undefined
  const application = owner.startsWith('app_') ? await ledger.read('application', owner) : undefined
  const product = doors.productOf(device?.product ?? id ?? '')
  const authority = doors.authorities.find((one) => one.id === record.authority)
  return { record, authority, device, product, application }
}

function checkApplication({ state, name }: Application): Refused | undefined {
  return state === 'removed'
    ? refuse('application-removed', `application ${name} was removed`)
    : undefined
}

/** The path, and whether any authority on it was revoked: that of a certificate is read each time, like its own. */
async function checkPath(
  leaf: Uint8Array,
  digest: Uint8Array,
  { record }: Known,
  { purpose }: VerificationQuestion,
  now: Temporal.Instant,
  { paths, doors, ledger }: VerifyingPorts,
): Promise<Refused | undefined> {
  const path = paths.find({ leaf, digest, authority: record.authority, purpose, at: now }, doors)
  if (path.kind === 'refused') return path
  for (const authority of path.authorities) {
    const certificate = await ledger.find('certificate', 'sha256', [authority])
    if (certificate !== undefined && certificate.revokedAt !== null)
      return refuse(
        'certificate-revoked',
        `the authority above it was revoked at ${certificate.revokedAt}`,
      )
  }
  return undefined
}
