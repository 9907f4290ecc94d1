// SPDX-License-Identifier: Apache-2.0
import type { StatusFileRecord } from '#core/ledger/tables.ts'
import type { PublishedStatusFile, StatusFilesPorts as Served } from '#edge/status/status-files.ts'
import type { StatusFiles } from './status-files.ts'

/** What the status port shows of the files. */
export function servedStatusFiles(files: () => Promise<StatusFiles>): Served {
  return {
    sets: async () => {
      const kept = await files()
      return Promise.all(
        (await kept.sets()).map(async ({ digest, anchors }) => {
          const newest = await kept.newest(digest.toHex())
          return {
            anchors: digest.toHex(),
            roots: anchors.map(({ name, sha256 }) => ({ name, sha256 })),
            newest: newest && (await published(newest, kept)),
          }
        }),
      )
    },
    newest: async (anchors) => {
      const kept = await files()
      const newest = await kept.newest(anchors)
      if (newest !== undefined) return published(newest, kept)
      const set = (await kept.sets()).find(({ digest }) => digest.toHex() === anchors)
      if (set === undefined) return undefined
      kept.begin(set)
      return 'making'
    },
    delta: async (anchors, from, to) => (await files()).delta(anchors, from, to),
  }
}

async function published(
  record: StatusFileRecord,
  kept: StatusFiles,
): Promise<PublishedStatusFile> {
  const { file, fileSha256, number, createdAt, coversUntil, expiresAt } = record
  return {
    ...{ bytes: file, sha256: fileSha256.toHex(), number, madeAt: createdAt },
    ...{ coversUntil, expiresAt, deltasFrom: await kept.deltasTo(record) },
  }
}
