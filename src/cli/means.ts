// SPDX-License-Identifier: Apache-2.0

/** A row of docs/words.md. */
export interface WordRow {
  readonly word: string
  readonly means: string
  readonly standard: string | null
  readonly remedy: string | null
}

/** An installation that was opened for one command alone. */
export interface OpenedHouse {
  /** The path of the local administrator's socket. */
  readonly socket: string
  close(): Promise<void>
}

/** What the command line is given by who starts it; it reads nothing of the process by itself. */
export interface Means {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
  readonly errors: NodeJS.WriteStream
  /** True where the user asked for no colours (NO_COLOR). */
  readonly noColour: boolean
  /** Opens the installation of a data directory on which no server runs. @throws Fault */
  openHouse(data: string): Promise<OpenedHouse>
  /** The words of docs/words.md, by themselves in small letters. */
  readWords(): ReadonlyMap<string, WordRow>
  /** What `vitalsign serve --help` says. */
  serveHelp(): Promise<string>
}
