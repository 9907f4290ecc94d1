// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { parsePem } from '#format/pem.ts'
import { encodeApproverStatement } from '#format/release/approver-statement.ts'
import { signStatement } from '#trust/approval/sign-statement.ts'
import { type ApproverFile, readApproverFile } from '../approver/key-file.ts'
import { openSigner, tokenSaid } from '../approver/open-signer.ts'
import { printedName, roleSaid } from '../approver/printed-name.ts'
import { statedNow } from '../approver/stated-now.ts'
import { readTextFile } from '../files.ts'
import { jsonText } from '../show/json.ts'
import { exit, wrongUse } from '../stop.ts'
import { type Call, isJson, type Verb, writeLines } from './verb.ts'

/** Registers the key of an approver: signed by the key that it is theirs, sent by the person who signed in. */
export const registerApprover: Verb = async (call) => {
  const { said, terminal, means } = call
  const file = withChain(readApproverFile(said.text('approverKey') ?? ''), call)
  const account = said.text('name') ?? ''
  const role = roleSaid(said.text('role') ?? '')
  const name = printedName(said.text('printedName') ?? commonNameOf(file))
  const server = await call.connect()
  const signer = await openSigner(file, call)
  let statement: Uint8Array
  let signature: Uint8Array
  try {
    const now = means.now()
    statement = encodeApproverStatement({
      ...{ account, name, role, publicKey: file.publicKey.spki },
      kept: tokenSaid(call) === undefined ? 'file' : 'token',
      statedAt: statedNow(now),
    })
    signature = await signStatement(statement, signer, now)
  } finally {
    await signer.close()
  }
  const answer = await server.ask('approver.register', {
    ...{ name: account, passphrase: await terminal.secret(`the passphrase of account ${account}`) },
    ...{ statement: statement.toBase64(), signature: signature.toBase64() },
    chain: file.chain.map((der) => der.toBase64()),
  })
  if (isJson(call)) await terminal.write(jsonText(answer))
  else
    await writeLines(call, [
      `${answer.id} waits: ${answer.name}, ${answer.role}`,
      `  fingerprint  ${answer.fingerprint}`,
    ])
  terminal.hint(
    `read the fingerprint out to another administrator, who says: vitalsign approver confirm ${answer.id} --fingerprint ${answer.fingerprint} --name NAME`,
  )
  return exit.done
}

/** The file with the chain that somebody else certified, where one was named. @throws Stop */
function withChain(file: ApproverFile, { said }: Call): ApproverFile {
  const path = said.text('chain')
  if (path === undefined) return file
  try {
    const chain = parsePem(readTextFile(path, '--chain'))
      .filter(({ label }) => label === 'CERTIFICATE')
      .map(({ bytes }) => bytes)
    if (chain.length > 0) return { ...file, chain }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw wrongUse(`${path} cannot be read: ${error.message}`, 'name a file of certificates in PEM')
  }
  throw wrongUse(`${path} has no certificate in it`, 'name a file of certificates in PEM')
}

function commonNameOf({ certificate }: ApproverFile): string {
  const attributes = certificate.subject.rdns.flat()
  return attributes.find(({ type }) => type === '2.5.4.3')?.value ?? ''
}
