// SPDX-License-Identifier: Apache-2.0
import { isKeyAlgorithmName, keyAlgorithms } from '#trust/algorithms.ts'
import { revocationReasons } from '../revocation/revoke.ts'
import { DocumentReader } from './document-reader.ts'
import type {
  CeremonyScript,
  Participant,
  ScriptIssue,
  ScriptLink,
  ScriptList,
  ScriptRoot,
  ScriptStep,
  ShareCounts,
} from './script.ts'
import { ceremonyRoles, ceremonySteps } from './script.ts'
import { checkScript } from './script-rules.ts'

export const scriptFormat = 'vitalsign-ceremony-script-1'

/** What is wrong in a script, where, and what to do. */
export interface ScriptFault {
  readonly path: string
  readonly fault: string
  readonly remedy: string
}

export type ReadScript =
  | { readonly kind: 'script'; readonly script: CeremonyScript }
  | { readonly kind: 'faults'; readonly faults: readonly ScriptFault[] }

/** Far beyond any script that people read aloud. */
const mostBytes = 131_072

/**
 * Reads a script strictly, and says all that is wrong with it.
 *
 * What people read must be what the machine reads: a member that stands twice, a letter that is written as
 * its number, an unknown member are faults.
 */
export function readScript(bytes: Uint8Array): ReadScript {
  if (bytes.length > mostBytes) {
    return faulty(`has ${bytes.length} bytes`, `at most ${mostBytes} are read`)
  }
  let text: string
  let read: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    read = JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return faulty(
      `is not JSON in UTF-8: ${why}`,
      '"vitalsign ceremony new-script" writes one to begin with',
    )
  }
  if (withoutBlanks(text) !== JSON.stringify(read)) {
    return faulty(
      'does not say plainly what it holds',
      'a member stands twice, or a text or number is spelled unusually: write each once, and as it is read',
    )
  }
  const faults: ScriptFault[] = []
  const script = scriptIn(new DocumentReader(read, '', faults))
  if (faults.length === 0) faults.push(...checkScript(script))
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'script', script }
}

function faulty(fault: string, remedy: string): ReadScript {
  return { kind: 'faults', faults: [{ path: '', fault, remedy }] }
}

/** Blanks between the parts go, those within texts stay. */
function withoutBlanks(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|[ \t\r\n]+/g, '$1')
}

function scriptIn(reader: DocumentReader): CeremonyScript {
  const members = [
    'format',
    'act',
    'title',
    'environment',
    'maker',
    'publicUrl',
    'shares',
    'people',
  ]
  reader.only([...members, 'roots', 'issue', 'links', 'lists', 'steps'])
  reader.choice('format', [scriptFormat])
  return {
    act: reader.choice('act', ['found', 'open']),
    title: reader.text('title', 100),
    environment: reader.choice('environment', ['trial', 'test', 'production']),
    maker: reader.text('maker', 50),
    publicUrl: reader.url('publicUrl'),
    shares: reader.has('shares') ? sharesIn(reader.object('shares')) : undefined,
    people: reader.list('people', 100).map(participantIn),
    roots: reader.list('roots', 8).map(rootIn),
    issue: reader.list('issue', 100).map(issueIn),
    links: reader.list('links', 20).map(linkIn),
    lists: reader.list('lists', 8).map(listIn),
    steps: reader.list('steps', ceremonySteps.length).map(stepIn),
  }
}

function sharesIn(reader: DocumentReader): ShareCounts {
  reader.only(['needed', 'of', 'sealed'])
  return {
    needed: reader.whole('needed', 2, 20),
    of: reader.whole('of', 2, 20),
    sealed: reader.has('sealed') ? reader.flag('sealed') : true,
  }
}

function participantIn(reader: DocumentReader): Participant {
  reader.only(['role', 'name'])
  return { role: reader.choice('role', ceremonyRoles), name: reader.text('name', 64) }
}

function rootIn(reader: DocumentReader): ScriptRoot {
  reader.only(['name', 'algorithm', 'commonName', 'twinOf', 'until'])
  const algorithm = reader.text('algorithm', 40)
  const isKnown =
    isKeyAlgorithmName(algorithm) && keyAlgorithms[algorithm].uses.includes('authority')
  if (!isKnown && algorithm !== '') {
    reader.fault(
      'algorithm',
      `is "${algorithm}"`,
      'name one that authorities sign with, e.g. p-384',
    )
  }
  return {
    name: reader.name('name'),
    algorithm: isKnown ? algorithm : 'p-384',
    commonName: reader.text('commonName', 64),
    twinOf: reader.has('twinOf') ? reader.name('twinOf') : undefined,
    until: reader.has('until') ? reader.instant('until') : undefined,
  }
}

function issueIn(reader: DocumentReader): ScriptIssue {
  reader.only(['root', 'request', 'requestSha256', 'until'])
  return {
    root: reader.name('root'),
    request: reader.file('request'),
    requestSha256: reader.has('requestSha256') ? reader.digest('requestSha256') : undefined,
    until: reader.has('until') ? reader.instant('until') : undefined,
  }
}

function linkIn(reader: DocumentReader): ScriptLink {
  reader.only(['root', 'certificate'])
  return { root: reader.name('root'), certificate: reader.file('certificate') }
}

function listIn(reader: DocumentReader): ScriptList {
  reader.only(['root', 'goodForDays', 'revoke'])
  return {
    root: reader.name('root'),
    // CA/Browser Forum baseline requirements 4.9.7: twelve months where authorities are listed; people are
    // late, so a month more may be asked for.
    goodForDays: reader.whole('goodForDays', 1, 397),
    revoke: reader.list('revoke', 1000).map((one) => {
      one.only(['serialNumber', 'reason'])
      return {
        serialNumber: one.hex('serialNumber', 40),
        reason: one.choice('reason', reasons),
      }
    }),
  }
}

const reasons = Object.keys(revocationReasons) as readonly (keyof typeof revocationReasons)[]

function stepIn(reader: DocumentReader): ScriptStep {
  reader.only(['step', 'words', 'confirmedBy'])
  return {
    step: reader.choice('step', ceremonySteps),
    words: reader.text('words', 2000),
    confirmedBy: reader.words('confirmedBy', ceremonyRoles),
  }
}
