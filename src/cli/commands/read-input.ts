// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { loadOperation } from '#format/admin/load-operation.ts'
import { profileView } from '#format/admin/views.ts'
import { readFile } from '../files.ts'
import { wrongUse } from '../stop.ts'
import { idOf } from '../talk/references.ts'
import type { Input, Server } from '../talk/server.ts'
import type { Terminal } from '../terminal/terminal.ts'
import type { Argument } from './argument.ts'
import {
  certificatesOf,
  crlTextOf,
  endorsementKeyOf,
  firstCertificateOf,
} from './certificate-file.ts'
import type { WholeCommand } from './commands.ts'
import type { Said } from './read-line.ts'

/**
 * The input of a command's operation: files read, names looked up, secrets asked for.
 *
 * What is beside the operation's own inputs (`--watch`, `--output`) is left to who asked for it.
 */
export async function readInput(
  command: WholeCommand,
  said: Said,
  server: Server,
  terminal: Terminal,
): Promise<Input> {
  const input: Record<string, unknown> = {}
  const known =
    command.operation === undefined ? {} : (await loadOperation(command.operation)).input.shape
  for (const argument of command.arguments) {
    if (!Object.hasOwn(known, argument.name)) continue
    const value = await saidValue(argument, said, server, terminal)
    if (value !== undefined) input[argument.name] = value
  }
  return input
}

async function saidValue(argument: Argument, said: Said, server: Server, terminal: Terminal) {
  if (argument.how === 'secret')
    return argument.required ? terminal.secret(argument.help) : undefined
  const value = said.value(argument.name)
  if (value === undefined) return undefined
  if (argument.isFile) return contentOf(argument, String(value), terminal)
  const { reference } = argument
  if (reference === undefined) return value
  const names = Array.isArray(value) ? value : [String(value)]
  const ids = await Promise.all(names.map((name) => idOf(reference, name, server)))
  return argument.kind === 'list' ? ids : ids[0]
}

/** What a file holds: JSON for a document, the first certificate alone for a certificate, PEM for a chain or a list. */
async function contentOf(argument: Argument, path: string, terminal: Terminal): Promise<unknown> {
  const what = argument.how === 'position' ? argument.placeholder : `--${argument.flag}`
  const bytes = path === '-' ? await terminal.readInput() : readFile(path, what)
  if (argument.name === 'certificate') return firstCertificateOf(bytes, path)
  if (argument.name === 'chain') return certificatesOf(bytes, path)
  if (argument.name === 'crl') return crlTextOf(bytes)
  if (argument.name === 'ek') return endorsementKeyOf(bytes)
  const text = new TextDecoder().decode(bytes)
  if (argument.kind !== 'document') return text
  try {
    return profileIn(JSON.parse(text))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw wrongUse(
      `${path} is not JSON: ${reason}`,
      'docs/profiles.md shows how a profile is written, docs/guides/approve-a-release.md a signing policy, docs/guides/signing-keys.md a signing plan',
    )
  }
}

/** The document itself, also where it came with what "profile show --json" tells about it. */
function profileIn(read: unknown): unknown {
  const told = shown.safeParse(read)
  return told.success ? told.data.document : read
}

const shown = z.object({ ...profileView.shape, document: z.record(z.string(), z.unknown()) })
