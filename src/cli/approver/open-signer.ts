// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import type { StatementSigner } from '#trust/approval/sign-statement.ts'
import { sign } from '#trust/private-key.ts'
import { exit, Stop, wrongUse } from '../stop.ts'
import type { Call } from '../verbs/verb.ts'
import { type ApproverFile, openApproverKey } from './key-file.ts'
import { openToken, type TokenSaid } from './token-signer.ts'

/** A signer for one act: the passphrase or PIN was asked for just now, and is asked for again the next time. */
export interface OpenSigner extends StatementSigner {
  close(): Promise<void>
}

/**
 * Opens the key of an approver: 21 CFR 11.200 asks two components for each signing, the key and what its owner knows.
 *
 * @throws Stop
 */
export async function openSigner(file: ApproverFile, call: Call): Promise<OpenSigner> {
  const { publicKey, chain } = file
  const token = tokenSaid(call)
  if (token !== undefined) {
    const open = await openToken(token, await secretFor(`the PIN of token ${token.label}`, call))
    const signer = open.signerFor(publicKey)
    if (signer === undefined) {
      await open.close()
      throw new Stop(exit.refused, `token ${token.label} does not hold the key of ${file.path}`, {
        hint: 'put in the token with which the key was made',
      })
    }
    return { ...signer, chain, close: () => open.close() }
  }
  if (file.sealed === undefined)
    throw wrongUse(
      `${file.path} holds no key, only the certificate over one`,
      'its key is in a token: say --token LABEL and --module FILE',
    )
  const pair = await openApproverKey(file, await secretFor(`the passphrase of ${file.path}`, call))
  const row = signatureAlgorithmFor(publicKey.algorithm)
  return {
    ...{ publicKey, chain, algorithm: row.name },
    sign: (bytes) => sign(pair.privateKey, row, bytes),
    close: async () => {},
  }
}

/** The token that was named, if one was. @throws Stop if half of it was */
export function tokenSaid({ said }: Call): TokenSaid | undefined {
  const [label, module] = [said.text('token'), said.text('module')]
  if (label === undefined && module === undefined) return undefined
  if (label === undefined || module === undefined)
    throw wrongUse(
      'a token is named by two flags',
      'say --token LABEL and --module FILE, the PKCS #11 library of its maker',
    )
  return { label, module, serial: said.text('tokenSerial') }
}

/**
 * A passphrase or PIN: from the descriptor that was named, else typed without echo, else a line of standard input.
 *
 * @throws Stop
 */
export async function secretFor(
  what: string,
  { said, terminal }: Call,
  options: { readonly twice?: boolean } = {},
): Promise<string> {
  const descriptor = said.value('passphraseFd')
  if (descriptor === undefined) return terminal.secret(what, options)
  let text: string
  try {
    text = readFileSync(Number(descriptor), 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw wrongUse(
      `descriptor ${descriptor} cannot be read: ${reason}`,
      'open it for this command, such as with 3< FILE',
    )
  }
  const [line = ''] = text.split(/\r?\n/)
  if (line === '') throw wrongUse(`descriptor ${descriptor} holds no line`, `it holds ${what}`)
  return line
}
