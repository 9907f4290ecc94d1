// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey } from 'node:crypto'
import { FormatError } from '#format/format-error.ts'
import { encodePem, parsePem } from '#format/pem.ts'
import { readFile, readTextFile } from '../files.ts'
import { type OpensslDirectory, opensslDirectory } from '../openssl-directory.ts'
import { jsonText } from '../show/json.ts'
import { Names } from '../show/names.ts'
import { exit, wrongUse } from '../stop.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { showRecord } from './plain.ts'
import { isJson, operationNameOf, type Verb } from './verb.ts'

/** Sends an authority's certificates and key, from its own directory or from files that were named. */
export const importAuthority: Verb = async (call) => {
  const { said, terminal } = call
  const directory = said.text('opensslCa')
  const parts = directory === undefined ? undefined : opensslDirectory(directory)
  const [own, ...above] = certificatesIn(
    needed(said.text('certificate') ?? parts?.authority, '--certificate'),
  )
  const chain = said.text('chain')
  const input = {
    name: needed(said.text('name'), 'NAME'),
    certificate: pemOf([own, ...above, ...(chain === undefined ? [] : certificatesIn(chain))]),
    key: await keyIn(needed(said.text('key') ?? parts?.key, '--private-key'), terminal),
    issue: said.has('issue'),
    ...lastNumber(said.value('lastCrlNumber'), parts),
  }
  const server = await call.connect()
  const answer = await server.askAny(operationNameOf(call), input)
  if (isJson(call)) await terminal.write(jsonText(answer))
  else {
    const names = new Names(server)
    await names.learn(answer)
    await showRecord(call, answer, names)
    const from = directory ?? 'LIST'
    if (!('lastCrlNumber' in input)) {
      terminal.note(
        'its revocation lists begin with number 1: had it signed some before, who remembers a higher number would not take them',
      )
    }
    terminal.note(
      `next: vitalsign certificate import ${from} --authority ${input.name} --product PRODUCT`,
    )
  }
  return exit.done
}

function needed(value: string | undefined, what: string): string {
  if (value !== undefined) return value
  throw wrongUse(`${what} is missing`, 'name it, or give all parts at once by --openssl-ca DIR')
}

/** Every certificate of a PEM file, DER. @throws Stop */
function certificatesIn(path: string): readonly Uint8Array[] {
  try {
    const blocks = parsePem(readTextFile(path, path)).filter(({ label }) => label === 'CERTIFICATE')
    if (blocks.length > 0) return blocks.map(({ bytes }) => bytes)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw wrongUse(`${path} cannot be read: ${error.message}`, 'name a file of certificates in PEM')
  }
  throw wrongUse(`${path} has no certificate in it`, 'name a file of certificates in PEM')
}

function pemOf(certificates: readonly (Uint8Array | undefined)[]): string {
  return certificates
    .map((der) => (der === undefined ? '' : encodePem('CERTIFICATE', der)))
    .join('')
}

/**
 * A private key as PKCS #8 in PEM, whatever form and encryption it has in its file.
 *
 * @throws Stop; nothing of the key is in its message
 */
async function keyIn(path: string, terminal: Terminal): Promise<string> {
  const key = readFile(path, '--private-key')
  const text = new TextDecoder('latin1').decode(key)
  const isSealed = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(text)
  const passphrase = isSealed ? await terminal.secret(`passphrase of ${path}`) : undefined
  try {
    const options = { key: text, ...(passphrase !== undefined && { passphrase }) }
    return String(createPrivateKey(options).export({ format: 'pem', type: 'pkcs8' }))
  } catch {
    const why = isSealed
      ? 'the passphrase is wrong, or the file is damaged'
      : 'it is no private key'
    throw wrongUse(`${path} cannot be read: ${why}`, 'name the key file of the authority, in PEM')
  }
}

/** The numbers that fit; a list that came every second for a million years has fewer. */
const mostLastNumber = 2 ** 46

/** What was said, or one less than the next number, which openssl keeps in hexadecimal. */
function lastNumber(asked: unknown, parts: OpensslDirectory | undefined) {
  if (asked !== undefined) return { lastCrlNumber: asked }
  if (parts?.crlNumber === undefined) return {}
  const hex = readTextFile(parts.crlNumber, parts.crlNumber).trim()
  if (!/^[0-9a-f]{1,40}$/i.test(hex)) {
    throw wrongUse(
      `${parts.crlNumber} holds no number in hexadecimal`,
      'give it: --last-crl-number N',
    )
  }
  const next = BigInt(`0x${hex}`)
  if (next > mostLastNumber) {
    throw wrongUse(
      `the next list of this authority has the number ${next}, ${mostLastNumber} is the largest that can go on here`,
      'its certificates can be taken over by a new authority only: let the devices enrol again',
    )
  }
  return { lastCrlNumber: Math.max(0, Number(next) - 1) }
}
