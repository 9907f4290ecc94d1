// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import { sameBytes } from '#format/bytes.ts'
import { readCommonAttributes } from '#format/cms/signed-attributes.ts'
import { parseSignedData, type SignedData } from '#format/cms/signed-data.ts'
import { encodeSignedAttributes, type SignerInfo } from '#format/cms/signer-info.ts'
import { FormatError } from '#format/format-error.ts'
import { contentTypes } from '#format/oids.ts'
import { findCmsAlgorithm, findDigest, mayStandWith } from '../cms/digests.ts'
import type { PublicKey } from '../public-key.ts'
import { refuse } from '../refusal.ts'
import { verifySignature } from '../signature.ts'
import type { ApprovalRefused } from './refusal.ts'

/** Our own have some 1 kB, with a chain of ML-DSA certificates over 20. */
export const mostSignatureBytes = 65_536

/**
 * Whether the holder of `key` signed this statement: CMS SignedData with the content elsewhere, one signer, and
 * signed attributes. Which certificate stands in it, and whether anybody believes that, counts for nothing: the key
 * is known.
 *
 * Also what `openssl cms -sign` makes is taken, whose sets are not sorted.
 *
 * @see RFC 5652 sections 5.3 to 5.6
 */
export async function verifyStatement(
  statement: Uint8Array,
  signature: Uint8Array,
  key: PublicKey,
): Promise<ApprovalRefused | undefined> {
  if (signature.length > mostSignatureBytes)
    return wrong(`it has ${signature.length} octets, at most ${mostSignatureBytes} are read`)
  try {
    const message = parseSignedData(signature, { order: 'any' })
    const [info, ...more] = message.signers
    if (info === undefined || more.length > 0)
      return wrong(`${message.signers.length} signers stand in it, one is expected`)
    return refuseContent(message) ?? (await refuseSigner(info, statement, key))
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return wrong(`it is no CMS: ${error.message}`)
  }
}

function refuseContent({ contentType, content }: SignedData): ApprovalRefused | undefined {
  if (contentType !== contentTypes.data) return wrong(`it is over content of type ${contentType}`)
  return content === undefined
    ? undefined
    : wrong('its content stands in it, and has to be beside it')
}

/** @throws FormatError for attributes that cannot be read */
async function refuseSigner(
  info: SignerInfo,
  statement: Uint8Array,
  key: PublicKey,
): Promise<ApprovalRefused | undefined> {
  // Without them what was signed as attributes could be shown as a statement (RFC 5652 section 11.1).
  if (info.signedAttributes.length === 0) return wrong('it has no signed attributes')
  const { contentType, messageDigest } = readCommonAttributes(info.signedAttributes)
  if (contentType !== contentTypes.data)
    return wrong(`its signed attributes are of content of type ${contentType}`)
  const digest = findDigest(info.digestAlgorithm)
  const algorithm = digest && findCmsAlgorithm(info.signatureAlgorithm, digest)
  if (digest === undefined || algorithm === undefined || !mayStandWith(algorithm.row, digest))
    return refuse(
      'signature-algorithm-unknown',
      `signature ${info.signatureAlgorithm.oid} with digest ${info.digestAlgorithm.oid} is not known`,
    )
  const digested = Uint8Array.fromHex(hash(digest, statement, 'hex'))
  if (!sameBytes(digested, messageDigest)) return wrong('it is of another statement')
  const over = encodeSignedAttributes(info.signedAttributes)
  const genuine = await verifySignature(algorithm.identifier, key, over, info.signature)
  if (genuine === true) return undefined
  return genuine === false ? wrong('the key did not make it') : genuine
}

function wrong(why: string): ApprovalRefused {
  return refuse('approval-signature-wrong', `the signature under the statement: ${why}`)
}
