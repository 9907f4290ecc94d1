// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import {
  type ApprovalAct,
  type ApprovalStatement,
  type EmergencyStatement,
  encodeApprovalStatement,
} from '#format/release/approval-statement.ts'
import { parseReleaseManifest, type ReleaseManifest } from '#format/release/manifest.ts'
import { signStatement } from '#trust/approval/sign-statement.ts'
import { sha256 } from '#trust/digest.ts'
import { type ApproverFile, readApproverFile } from '../approver/key-file.ts'
import { openSigner } from '../approver/open-signer.ts'
import { type Subject, subjectLines } from '../approver/show-subject.ts'
import { statedNow } from '../approver/stated-now.ts'
import { jsonText } from '../show/json.ts'
import { exit, Stop, wrongUse } from '../stop.ts'
import type { Answer, Server } from '../talk/server.ts'
import { judgementLines } from './release-judge.ts'
import { begin, type Call, isJson, tableOptions, type Verb, writeLines } from './verb.ts'

/** Agrees to a release. */
export const approveRelease: Verb = (call) => act('approve', call)

/** Says no to a release, with the reason. */
export const refuseRelease: Verb = (call) => act('refuse', call)

/** Agrees afterwards to what one person approved in an emergency. */
export const reviewEmergency: Verb = (call) => act('review', call)

/** Shows what an approval would be about, as whoever approves sees it; nothing is signed. */
export const previewRelease: Verb = async (call) => {
  const { server, input } = await begin(call)
  const subject = await server.ask('release.preview', input)
  if (isJson(call)) await call.terminal.write(jsonText(subject))
  else if (subject.manifest === null)
    await writeLines(call, judgementLines(subject, tableOptions(call).paint))
  else {
    const { manifest, before } = readSubject(subject, subject.manifest, subject.release)
    await writeLines(call, subjectLines(subject, manifest, before))
  }
  return exit.done
}

const operationOf = {
  approve: 'release.approve',
  refuse: 'release.refuse',
  review: 'release.review-emergency',
} as const satisfies Record<ApprovalAct, string>

/** What most people mean; asked for where somebody sits at the terminal. */
const usualMeaning = {
  approve: 'reviewed and approved for release',
  refuse: undefined,
  review: 'reviewed after the fact and agreed',
} as const satisfies Record<ApprovalAct, string | undefined>

/**
 * Fetches the text, checks it against its digest, shows it, asks for meaning and secret, signs here, and sends.
 *
 * What is signed is made of the octets that were checked: a server that shows one release and has another signed is
 * found out.
 */
async function act(kind: ApprovalAct, call: Call) {
  const { said, terminal, means } = call
  const file = readApproverFile(said.text('approverKey') ?? '')
  const server = await call.connect()
  const release = said.text('release') ?? ''
  const { subject, manifest, before } = await fetched(release, file, server)
  const approver = approverOf(subject, file)
  if (!isJson(call)) for (const line of subjectLines(subject, manifest, before)) terminal.note(line)
  const meaning = await meaningOf(kind, call)
  await confirmed(call, kind, subject)
  const signer = await openSigner(file, call)
  let statement: Uint8Array
  let signature: Uint8Array
  try {
    const now = means.now()
    statement = encoded({
      ...{ act: kind, release: manifest.release, manifestSha256: subject.manifestSha256 ?? '' },
      ...{ product: manifest.product.name, version: manifest.version },
      environment: manifest.environment,
      person: { id: approver.person, name: approver.name, role: approver.role },
      ...{ key: approver.fingerprint, statedAt: statedNow(now), meaning },
      emergency: emergencySaid(kind, call),
    })
    signature = await signStatement(statement, signer, now)
  } finally {
    await signer.close()
  }
  const answer = await server.ask(operationOf[kind], {
    ...{ release, statement: statement.toBase64(), signature: signature.toBase64() },
  })
  await tell(call, kind, answer)
  return exit.done
}

interface Fetched {
  readonly subject: Subject
  readonly manifest: ReleaseManifest
  readonly before: ReleaseManifest | undefined
}

async function fetched(release: string, file: ApproverFile, server: Server): Promise<Fetched> {
  const fingerprint = file.publicKey.fingerprint.toHex()
  const subject = await server.ask('release.preview', { release, fingerprint })
  if (subject.manifest === null)
    throw new Stop(exit.refused, `${release} is ${subject.state}: there is nothing to sign yet`, {
      code: 'release-state-wrong',
      hint: 'whoever makes it puts it forward first: vitalsign release submit',
    })
  return readSubject(subject, subject.manifest, release)
}

/** @throws Stop unless the text has its digest, and is that of the release that was asked for */
function readSubject(subject: Subject, manifestText: string, release: string): Fetched {
  const text = new TextEncoder().encode(manifestText)
  if (sha256(text).toHex() !== subject.manifestSha256)
    throw new Stop(
      exit.refused,
      'the text that the server sent does not have the digest that it says',
      {
        hint: 'sign nothing; have somebody look at the server',
      },
    )
  const manifest = parsed(manifestText)
  if (manifest.release !== release)
    throw new Stop(exit.refused, `the server sent the text of ${manifest.release} for ${release}`, {
      hint: 'sign nothing; have somebody look at the server',
    })
  return {
    ...{ subject, manifest },
    before: subject.before === null ? undefined : parsed(subject.before.manifest),
  }
}

function parsed(text: string): ReleaseManifest {
  try {
    return parseReleaseManifest(new TextEncoder().encode(text))
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw new Stop(exit.refused, `the text of the release cannot be read: ${error.message}`, {
      hint: 'sign nothing; does this program have the version of the server?',
    })
  }
}

function approverOf({ approver }: Subject, { path }: ApproverFile) {
  if (approver === null)
    throw new Stop(exit.refused, `the key of ${path} is not registered here`, {
      code: 'approver-key-not-active',
    })
  if (approver.state !== 'active')
    throw new Stop(
      exit.refused,
      `the key of ${path} is ${approver.state === 'waiting' ? 'not confirmed yet' : 'ended'}`,
      { code: 'approver-key-not-active' },
    )
  return approver
}

async function meaningOf(kind: ApprovalAct, { said, terminal }: Call): Promise<string> {
  const given = said.text('meaning')
  if (given !== undefined) return given
  const usual = usualMeaning[kind]
  if (!terminal.canAsk) {
    throw wrongUse(
      '--meaning is missing: a signature says what it means',
      usual === undefined ? 'say why you refuse' : `such as --meaning "${usual}"`,
    )
  }
  if (usual === undefined) return (await terminal.ask('why do you refuse it?')) ?? ''
  const typed = await terminal.ask(`what does your signature mean? (empty: ${usual})`, {
    optional: true,
  })
  return typed ?? usual
}

/** A person says yes once more, knowing what it is about; a program said --yes. */
async function confirmed(call: Call, kind: ApprovalAct, { checks }: Subject): Promise<void> {
  const { said, terminal } = call
  if (said.has('yes')) return
  if (!terminal.canAsk)
    throw wrongUse('nobody can be asked here', 'say --yes once you have looked at the release')
  const failed = checks.filter(({ asked, passed }) => asked && !passed).length
  const warning = failed > 0 && kind === 'approve' ? ` though ${failed} checks are not met` : ''
  const answer = await terminal.ask(`type yes to sign "${kind}"${warning}`)
  if (answer !== 'yes') throw new Stop(exit.wrongUse, 'nothing was signed')
}

function emergencySaid(kind: ApprovalAct, { said }: Call): EmergencyStatement | null {
  const [incident, because, until] = ['incident', 'because', 'until'].map((name) => said.text(name))
  if (incident === undefined && because === undefined && until === undefined) return null
  if (kind !== 'approve' || incident === undefined || because === undefined || until === undefined)
    throw wrongUse(
      'an emergency has three parts',
      'say --incident REFERENCE, --because TEXT and --until TIME together',
    )
  return { incident, because, until }
}

function encoded(statement: ApprovalStatement): Uint8Array {
  try {
    return encodeApprovalStatement(statement)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw wrongUse(
      `this cannot be signed: ${error.message}`,
      'texts are one line of printable characters, times are such as 2026-11-30T12:00:00Z',
    )
  }
}

async function tell(call: Call, kind: ApprovalAct, answer: Answer<'release.approve'>) {
  if (isJson(call)) return call.terminal.write(jsonText(answer))
  const { verdict, missing, checks, emergency } = answer
  const failed = checks.filter(({ asked, passed }) => asked && !passed)
  const next = {
    'not-submitted': 'it is not put forward',
    refused: 'it is refused until it is changed and put forward again',
    'checks-failed': `it may not be signed: ${failed.map(({ title }) => title).join('; ')}`,
    waiting: `still missing: ${missing.join(', ')}`,
    emergency: `it may be signed until ${emergency?.until ?? ''}, and has to be reviewed by ${emergency?.reviewBy ?? ''}`,
    approved: 'nothing is missing: it may be signed',
  }[verdict]
  await writeLines(call, [`signed and taken: ${kind}`, `  ${next}`])
}
