// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname, isAbsolute } from 'node:path'
import type { Actor } from '#core/audit/event.ts'
import { Fault } from '#core/fault.ts'
import { newId } from '#core/ledger/ids.ts'
import type { BackupRecord } from '#core/ledger/tables.ts'
import { epochOf } from '#core/recovery/epoch.ts'
import type { Refused } from '#core/refusal.ts'
import { countKept } from '#core/releases/stored.ts'
import { encrypted, isRecipient } from '#edge/backup/age.ts'
import { type Progress, writeBackup } from '#edge/backup/write-backup.ts'
import type { Dump } from '#edge/store/portable/portable.ts'
import { portableTable } from '#edge/store/portable/portable.ts'
import type { SealedTexts } from '#edge/store/store.ts'
import type { Manifest } from '#format/backup/line.ts'
import { refuse } from '#trust/refusal.ts'
import { keysAndConfiguration } from './backup-files.ts'
import { manifestOf } from './backup-manifest.ts'
import type { Configuration } from './configuration.ts'
import type { Core } from './core.ts'
import { elsewhereWords, type KeyElsewhere, keysElsewhere } from './keys-elsewhere.ts'

export interface BackupMeans {
  readonly core: Core
  readonly configuration: Configuration
  /** The store as it is at this moment. */
  dump(): Promise<Dump>
  /** Where keys lie that are shared between nodes. */
  readonly sealed: SealedTexts | undefined
  /** Numbers and signs now all that was committed. */
  sequence(): Promise<unknown>
}

export interface BackupOrder {
  /** On this machine; absolute. */
  readonly file: string
  readonly recipients: BackupRecord['recipients']
  readonly withRoot: boolean
  readonly actor: Actor
}

export type BackupNews =
  | ({ readonly kind: 'progress'; readonly of: number } & Progress)
  | {
      readonly kind: 'done'
      readonly backup: BackupRecord
      readonly elsewhere: readonly KeyElsewhere[]
      /** Artefacts that the backup knows by their digests alone. */
      readonly artefacts: number
    }
  | { readonly kind: 'stopped'; readonly refused: Refused }

/** Rows between two words of progress. */
const rowsBetweenNews = 5_000

/** Why an order cannot be carried out, if so. */
export function checkOrder({ file, recipients }: BackupOrder): Refused | undefined {
  if (!isAbsolute(file)) return refuse('input-wrong', `file: must be an absolute path, is ${file}`)
  if (recipients.length === 0) return refuse('input-wrong', 'recipients: a backup is for somebody')
  const wrong = recipients.find(({ recipient }) => !isRecipient(recipient))
  if (wrong !== undefined) {
    return refuse('input-wrong', `recipients: "${wrong.recipient.slice(0, 80)}" is not of age`)
  }
  if (!existsSync(dirname(file))) {
    return refuse('input-wrong', `file: there is no directory ${dirname(file)} on the server`)
  }
  const taken = [file, partOf(file)].find((path) => existsSync(path))
  return taken === undefined ? undefined : refuse('exists-already', `${taken} is there already`)
}

/**
 * Writes a backup of the running installation: consistent, encrypted, streamed, and there whole or not at
 * all. It is written by the server, on its own machine, since file, digest, record and event are one act.
 *
 * @returns what happens, the last being `done`, or `stopped` where the disk is full
 */
export async function* makeBackup(
  order: BackupOrder,
  means: BackupMeans,
): AsyncGenerator<BackupNews> {
  // What was committed before the order is numbered and signed in it.
  await means.sequence()
  const moment = means.core.clock.now()
  const dump = await means.dump()
  try {
    const manifest = await manifestOf(dump, moment, order.withRoot, means.core)
    const made = yield* writeFile(order, manifest, dump, means)
    const elsewhere = await keysElsewhere(means.core.ledger)
    const backup = await book(order, manifest, made, elsewhere, means)
    const artefacts = await countKept(means.core.ledger)
    yield { kind: 'done', backup, elsewhere, artefacts }
  } catch (cause) {
    if (!(cause instanceof Fault && cause.code === 'store-full')) throw cause
    yield { kind: 'stopped', refused: refuse('store-full', cause.message) }
  } finally {
    await dump.close()
  }
}

interface Made {
  readonly sha256: Uint8Array
  readonly size: number
  readonly rows: number
}

async function* writeFile(
  { file, recipients, withRoot }: BackupOrder,
  manifest: Manifest,
  dump: Dump,
  { configuration, sealed }: BackupMeans,
): AsyncGenerator<BackupNews, Made> {
  const of = Object.values(manifest.counts).reduce((sum, count) => sum + count, 0)
  let progress: Progress = { rows: 0, bytes: 0 }
  let told = 0
  const source = {
    rows: (table: string) => dump.rows(portableTable(table)),
    files: () => keysAndConfiguration(configuration, sealed, withRoot),
  }
  const plain = writeBackup(manifest, source, (now) => {
    progress = now
  })
  const part = await PartFile.create(file)
  try {
    for await (const chunk of encrypted(
      plain,
      recipients.map(({ recipient }) => recipient),
    )) {
      await part.write(chunk)
      if (progress.rows - told < rowsBetweenNews) continue
      told = progress.rows
      yield { kind: 'progress', of, ...progress }
    }
    return { ...(await part.finish()), rows: progress.rows }
  } finally {
    await part.discard()
  }
}

async function book(
  { file, recipients, withRoot, actor }: BackupOrder,
  { moment, epoch, log }: Manifest,
  { sha256, size, rows }: Made,
  elsewhere: readonly KeyElsewhere[],
  { core }: BackupMeans,
): Promise<BackupRecord> {
  const { ledger, clock } = core
  const madeAt = clock.now()
  const backup: BackupRecord = {
    ...{ id: newId('backup', core), version: 1, file, sha256, size, epoch },
    moment: Temporal.Instant.from(moment),
    ...{ logSize: log.size, logRoot: Uint8Array.fromHex(log.root), rows, withRoot, recipients },
    ...{ madeBy: actor.id, madeAt },
  }
  const names = recipients.map(({ name }) => name).join(', ')
  await ledger.commit({
    puts: [{ kind: 'backup', record: backup }],
    events: [
      {
        type: 'backup-made',
        at: madeAt,
        actor,
        subjects: [backup.id],
        facts: {
          ...{ sha256: sha256.toHex(), size, rows, moment, withRoot, recipients: names },
          ...{ epoch: epochOf(core.restores), logSize: log.size, logRoot: log.root },
          ...(elsewhere.length > 0 && { keysElsewhere: elsewhereWords(elsewhere).join(', ') }),
        },
      },
    ],
  })
  return backup
}

function partOf(file: string): string {
  return `${file}.part`
}

/** A file of mode 0600 that takes its name only when it is whole and on the disk. */
class PartFile {
  readonly #path: string
  readonly #handle: FileHandle
  readonly #digest = createHash('sha256')
  #size = 0
  #isOpen = true
  #isDone = false

  constructor(path: string, handle: FileHandle) {
    this.#path = path
    this.#handle = handle
  }

  static async create(path: string): Promise<PartFile> {
    return guard(path, async () => new PartFile(path, await open(partOf(path), 'wx', 0o600)))
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#digest.update(chunk)
    this.#size += chunk.length
    await guard(this.#path, () => this.#handle.writeFile(chunk))
  }

  async finish(): Promise<Pick<Made, 'sha256' | 'size'>> {
    await guard(this.#path, async () => {
      await this.#handle.sync()
      await this.#close()
      await rename(partOf(this.#path), this.#path)
      const directory = await open(dirname(this.#path), 'r')
      await directory.sync().finally(() => directory.close())
    })
    this.#isDone = true
    return { sha256: new Uint8Array(this.#digest.digest()), size: this.#size }
  }

  /** Removes it, unless it is finished. */
  async discard(): Promise<void> {
    await this.#close()
    if (!this.#isDone) await rm(partOf(this.#path), { force: true })
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await this.#handle.close()
  }
}

async function guard<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    const isFull = code === 'ENOSPC' || code === 'EDQUOT'
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Fault(isFull ? 'store-full' : 'store-unreachable', `cannot write ${path}: ${why}`, {
      cause,
    })
  }
}
