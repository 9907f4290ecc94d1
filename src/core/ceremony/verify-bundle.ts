// SPDX-License-Identifier: Apache-2.0
import { type CeremonyBundle, parseBundle } from '#format/ceremony/bundle.ts'
import { type CeremonyManifest, parseManifest } from '#format/ceremony/manifest.ts'
import type { TranscriptEntry } from '#format/ceremony/transcript.ts'
import { FormatError } from '#format/format-error.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { type Crl, parseCrl } from '#format/x509/crl.ts'
import { readExtension } from '#format/x509/extension.ts'
import { formatName, sameName } from '#format/x509/name.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { sha256 } from '#trust/digest.ts'
import { lintCertificate } from '#trust/lint/lint.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { verifySignature } from '#trust/signature.ts'
import { importSoundKey } from '#trust/sound-key.ts'
import type { Refused } from '../refusal.ts'
import { checkTranscript } from './check-transcript.ts'
import { readScript } from './read-script.ts'
import { type CeremonyScript, peopleOf } from './script.ts'
import { stoppedAttempts } from './stopped-attempts.ts'

/** A root of a bundle, proved. */
export interface SoundRoot {
  readonly name: string
  readonly twinOf: string | undefined
  readonly certificate: Certificate
  readonly publicKey: PublicKey
}

/** What a bundle gives that holds together in every part. */
export interface SoundBundle {
  readonly kind: 'sound'
  readonly sha256: Uint8Array
  readonly manifest: CeremonyManifest
  readonly manifestSha256: string
  readonly script: CeremonyScript
  readonly entries: readonly TranscriptEntry[]
  /** Of attempts before this act that came to no end. */
  readonly stopped: readonly (readonly TranscriptEntry[])[]
  readonly roots: readonly SoundRoot[]
  readonly certificates: readonly {
    readonly kind: 'issuing' | 'link'
    readonly root: string
    readonly requestSha256: string
    readonly certificate: Certificate
  }[]
  readonly lists: readonly {
    readonly root: string
    readonly number: number
    readonly crl: Crl
  }[]
}

/**
 * What each root signs: a text, so that it is never mistaken for a certificate or list to be signed, which
 * begin with 0x30.
 */
export function signedStatement(manifest: Uint8Array): Uint8Array {
  return new TextEncoder().encode(
    `vitalsign ceremony bundle 1\nmanifest SHA-256 ${sha256(manifest).toHex()}\n`,
  )
}

/**
 * Verifies all of a bundle, believing nobody: every part has its digest, every root signed the manifest, every
 * certificate and list is by its root, and script and transcript tell of the same.
 *
 * Not asked: whether these are the right roots. Their fingerprints were read aloud and written down.
 */
export async function verifyBundle(bytes: Uint8Array): Promise<SoundBundle | Refused> {
  const read = readBundle(bytes)
  if (read.kind === 'refused') return read
  const { bundle, manifest } = read
  const parts = checkParts(bundle, manifest)
  if ('reason' in parts) return parts
  const roots = readRoots(manifest, parts)
  if ('reason' in roots) return roots
  const unsigned = await checkSignatures(bundle, roots)
  if (unsigned !== undefined) return unsigned
  const certificates = await readCertificates(manifest, parts, roots)
  if ('reason' in certificates) return certificates
  const lists = await readLists(manifest, parts, roots)
  if ('reason' in lists) return lists
  const told = checkTold(manifest, parts)
  if (told.kind === 'refused') return told
  const stopped = stoppedAttempts(parts)
  if ('reason' in stopped) return stopped
  return {
    ...{ kind: 'sound', sha256: sha256(bytes), manifest, roots, certificates, lists },
    manifestSha256: sha256(bundle.manifest).toHex(),
    ...{ script: told.script, entries: told.entries, stopped },
  }
}

type Parts = ReadonlyMap<string, Uint8Array>

function readBundle(bytes: Uint8Array) {
  try {
    const bundle = parseBundle(bytes)
    return { kind: 'read', bundle, manifest: parseManifest(bundle.manifest) } as const
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return changed(`the bundle does not read: ${error.message}`)
  }
}

function changed(detail: string): Refused {
  return refuse('bundle-changed', detail)
}

function checkParts(bundle: CeremonyBundle, manifest: CeremonyManifest): Parts | Refused {
  const parts = new Map(bundle.parts.map(({ name, bytes }) => [name, bytes]))
  if (parts.size !== manifest.parts.length)
    return changed(`it has ${parts.size} parts, its manifest names ${manifest.parts.length}`)
  for (const { name, sha256: wanted } of manifest.parts) {
    const bytes = parts.get(name)
    if (bytes === undefined) return changed(`part ${name} is not there`)
    if (sha256(bytes).toHex() === wanted) continue
    const detail = `part ${name} is not the one that the roots signed`
    return name === 'transcript' ? refuse('transcript-changed', detail) : changed(detail)
  }
  return parts
}

/** A part that the manifest promises under this digest. */
function partOf(parts: Parts, name: string, wanted: string): Uint8Array | Refused {
  const bytes = parts.get(name)
  if (bytes === undefined) return changed(`part ${name} is not there`)
  return sha256(bytes).toHex() === wanted
    ? bytes
    : changed(`part ${name} is not the one that its entry in the manifest names`)
}

function readRoots(manifest: CeremonyManifest, parts: Parts): readonly SoundRoot[] | Refused {
  const roots: SoundRoot[] = []
  for (const { name, sha256: wanted, twinOf, algorithm } of manifest.roots) {
    const bytes = partOf(parts, `${name}.crt`, wanted)
    if ('reason' in bytes) return bytes
    const certificate = parsed(bytes)
    if ('reason' in certificate) return certificate
    const publicKey = importSoundKey(certificate.publicKey)
    if ('kind' in publicKey) return publicKey
    const [flaw] = lintCertificate(certificate.tbs, undefined, 'root').filter(
      ({ severity }) => severity === 'error',
    )
    if (flaw !== undefined) return refuse('lint-failed', `${name}: ${flaw.rule}: ${flaw.detail}`)
    if (publicKey.algorithm !== algorithm)
      return changed(`${name} has a key of ${publicKey.algorithm}, its manifest says ${algorithm}`)
    roots.push({ name, certificate, publicKey, twinOf: twinOf === '' ? undefined : twinOf })
  }
  return roots.length > 0 ? roots : changed('it has no root')
}

function parsed(bytes: Uint8Array): Certificate | Refused {
  try {
    return parseCertificate(bytes)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return changed(`a certificate of it does not read: ${error.message}`)
  }
}

/** Each root of the vault signs itself and the manifest. */
async function checkSignatures(
  { manifest, signatures }: CeremonyBundle,
  roots: readonly SoundRoot[],
): Promise<Refused | undefined> {
  const statement = signedStatement(manifest)
  if (signatures.length !== roots.length)
    return changed(`${signatures.length} roots signed it, ${roots.length} are in it`)
  for (const { name, certificate, publicKey } of roots) {
    const { signatureAlgorithm, tbs, signature } = certificate
    if ((await verifySignature(signatureAlgorithm, publicKey, tbs, signature)) !== true)
      return refuse('signature-wrong', `root ${name} did not sign itself`)
    const own = signatures.find(({ root }) => root === name)
    if (own === undefined) return changed(`root ${name} did not sign it`)
    const { identifier } = signatureAlgorithmFor(publicKey.algorithm)
    if ((await verifySignature(identifier, publicKey, statement, own.signature)) !== true)
      return changed(`what root ${name} signed is not this manifest`)
  }
  return undefined
}

async function readCertificates(
  manifest: CeremonyManifest,
  parts: Parts,
  roots: readonly SoundRoot[],
): Promise<SoundBundle['certificates'] | Refused> {
  const certificates: SoundBundle['certificates'][number][] = []
  for (const { kind, part, root: by, sha256: wanted, requestSha256 } of manifest.certificates) {
    const bytes = partOf(parts, part, wanted)
    if ('reason' in bytes) return bytes
    const certificate = parsed(bytes)
    if ('reason' in certificate) return certificate
    const foreign = await refuseForeign(
      certificate,
      roots.find(({ name }) => name === by),
      by,
    )
    if (foreign !== undefined) return foreign
    const issuer = roots.find(({ name }) => name === by)?.certificate
    const [flaw] = lintCertificate(certificate.tbs, issuer, kind).filter(
      ({ severity }) => severity === 'error',
    )
    if (flaw !== undefined) return refuse('lint-failed', `${part}: ${flaw.rule}: ${flaw.detail}`)
    certificates.push({ kind, root: by, requestSha256, certificate })
  }
  return certificates
}

async function readLists(
  manifest: CeremonyManifest,
  parts: Parts,
  roots: readonly SoundRoot[],
): Promise<SoundBundle['lists'] | Refused> {
  const lists: SoundBundle['lists'][number][] = []
  for (const { part, root: by, number, sha256: wanted } of manifest.lists) {
    const bytes = partOf(parts, part, wanted)
    if ('reason' in bytes) return bytes
    const crl = parsedList(bytes)
    if ('reason' in crl) return crl
    const foreign = await refuseForeign(
      crl,
      roots.find(({ name }) => name === by),
      by,
    )
    if (foreign !== undefined) return foreign
    if (readExtension(crl.extensions, 'cRLNumber') !== BigInt(number))
      return changed(`${part} has another number than ${number}`)
    lists.push({ root: by, number, crl })
  }
  return lists
}

function parsedList(bytes: Uint8Array): Crl | Refused {
  try {
    return parseCrl(bytes)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return changed(`a revocation list of it does not read: ${error.message}`)
  }
}

async function refuseForeign(
  signed: Pick<Certificate, 'issuer' | 'signatureAlgorithm' | 'tbs' | 'signature'>,
  root: SoundRoot | undefined,
  name: string,
): Promise<Refused | undefined> {
  if (root === undefined) return changed(`root ${name} is not in it`)
  const { certificate, publicKey } = root
  if (!sameName(certificate.subject, signed.issuer))
    return changed(
      `"${formatName(signed.issuer)}" issued a part of it that root ${name} should have`,
    )
  const genuine = await verifySignature(
    ...([signed.signatureAlgorithm, publicKey, signed.tbs, signed.signature] as const),
  )
  return genuine === true
    ? undefined
    : refuse('signature-wrong', `root ${name} did not sign a part that it should have`)
}

/** Script and transcript: whole, chained, and telling of every certificate and list that is here. */
function checkTold(manifest: CeremonyManifest, parts: Parts) {
  const scriptBytes = partOf(parts, 'script', manifest.scriptSha256)
  if ('reason' in scriptBytes) return scriptBytes
  const read = readScript(scriptBytes)
  if (read.kind === 'faults')
    return changed(`its script has faults: ${read.faults[0]?.path}: ${read.faults[0]?.fault}`)
  const transcript = checkTranscript(
    parts.get('transcript') ?? new Uint8Array(),
    manifest.previousSha256,
  )
  if (transcript.kind === 'refused') return transcript
  if (transcript.head !== manifest.transcriptSha256) {
    return refuse('transcript-changed', 'the transcript does not end as the manifest says')
  }
  const { entries } = transcript
  const flaw = checkHonest(manifest, entries) ?? checkAgreed(manifest, read.script, entries)
  return flaw ?? ({ kind: 'told', script: read.script, entries } as const)
}

/** What was made in this act is what the transcript saw being made. */
function checkHonest(
  manifest: CeremonyManifest,
  entries: readonly TranscriptEntry[],
): Refused | undefined {
  const made = new Set(
    entries.flatMap(({ what, facts }) => (what === 'made' ? [String(facts.sha256)] : [])),
  )
  const isFirst = manifest.act === 1
  const promised = [
    ...(isFirst ? manifest.roots.map(({ name, sha256 }) => ({ name, sha256 })) : []),
    ...manifest.certificates.map(({ part, sha256 }) => ({ name: part, sha256 })),
    ...manifest.lists.map(({ part, sha256 }) => ({ name: part, sha256 })),
  ]
  const untold = promised.find(({ sha256 }) => !made.has(sha256))
  return untold && refuse('transcript-changed', `the transcript tells nothing of ${untold.name}`)
}

/** The transcript is of this script, in this environment, and was closed by those who had to. */
function checkAgreed(
  manifest: CeremonyManifest,
  script: CeremonyScript,
  entries: readonly TranscriptEntry[],
): Refused | undefined {
  const [began] = entries
  if (began?.what !== 'began' || began.facts.scriptSha256 !== manifest.scriptSha256)
    return refuse('transcript-changed', 'the transcript is of another script')
  if (began.facts.vault !== manifest.vault || began.facts.rehearsal !== manifest.rehearsal)
    return refuse('transcript-changed', 'the transcript is of another vault')
  for (const { step, confirmedBy } of script.steps) {
    const confirmed = entries.filter((one) => one.what === 'confirmed' && one.step === step)
    const names = new Set(confirmed.flatMap(({ by }) => by.map(({ name }) => name)))
    const missing = peopleOf(script, confirmedBy).find(({ name }) => !names.has(name))
    if (missing !== undefined)
      return refuse('transcript-changed', `${missing.name} did not confirm step ${step}`)
  }
  if (entries.at(-1)?.what !== 'closed')
    return refuse('transcript-changed', 'the transcript was not closed')
  if (
    manifest.rehearsal
      ? manifest.environment !== 'trial'
      : manifest.environment !== script.environment
  )
    return changed(`it is of ${manifest.environment}, its script of ${script.environment}`)
  return undefined
}
