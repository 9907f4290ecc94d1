// SPDX-License-Identifier: Apache-2.0
import { dsseMessage, parseDsse } from '#format/provenance/dsse.ts'
import { inTotoPayloadType, parseProvenance } from '#format/provenance/statement.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { verifySignature } from '#trust/signature.ts'
import type { BuilderKey, Release, ReleasePart } from '../ledger/tables.ts'
import { builderKeysOf } from './builder-keys.ts'
import { ofThese } from './parts-of.ts'
import type { ReleasePorts } from './ports.ts'
import type { DocumentPart, DocumentRead } from './read-document.ts'

/**
 * Whether a registered build service says that it built artefacts of this release. Its signature is proved first:
 * of what nobody believed has signed nothing is read.
 *
 * @throws FormatError
 */
export async function judgeProvenance(
  { name }: DocumentPart,
  bytes: Uint8Array,
  { product }: Release,
  artefacts: readonly ReleasePart[],
  { ledger }: Pick<ReleasePorts, 'ledger'>,
): Promise<DocumentRead> {
  const envelope = parseDsse(bytes)
  const keys = (await builderKeysOf(product, ledger)).filter(({ endedAt }) => endedAt === null)
  const message = dsseMessage(envelope)
  const signers: BuilderKey[] = []
  for (const key of keys)
    for (const { signature } of envelope.signatures)
      if (await isSignedBy(key, message, signature)) signers.push(key)
  if (signers.length === 0)
    return refuse(
      'provenance-not-trusted',
      `${name} is signed by no key of the ${keys.length} that are registered for builds of this product`,
    )
  if (envelope.payloadType !== inTotoPayloadType)
    return refuse('document-malformed', `provenance ${name}: it holds ${envelope.payloadType}`)
  const { form, subjects, builder, buildType, sources } = parseProvenance(envelope.payload)
  const signer = signers.find(({ builders }) => builders.length === 0 || builders.includes(builder))
  if (signer === undefined)
    return refuse(
      'provenance-not-trusted',
      `${name} is of builder ${builder}, for which ${signers[0]?.name} may not speak`,
    )
  const covers = ofThese(
    subjects.map(({ sha256 }) => sha256),
    artefacts,
  )
  if (covers.length === 0)
    return refuse(
      'provenance-of-another-artefact',
      `${name} is of ${subjects[0]?.name} (${subjects[0]?.sha256 ?? 'without SHA-256'}), which is no artefact of this release`,
    )
  return {
    kind: 'read',
    facts: {
      ...{ form, builder, buildType, key: signer.name, covers },
      others: subjects.length - covers.length,
      source: sources[0]?.uri ?? null,
      sourceDigest: sources[0]?.digest ?? null,
    },
  }
}

async function isSignedBy(
  { spki }: BuilderKey,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const key = importPublicKey(parseSubjectPublicKeyInfo(spki))
  if ('reason' in key) return false
  const { identifier } = signatureAlgorithmFor(key.algorithm)
  return (await verifySignature(identifier, key, message, signature)) === true
}
