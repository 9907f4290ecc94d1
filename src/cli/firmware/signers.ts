// SPDX-License-Identifier: Apache-2.0
/** Who signs, from what the command line names: keys in files, a key in a token, or public keys of keys elsewhere. */
import { sameBytes } from '#format/bytes.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { isSignatureAlgorithmName } from '#trust/algorithms.ts'
import { algorithmFor } from '#trust/artefact/algorithm-for.ts'
import type { ArtefactSigner } from '#trust/artefact/form.ts'
import type { AnyForm } from '#trust/artefact/forms.ts'
import type { PublicKey } from '#trust/public-key.ts'
import type { Said } from '../commands/read-line.ts'
import { readTextFile } from '../files.ts'
import { openKeyFile } from '../signing-key/key-file.ts'
import type { LocalKey } from '../signing-key/local-key.ts'
import { openTokenKey } from '../signing-key/token-key.ts'
import { wrongUse } from '../stop.ts'
import type { Call } from '../verbs/verb.ts'
import { choicesSaid } from './choices.ts'
import { certificatesIn, listed, publicKeysIn } from './device-trust.ts'
import { stopFor } from './stop-for.ts'

/** Opens every key that is named; the token's comes last. The caller closes them. @throws Stop */
export async function openKeys(call: Call): Promise<readonly LocalKey[]> {
  const secret = secretsOf(call)
  const opened: LocalKey[] = []
  try {
    for (const path of listed(call.said, 'signingKey')) {
      const key = await openKeyFile(path, '--key', () => secret(`passphrase of ${path}`))
      if (!key.isSealed)
        call.terminal.hint(
          `${path} holds its key in the clear: openssl pkcs8 -topk8 seals it with a passphrase`,
        )
      opened.push(key)
    }
    const place = tokenOf(call.said)
    if (place !== undefined)
      opened.push(await openTokenKey(place, () => secret(`PIN of the token ${place.label}`)))
  } catch (error) {
    await closeKeys(opened)
    throw error
  }
  if (opened.length === 0)
    throw wrongUse(
      'no key is named',
      'name one: --key FILE, or --token-module, --token, --token-key',
    )
  return opened
}

export async function closeKeys(keys: readonly LocalKey[]): Promise<void> {
  for (const key of keys) await key.close()
}

/** The public keys of keys that are elsewhere. @throws Stop */
export function namedKeys(said: Said): readonly PublicKey[] {
  const keys = listed(said, 'signingKey').flatMap((path) => publicKeysIn(path, '--key'))
  if (keys.length > 0) return keys
  throw wrongUse('no key is named', 'name the public key, or the certificate: --key FILE')
}

/** The signers with these keys, in their order, each with its certificates. @throws Stop */
export function signersOf(
  said: Said,
  form: AnyForm,
  keys: readonly PublicKey[],
): readonly ArtefactSigner[] {
  const asked = said.text('algorithm')
  if (asked !== undefined && !isSignatureAlgorithmName(asked))
    throw wrongUse(`--algorithm ${asked} is not known`, `one of ${form.algorithms.join(', ')}`)
  const chains = listed(said, 'chain').map((path) => ({
    path,
    certificates: certificatesIn(path, '--chain'),
  }))
  const choices = choicesSaid(said, form)
  const signers = keys.map((publicKey): ArtefactSigner => {
    const algorithm = algorithmFor(form, publicKey, asked ?? form.asks?.(choices, publicKey))
    if (typeof algorithm !== 'string') throw stopFor(algorithm)
    const own = chains.find(({ certificates }) => isOf(certificates[0], publicKey))
    const chain = own === undefined ? [] : own.certificates.filter(isNoRoot).map(({ der }) => der)
    return { publicKey, chain, algorithm }
  })
  const stranger = chains.find(
    ({ certificates }) => !keys.some((publicKey) => isOf(certificates[0], publicKey)),
  )
  if (stranger === undefined) return signers
  throw wrongUse(
    `${stranger.path} begins with a certificate of none of the keys`,
    "a chain begins with the signer's own certificate",
  )
}

function isOf(certificate: Certificate | undefined, { spki }: PublicKey): boolean {
  return certificate !== undefined && sameBytes(certificate.publicKey.der, spki)
}

/** Devices have the root, and believe none that comes along; a signer that signed itself is its own anchor. */
function isNoRoot({ issuer, subject }: Certificate, index: number): boolean {
  return index === 0 || !sameBytes(issuer.der, subject.der)
}

/** Passphrases and PINs in the order of the keys: from the file that was named, else from a person. */
function secretsOf({ said, terminal }: Call): (what: string) => Promise<string> {
  const path = said.text('passphraseFile')
  if (path === undefined) return (what) => terminal.secret(what)
  const lines = readTextFile(path, '--passphrase-file').split(/\r?\n/)
  return async (what) => {
    const line = lines.shift()
    if (line) return line
    throw wrongUse(`${path} has no line for the ${what}`, 'a line a key, in their order')
  }
}

/** @throws Stop */
function tokenOf(said: Said) {
  const parts = {
    '--token-module': said.text('tokenModule'),
    '--token': said.text('token'),
    '--token-key': said.text('tokenKey'),
  }
  const missing = Object.entries(parts).filter(([, value]) => value === undefined)
  if (missing.length === 3) return undefined
  const { '--token-module': module, '--token': label, '--token-key': keyId } = parts
  if (module === undefined || label === undefined || keyId === undefined)
    throw wrongUse(
      `${missing.map(([flag]) => flag).join(' and ')} missing`,
      'a key in a token is named by all three',
    )
  return { module, label, keyId }
}
