// SPDX-License-Identifier: Apache-2.0
import { type Command, commands } from '../commands/commands.ts'

/** The nouns in the order in which a new installation needs them. */
const groups: readonly (readonly [title: string, nouns: readonly string[]])[] = [
  ['First steps', ['serve', 'claim', 'claim-link', 'status', 'doctor', 'explain']],
  ['Devices', ['product', 'entrance', 'device', 'code', 'key', 'attestation', 'reference']],
  ['Applications', ['application']],
  [
    'Certificates',
    ['certificate', 'request', 'authority', 'anchor', 'profile', 'upstream', 'status-file'],
  ],
  ['Ending trust', ['revocation']],
  ['Weak keys', ['finding', 'keywatch', 'weak-keys', 'entropy']],
  ['Sessions', ['integration', 'enforcement', 'crl']],
  ['Roots', ['ceremony']],
  ['People and machines', ['person', 'machine', 'registrar', 'proxy', 'whoami']],
  ['Makers of chips', ['vendor-root', 'element']],
  ['Watching', ['alarm', 'notification', 'delivery', 'renewal']],
  ['Images', ['scan', 'firmware']],
  ['Releases', ['release', 'artefact', 'build', 'build-trust', 'builder-key']],
  ['Who may sign', ['signing-policy', 'approver', 'approval']],
  ['Signing keys', ['signing-key', 'signing-plan', 'rotation', 'key-ending', 'installed']],
  ['The log', ['log']],
  ['Evidence', ['exception', 'report', 'qualify']],
  ['Keeping safe', ['backup', 'store']],
  ['Servers', ['node']],
]

export interface Group {
  readonly title: string
  readonly commands: readonly Command[]
}

/** Every command once; a noun that nobody has put into a group stands in a last one. */
export function groupedCommands(): readonly Group[] {
  const placed = new Set(groups.flatMap(([, nouns]) => nouns))
  const rest = commands.filter((command) => !placed.has(nounOf(command)))
  const known = groups.map(([title, nouns]) => ({
    title,
    commands: nouns.flatMap((noun) => commands.filter((command) => nounOf(command) === noun)),
  }))
  return rest.length === 0 ? known : [...known, { title: 'More', commands: rest }]
}

function nounOf({ name }: Command): string {
  return name.split(' ', 1)[0] ?? ''
}
