// SPDX-License-Identifier: Apache-2.0
import type { OperationName } from '#format/admin/operations.ts'
import type { WholeCommand } from '../commands/commands.ts'
import type { Said } from '../commands/read-line.ts'
import type { Means } from '../means.ts'
import type { TableOptions } from '../show/table.ts'
import type { ExitStatus } from '../stop.ts'
import type { Input, Server } from '../talk/server.ts'
import type { Terminal } from '../terminal/terminal.ts'

/** One command line on its way. */
export interface Call {
  readonly command: WholeCommand
  readonly said: Said
  readonly terminal: Terminal
  readonly means: Means
  /** Finds the server, the first time; what works offline never asks. @throws Stop */
  connect(): Promise<Server>
}

/** Does what a command says; what it throws is told by who called. */
export type Verb = (call: Call) => Promise<ExitStatus>

/** What nearly every verb needs first. @throws Stop */
export async function begin(
  call: Call,
): Promise<{ readonly server: Server; readonly name: OperationName; readonly input: Input }> {
  const name = operationNameOf(call)
  const server = await call.connect()
  // Loaded here: what works offline is a verb, too, and has no use for the schemas of a server's inputs.
  const { readInput } = await import('../commands/read-input.ts')
  return { server, name, input: await readInput(call.command, call.said, server, call.terminal) }
}

export function operationNameOf({ command }: Call): OperationName {
  if (command.operation === undefined) throw new TypeError(`${command.name} has no operation`)
  return command.operation
}

export function isJson({ said }: Call): boolean {
  return said.has('json')
}

export function tableOptions({ terminal }: Call): TableOptions {
  return { paint: terminal.paint, columns: terminal.columns }
}

export async function writeLines(call: Call, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await call.terminal.write(`${lines.join('\n')}\n`)
}
