// SPDX-License-Identifier: Apache-2.0
import { constants, createHash, verify } from 'node:crypto'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { isAt } from '#format/archive/fields.ts'
import { parseSignedData } from '#format/cms/signed-data.ts'
import { bareSigner } from '#trust/artefact/bare-signer.ts'
import { conclude } from '#trust/artefact/conclude.ts'
import type { ArtefactRefused } from '#trust/artefact/refusal.ts'
import type { DeviceTrust, ProvedSigner, Verdict } from '#trust/artefact/verdict.ts'
import { verifyCms } from '#trust/cms/verify-cms.ts'
import type { DigestName } from '#trust/digest-signature.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { judgeBoard } from './judge-board.ts'
import { readUpdate, refuseFiles, signatureName } from './read-update.ts'

/**
 * As SWUpdate judges: the signature over sw-description, whether it is for the board, and every file by the digest there; and what SWUpdate passes
 * over: files that nobody described, sums, octets behind the end.
 *
 * @throws FormatError where the update does not read
 */
export async function verifySwupdate(
  source: ByteSource,
  trust: DeviceTrust,
): Promise<Verdict | ArtefactRefused> {
  const update = await readUpdate(source)
  if (update.kind === 'refused') return update
  if (update.signature === undefined)
    return refuse('artefact-not-signed', `there is no ${signatureName} behind sw-description`)
  const signers = await provedSigners(update.description, update.signature.bytes, trust)
  if ('reason' in signers) return signers
  const no = judgeBoard(update.settings, trust) ?? (await refuseFiles(source, update))
  if (no !== undefined) return no
  const { version, securityVersion, digests } = update
  const covers = [...digests].map(([name, sha256]) => ({
    name,
    sha256: Uint8Array.fromHex(sha256),
  }))
  return conclude({ signers, version, securityVersion, covers }, trust)
}

async function provedSigners(
  description: Uint8Array,
  signature: Uint8Array,
  trust: DeviceTrust,
): Promise<readonly ProvedSigner[] | ArtefactRefused> {
  if (!isCms(signature)) return rawSigner(description, signature, trust)
  const message = parseSignedData(signature, { order: 'any' })
  if (message.content !== undefined)
    return refuse(
      'artefact-field-not-allowed',
      `${signatureName} brings content of its own, must be over sw-description`,
    )
  const digestOf = async (name: DigestName) =>
    Uint8Array.from(createHash(name).update(description).digest())
  // As Debian's SWUpdate is built: CONFIG_CMS_SKIP_UNKNOWN_SIGNERS.
  const proved = await verifyCms(message, digestOf, trust, { unknownSigners: 'skipped' })
  return proved.kind === 'refused' ? proved : proved.signers
}

/** A ContentInfo; a raw signature of RSA is as long as its modulus, and begins so once in 2^24 at most. */
export function isCms(signature: Uint8Array): boolean {
  const oid = Uint8Array.of(6, 9, 42, 134, 72, 134, 247, 13, 1, 7, 2)
  const long = (signature[1] ?? 0) & 0x7f
  const at = (signature[1] ?? 0) < 0x80 ? 2 : 2 + long
  return signature[0] === 0x30 && isAt(signature, at, String.fromCharCode(...oid))
}

/** Either padding, of SHA-256; the salt of PSS as long as whoever signed made it, as SWUpdate takes it. */
function rawSigner(
  description: Uint8Array,
  signature: Uint8Array,
  trust: DeviceTrust,
): readonly ProvedSigner[] | ArtefactRefused {
  const keys = trust.keys.filter(({ algorithm }) => algorithm.startsWith('rsa-'))
  if (keys.length === 0)
    return refuse(
      'artefact-signer-unknown',
      `${signatureName} is a raw signature, the device knows no key of RSA`,
    )
  const signer = keys.find((key) => signedBy(key, description, signature))
  return signer === undefined
    ? refuse('signature-wrong', `none of ${keys.length} keys of the device made ${signatureName}`)
    : [bareSigner(signer)]
}

function signedBy(
  { keyObject }: PublicKey,
  description: Uint8Array,
  signature: Uint8Array,
): boolean {
  const pss = {
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_AUTO,
  }
  // A key of id-RSASSA-PSS takes no other padding.
  const ways =
    keyObject.asymmetricKeyType === 'rsa-pss'
      ? [pss]
      : [{ padding: constants.RSA_PKCS1_PADDING }, pss]
  return ways.some((way) => verify('sha256', description, { key: keyObject, ...way }, signature))
}
