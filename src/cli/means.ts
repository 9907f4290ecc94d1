// SPDX-License-Identifier: Apache-2.0
import type { CeremonyWork } from './means-ceremony.ts'
import type { ScanWork } from './means-scan.ts'

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

/** A backup and the file with the identity that opens it. */
export interface BackupAtHand {
  readonly file: string
  readonly identityFile: string
}

/** A database on PostgreSQL, as a configuration names it. */
export interface DatabaseWords {
  readonly url: string
  readonly passwordFile: string | undefined
  readonly caFile: string | undefined
}

/** What is known of a backup that was read to its end. */
export interface BackupFacts {
  readonly installation: string
  readonly environment: string
  readonly program: string
  readonly schema: number
  readonly moment: string
  readonly epoch: number
  readonly withRoot: boolean
  readonly sha256: string
  readonly bytes: number
  readonly rows: number
  readonly logSize: number
  readonly logRootSha256: string
  readonly logOrigin: string
}

export interface ReadingProgress {
  readonly bytes: number
  readonly of: number
  readonly rows: number
}

/** What is done here, by no server. All reject with Faults. */
export interface OfflineWork {
  /** Makes an age identity in a new file of mode 0600. */
  newIdentity(path: string): Promise<{ readonly recipient: string }>
  checkBackup(backup: BackupAtHand, tell: (progress: ReadingProgress) => void): Promise<BackupFacts>
  restoreBackup(
    order: BackupAtHand & { readonly data: string; readonly database: DatabaseWords | undefined },
    tell: (progress: ReadingProgress) => void,
  ): Promise<
    BackupFacts & {
      readonly restoredAs: number
      readonly newOrigin: string
      readonly codesLapsed: number
      readonly sessionsEnded: number
      /** Authorities whose keys no backup has, each with where they are. */
      readonly keysElsewhere: readonly string[]
      readonly artefacts: number
    }
  >
  drillBackup(
    order: BackupAtHand & { readonly passphraseFile: string | undefined },
    tell: (progress: ReadingProgress) => void,
  ): Promise<{
    readonly at: string
    readonly backup: { readonly sha256: string }
    readonly good: boolean
    readonly steps: readonly {
      readonly step: string
      readonly good: boolean
      readonly found: string
      readonly milliseconds: number
    }[]
  }>
  moveStore(
    order: { readonly data: string; readonly to: DatabaseWords },
    tell: (progress: {
      readonly phase: 'copying' | 'comparing'
      readonly rows: number
      readonly of: number
      readonly perSecond: number
    }) => void,
  ): Promise<{
    readonly counts: Readonly<Record<string, number>>
    readonly digests: Readonly<Record<string, string>>
    readonly logSize: number
    readonly logRoot: string
    /** How many artefacts are kept in files, which stay where they are. */
    readonly artefacts: number
  }>
}

/** What the command line is given by who starts it; it reads nothing of the process by itself. */
export interface Means {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
  readonly errors: NodeJS.WriteStream
  /** True where the user asked for no colours (NO_COLOR). */
  readonly noColour: boolean
  now(): Temporal.Instant
  /** Opens the installation of a data directory on which no server runs. @throws Fault */
  openHouse(data: string): Promise<OpenedHouse>
  /** Of this program. */
  version(): string
  /** The words of docs/words.md, by themselves in small letters. */
  readWords(): ReadonlyMap<string, WordRow>
  offline(): Promise<OfflineWork>
  /** Ceremonies, which no server takes part in. */
  ceremonies(): Promise<CeremonyWork>
  /** Scans of images and trees, on threads of this process. */
  scanning(): Promise<ScanWork>
  /** What `vitalsign serve --help` says. */
  serveHelp(): Promise<string>
}
