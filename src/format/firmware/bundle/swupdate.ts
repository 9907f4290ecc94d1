// SPDX-License-Identifier: Apache-2.0
/** Updates for SWUpdate: a cpio whose first file describes the others. */
import type { ArchiveForm, Member, Unread } from '#format/archive/archive.ts'
import { type ByteSource, memorySource } from '#format/archive/byte-source.ts'
import { cpio } from '#format/archive/cpio.ts'
import { isAt } from '#format/archive/fields.ts'
import { FormatError } from '#format/format-error.ts'
import { parseSwDescription, swEntries } from './sw-description.ts'

const descriptionName = 'sw-description'
const mostDescriptionOctets = 1_048_576
/** Of a header of cpio with hexadecimal fields; the name follows. */
const nameAt = 110

export const swupdate: ArchiveForm = {
  name: 'swupdate',
  access: cpio.access,
  headOctets: nameAt + descriptionName.length + 1,
  recognise: (head) => isAt(head, nameAt, `${descriptionName}\0`) && cpio.recognise(head),
  members,
}

async function* members(
  source: ByteSource,
  tools: Parameters<ArchiveForm['members']>[1],
): AsyncGenerator<Member | Unread> {
  let encrypted: ReadonlySet<string> = new Set()
  for await (const member of cpio.members(source, tools)) {
    if (member.kind === 'member' && member.name === descriptionName) {
      const bytes = await wholeOf(member)
      const text = textOf(bytes)
      encrypted = encryptedIn(text ?? '')
      yield text === undefined ? sealed(member) : { ...member, content: memorySource(bytes) }
    } else if (encrypted.has(member.name)) {
      const { name, offset } = member
      const because = 'sw-description says that it is encrypted'
      yield { kind: 'unread', name, offset, because, reason: 'encrypted' }
    } else yield member
  }
}

async function wholeOf({ content }: Member): Promise<Uint8Array> {
  if (content === undefined || 'kind' in content) return new Uint8Array(0)
  return (await content.read(0, Math.min(content.size ?? 0, mostDescriptionOctets))).slice()
}

/** Undefined if it is no text: it is encrypted itself then. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

function sealed({ name, offset }: Member): Unread {
  const because = 'it is encrypted, and nothing else says which parts of the update are, too'
  return { kind: 'unread', name, offset, because, reason: 'encrypted' }
}

/** None where the description cannot be read. */
function encryptedIn(description: string): ReadonlySet<string> {
  try {
    const entries = swEntries(parseSwDescription(description))
    return new Set(entries.filter((entry) => entry.encrypted).map(({ filename }) => filename))
  } catch (error) {
    if (error instanceof FormatError) return new Set()
    throw error
  }
}
