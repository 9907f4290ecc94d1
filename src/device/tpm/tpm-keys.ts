// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { encodePem, parsePem } from '#format/pem.ts'
import { create, load } from '#format/tpm/command/objects.ts'
import { sign } from '#format/tpm/command/signing.ts'
import {
  encodeTpmKeyFile,
  keyFileLabel,
  parseTpmKeyFile,
  type TpmKeyFile,
} from '#format/tpm/key-file.ts'
import { encodeSizedPublic } from '#format/tpm/structure/public.ts'
import { signatureOctets } from '#format/tpm/structure/signature.ts'
import { encodeSpki } from '#format/tpm/structure/spki.ts'
import type { KeyAlgorithmName, SignatureAlgorithm } from '#trust/algorithms.ts'
import { nameOf, tpmDigest } from '#trust/tpm/name.ts'
import { signingKeyTemplates, type TpmSigningAlgorithm } from '#trust/tpm/templates.ts'
import { DeviceFault } from '../fault.ts'
import type { DeviceKeys } from '../keys/device-keys.ts'
import type { Files } from '../state/files.ts'
import type { TpmAddress } from './address.ts'
import { type TpmVisit, visitTpm } from './conversation.ts'
import { deviceHandles, dropAllBut, keepAt, nameAt, readBook } from './handle-book.ts'
import { findStorageRoot } from './storage-root.ts'

/**
 * Keys that are made in a TPM and never leave it.
 *
 * Each is kept at a persistent handle; its file holds it encrypted by the TPM's own storage key, so that OpenSSL with
 * its provider for TPMs can use it too, on this machine and on no other.
 */
export function tpmKeys(address: TpmAddress, files: Files): DeviceKeys {
  return {
    make: (algorithm) =>
      visitTpm(address, async (visit) => {
        const parent = await findStorageRoot(visit)
        const made = await visit.ask(create(parent, signingKeyTemplates[able(algorithm)]))
        const sizedPublic = encodeSizedPublic(made.public)
        const file = { parent, sizedPublic, private: made.private }
        const loaded = await visit.ask(load(parent, made))
        visit.dropAtEnd(loaded.handle)
        await keepAt(visit, files, deviceHandles, loaded.handle, loaded.name)
        return {
          keyPem: encodePem(keyFileLabel, encodeTpmKeyFile(file)),
          spki: encodeSpki(made.public).der,
        }
      }),
    sign: (keyPem, algorithm, data) =>
      visitTpm(address, async (visit) => {
        const handle = await findKey(visit, files, readKeyFile(keyPem))
        return signWith(visit, handle, algorithm, data)
      }),
    forgetAllBut: (keyPems) =>
      visitTpm(address, async (visit) => {
        const names = keyPems.map((pem) => nameOf(readKeyFile(pem).public).toHex())
        await dropAllBut(visit, files, new Set(names), deviceHandles)
      }),
  }
}

function able(algorithm: KeyAlgorithmName): TpmSigningAlgorithm {
  const names = Object.keys(signingKeyTemplates) as TpmSigningAlgorithm[]
  const found = names.find((name) => name === algorithm)
  if (found === undefined) throw new TypeError(`a TPM makes no keys of ${algorithm}`)
  return found
}

/** @throws DeviceFault state-damaged */
export function readKeyFile(keyPem: string): TpmKeyFile {
  try {
    const [block] = parsePem(keyPem)
    if (block?.label === keyFileLabel) return parseTpmKeyFile(block.bytes)
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    const what = `the key of the TPM cannot be read: ${cause.message}`
    throw new DeviceFault('state-damaged', what, { cause })
  }
  throw new DeviceFault('state-damaged', 'the key is not one of a TPM')
}

/**
 * The handle of a key: where it is kept, or where it is loaded for this visit if somebody dropped it.
 *
 * @throws TpmError TPM_RC_INTEGRITY if it is a key of another TPM
 */
export async function findKey(visit: TpmVisit, files: Files, file: TpmKeyFile): Promise<number> {
  const name = nameOf(file.public)
  for (const [handle, noted] of readBook(files).entries)
    if (noted === name.toHex() && (await nameAt(visit, handle)) === noted) return handle
  const parent = await findStorageRoot(visit)
  const publicBytes = file.sizedPublic.subarray(2)
  const { handle } = await visit.ask(load(parent, { private: file.private, publicBytes }))
  visit.dropAtEnd(handle)
  return handle
}

/** RSASSA-PSS is not asked for: the salt of many TPMs is not the one that X.509 wants. */
async function signWith(
  visit: TpmVisit,
  handle: number,
  { digest, name }: SignatureAlgorithm,
  data: Uint8Array,
): Promise<Uint8Array> {
  if (digest === null) throw new TypeError(`a TPM does not sign by ${name}`)
  const scheme = name.startsWith('ecdsa') ? 'ecdsa' : 'rsassa'
  const signed = await visit.ask(
    sign(handle, tpmDigest(digest, data), { name: scheme, hash: digest }),
  )
  return signatureOctets(signed)
}
