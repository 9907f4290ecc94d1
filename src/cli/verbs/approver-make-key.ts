// SPDX-License-Identifier: Apache-2.0
import { checkPassphrase } from '#core/people/passphrase.ts'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import {
  isKeyAlgorithmName,
  type KeyAlgorithmName,
  signatureAlgorithmFor,
} from '#trust/algorithms.ts'
import { certifyApprover } from '#trust/approval/approver-certificate.ts'
import type { StatementSigner } from '#trust/approval/sign-statement.ts'
import { encodePrivateKey, generateKey, sign } from '#trust/private-key.ts'
import { sealPkcs8 } from '#trust/sealed-pkcs8.ts'
import { refuseTaken, writeApproverFile } from '../approver/key-file.ts'
import { secretFor, tokenSaid } from '../approver/open-signer.ts'
import { printedName } from '../approver/printed-name.ts'
import { openToken, type TokenSaid } from '../approver/token-signer.ts'
import { jsonText } from '../show/json.ts'
import { exit, Stop } from '../stop.ts'
import { type Call, isJson, type Verb, writeLines } from './verb.ts'

/** Makes the key of an approver, where the approver is. */
export const makeApproverKey: Verb = async (call) => {
  const { said, terminal } = call
  const path = said.text('file') ?? ''
  refuseTaken(path)
  const name = printedName(said.text('printedName') ?? '')
  const algorithm = algorithmSaid(call)
  const token = tokenSaid(call)
  const fingerprint =
    token === undefined
      ? await makeInFile(path, name, algorithm, call)
      : await makeInToken(path, name, algorithm, token, call)
  const made = { file: path, name, algorithm, fingerprint, kept: token ? 'token' : 'file' }
  if (isJson(call)) await terminal.write(jsonText(made))
  else
    await writeLines(call, [
      `made the approver key of ${name} in ${token === undefined ? path : `token ${token.label}`}`,
      `  fingerprint  ${fingerprint}`,
    ])
  terminal.hint(
    `register it: vitalsign approver register --approver-key ${path} --role ROLE --name NAME`,
  )
  return exit.done
}

function algorithmSaid({ said }: Call): KeyAlgorithmName {
  const algorithm = said.text('algorithm') ?? 'p-256'
  if (!isKeyAlgorithmName(algorithm)) throw new TypeError(`${algorithm} was let in`)
  return algorithm
}

async function makeInFile(
  path: string,
  name: string,
  algorithm: KeyAlgorithmName,
  call: Call,
): Promise<string> {
  const passphrase = await secretFor('a passphrase for the new key', call, { twice: true })
  const weak = checkPassphrase(passphrase, name)
  if (weak !== undefined) throw new Stop(exit.refused, weak.detail, { code: weak.reason })
  const { terminal } = call
  const { privateKey, publicKey } = await terminal.waiting('making …', generateKey(algorithm))
  const row = signatureAlgorithmFor(algorithm)
  const certificate = await certified(
    name,
    {
      ...{ publicKey, algorithm: row.name },
      sign: (bytes) => sign(privateKey, row, bytes),
    },
    call,
  )
  const pkcs8 = encodePrivateKey(privateKey)
  try {
    writeApproverFile(path, await sealPkcs8(pkcs8, passphrase, systemRandomness), certificate)
  } finally {
    pkcs8.fill(0)
  }
  return publicKey.fingerprint.toHex()
}

async function makeInToken(
  path: string,
  name: string,
  algorithm: KeyAlgorithmName,
  token: TokenSaid,
  call: Call,
): Promise<string> {
  const open = await openToken(token, await secretFor(`the PIN of token ${token.label}`, call))
  try {
    const keyId = `approver-${systemRandomness.bytes(8).toHex()}`
    const signer = await open.make(algorithm, keyId)
    writeApproverFile(path, undefined, await certified(name, signer, call))
    return signer.publicKey.fingerprint.toHex()
  } finally {
    await open.close()
  }
}

function certified(
  name: string,
  signer: Omit<StatementSigner, 'chain'>,
  { means }: Call,
): Promise<Uint8Array> {
  const serial = systemRandomness.bytes(16)
  // Positive, and of no fewer octets (RFC 5280 section 4.1.2.2).
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return certifyApprover(name, signer, serial, means.now())
}
