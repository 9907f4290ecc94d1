// SPDX-License-Identifier: Apache-2.0
import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SigningKeys } from '#core/authority/signing-key.ts'
import { Fault } from '#core/fault.ts'
import type { Upstream } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import { encodePem } from '#format/pem.ts'
import type { Trust } from './exchange.ts'

/** What the clients of upstreams need of the house. */
export interface UpstreamMeans {
  readonly clock: Clock
  readonly random: Randomness
  readonly keys: Pick<SigningKeys, 'sign'> & {
    /** PKCS #8, DER: Node takes a TLS key in no other form. */
    dangerouslyReveal(keyId: string): Promise<Uint8Array>
    /** SubjectPublicKeyInfo, DER. */
    publicKey(keyId: string): Promise<Uint8Array>
  }
  /** The directory of the secrets that an operator laid down. */
  readonly secrets: string
}

/** A credential that cannot be had, found before anything was sent; the message never holds what is in it. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError'
}

/** By whom the server of an upstream is known, and with what we prove ourselves in TLS. */
export async function trustOf(upstream: Upstream, { keys }: UpstreamMeans): Promise<Trust> {
  const roots = upstream.serverRoots.map(pemOf)
  const { credentialKey, credentialChain } = upstream
  if (credentialKey === null || credentialChain.length === 0) return { roots }
  const pkcs8 = await keys.dangerouslyReveal(credentialKey).catch((cause: unknown) => {
    if (!(cause instanceof Fault)) throw cause
    throw new CredentialError(cause.message, { cause })
  })
  const key = encodePem('PRIVATE KEY', pkcs8)
  pkcs8.fill(0)
  return { roots, identity: { key, chain: credentialChain.map(pemOf).join('') } }
}

function pemOf(base64: string): string {
  return encodePem('CERTIFICATE', Uint8Array.fromBase64(base64))
}

/** Far more than any token. */
const mostBytes = 8_192

/**
 * A secret from a file of the secrets' directory: its first line.
 *
 * @throws CredentialError if it is not there, not a plain file, or open to others
 */
export function secretOf({ secretFile }: Upstream, { secrets }: UpstreamMeans): string | undefined {
  if (secretFile === null) return undefined
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(secretFile))
    throw new CredentialError(`"${secretFile}" is no name of a file with a secret`)
  const path = join(secrets, secretFile)
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) throw new CredentialError(`the secret file ${secretFile} is not there`)
  if (!found.isFile() || found.size > mostBytes)
    throw new CredentialError(`the secret file ${secretFile} is not a small plain file`)
  if ((found.mode & 0o077) !== 0)
    throw new CredentialError(`the secret file ${secretFile} can be read by others: chmod 600 it`)
  const [line = ''] = readFileSync(path, 'utf8').split(/\r?\n/, 1)
  if (line === '') throw new CredentialError(`the secret file ${secretFile} is empty`)
  return line
}
