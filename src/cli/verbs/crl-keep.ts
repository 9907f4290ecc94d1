// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs'
import { FormatError } from '#format/format-error.ts'
import { encodePem, parsePem } from '#format/pem.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { formatName, sameName } from '#format/x509/name.ts'
import { type RevocationList, readRevocationList } from '#trust/peer/crl/revocation-list.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { certificatesOf } from '../commands/certificate-file.ts'
import { readFile, readTextFile, writeFile } from '../files.ts'
import { printable } from '../show/value.ts'
import { broken, exit, wrongUse } from '../stop.ts'
import { type Verb, writeLines } from './verb.ts'

const patienceMilliseconds = 20_000
/** A million entries take some 40 MB. */
const mostBytes = 128 * 1024 * 1024
/** A clock may be so far behind that of who signs. */
const leewayMinutes = 5

/** One list that is wanted, or why it cannot be had. */
type Had =
  | { readonly kind: 'list'; readonly list: RevocationList }
  | { readonly kind: 'no'; readonly words: string }

/**
 * Keeps a file of revocation lists fresh for a program that reads such files: fetches them, believes what their
 * authority signed and what is no older than what the file has, replaces the file whole, and has the program read
 * it. A list that cannot be had leaves the one in the file where it is.
 */
export const keepLists: Verb = async (call) => {
  const { said, means } = call
  const addresses = said.value('list')
  if (!Array.isArray(addresses) || addresses.length === 0)
    throw wrongUse('no list is named', '--list http://pki.example.com:8080/crl/issuing-1.crl')
  const output = said.text('output') ?? ''
  const issuers = certificatesIn(said.text('issuers') ?? '')
  const now = means.now()
  const before = existsSync(output) ? listsIn(output) : []
  const lines: string[] = []
  const kept = new Map(before.map((list) => [list.scope, list]))
  let isWell = true
  for (const address of addresses.map(String)) {
    const had = await fetchList(address, issuers, kept, now)
    if (had.kind === 'no') {
      isWell = false
      lines.push(`${printable(address)}: not taken: ${had.words}`)
      continue
    }
    kept.set(had.list.scope, had.list)
    lines.push(`${printable(address)}: ${factsOf(had.list)}`)
  }
  const text = [...kept.values()].map(({ crl }) => encodePem('X509 CRL', crl.der)).join('')
  if (text === '') throw broken('there is no list to keep', lines.join('; '))
  const isNew = !existsSync(output) || readTextFile(output, '--output') !== text
  if (isNew) await writeFile(output, [text])
  const pidFile = said.text('reloadPidFile')
  if (isNew && pidFile !== undefined) tellProcess(pidFile)
  await writeLines(call, [...lines, isNew ? `${output} is new` : `${output} stays as it was`])
  return isWell ? exit.done : exit.refused
}

function certificatesIn(path: string): readonly Certificate[] {
  const pem = certificatesOf(readFile(path, '--issuers'), path)
  return parsePem(pem).map(({ bytes }) => parseCertificate(bytes, { unknownCritical: 'keep' }))
}

/** What the file has, unless somebody else put something else there. */
function listsIn(path: string): readonly RevocationList[] {
  try {
    return parsePem(readTextFile(path, '--output'))
      .filter(({ label }) => label === 'X509 CRL')
      .map(({ bytes }) => readRevocationList(bytes))
  } catch (error) {
    if (error instanceof FormatError)
      throw broken(`${path} holds something else than revocation lists`, 'name another --output')
    throw error
  }
}

async function fetchList(
  address: string,
  issuers: readonly Certificate[],
  kept: ReadonlyMap<string, RevocationList>,
  now: Temporal.Instant,
): Promise<Had> {
  const bytes = await fetchBytes(address)
  if (typeof bytes === 'string') return no(bytes)
  let list: RevocationList
  try {
    list = readRevocationList(bytes)
  } catch (error) {
    if (error instanceof FormatError) return no('it is no revocation list')
    throw error
  }
  const { crl } = list
  const name = printable(formatName(crl.issuer))
  if (list.base !== undefined) return no('it is a delta, which no broker reads')
  const signers = issuers.filter(({ subject }) => sameName(subject, crl.issuer))
  if (signers.length === 0) return no(`no certificate of ${name} is in --issuers`)
  if (!signers.some((one) => isSignedBy(list, one))) return no(`${name} did not sign it`)
  if (Temporal.Instant.compare(crl.nextUpdate, now) <= 0)
    return no(`its time ended at ${crl.nextUpdate}`)
  if (Temporal.Instant.compare(crl.thisUpdate, now.add({ minutes: leewayMinutes })) > 0)
    return no(`it begins at ${crl.thisUpdate}: is the clock of this machine right?`)
  const before = kept.get(list.scope)
  if (before !== undefined && before.number > list.number)
    return no(`its number ${list.number} is below ${before.number}, which the file has`)
  return { kind: 'list', list }
}

function isSignedBy(list: RevocationList, { publicKey }: Certificate): boolean {
  const key = importPublicKey(publicKey)
  return !('kind' in key) && list.isSignedBy(key)
}

/** The bytes, or why there are none. Redirects are not followed: lists are where they are said to be. */
async function fetchBytes(address: string): Promise<Uint8Array | string> {
  try {
    const signal = AbortSignal.timeout(patienceMilliseconds)
    const answer = await fetch(address, { signal, redirect: 'error' })
    if (!answer.ok || answer.body === null) return `the answer was ${answer.status}`
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of answer.body) {
      size += chunk.length
      if (size > mostBytes) return `it is longer than ${mostBytes} bytes`
      chunks.push(chunk)
    }
    return new Uint8Array(Buffer.concat(chunks))
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException) return 'nobody answers there'
    throw error
  }
}

function factsOf({ crl, number }: RevocationList): string {
  return `number ${number}, ${crl.revokedCount} entries, until ${crl.nextUpdate}`
}

function no(words: string): Had {
  return { kind: 'no', words }
}

/** One that does not run reads the file when it starts. */
function tellProcess(pidFile: string): void {
  if (!existsSync(pidFile)) return
  const [, digits] = /^\s*([1-9]\d{0,9})\s*$/.exec(readFileSync(pidFile, 'utf8')) ?? []
  if (digits === undefined)
    throw broken(`${pidFile} holds no process id`, 'look at --reload-pid-file')
  try {
    process.kill(Number(digits), 'SIGHUP')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ESRCH') return
    throw broken(`process ${digits} cannot be told (${code})`, 'run this as its user', error)
  }
}
