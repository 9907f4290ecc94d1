// SPDX-License-Identifier: Apache-2.0
import type { SequencerPorts } from '#core/audit/sequencer.ts'
import type { BackupRecord, Learnt, LogHeadRecord } from '#core/ledger/tables.ts'
import { epochOf } from '#core/recovery/epoch.ts'
import { learnCrl } from '#core/recovery/learn-crl.ts'
import { addLostHead } from '#core/recovery/log-heads.ts'
import { readCrl } from '#edge/admin/ledger-verbs/pem.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import { signNote } from '#trust/tlog/note.ts'
import type { BackupMeans, BackupNews } from '../backup.ts'
import type { Core } from '../core.ts'
import { elsewhereWords } from '../keys-elsewhere.ts'

type BackupVerbs = Pick<
  Verbs,
  | 'backup.learn-crl'
  | 'backup.list'
  | 'backup.make'
  | 'backup.note-drill'
  | 'backup.report'
  | 'log.add-head'
  | 'log.heads'
>

/** What is shown of the newest. */
const mostLearnt = 1000

/** Backups, and what restores left behind. */
export function backupVerbs(
  core: Core,
  means: BackupMeans,
  { signer }: Pick<SequencerPorts, 'signer'>,
): BackupVerbs {
  const { ledger } = core
  return {
    'backup.make': async ({ file, recipients, recipientsFile, withRoot }, { caller }) => {
      const order = {
        ...{ file, withRoot, actor: caller.actor },
        recipients: [...recipients, ...linesOf(recipientsFile ?? '')].map(readRecipient),
      }
      // The format's library is not small, and a server at rest has no use for it.
      const { checkOrder, makeBackup } = await import('../backup.ts')
      return checkOrder(order) ?? linesFor(makeBackup(order, means))
    },

    'backup.learn-crl': async ({ crl }, { caller }) => {
      const der = readCrl(crl)
      if ('reason' in der) return der
      const issuers = () => core.doors.own
      const learnt = await learnCrl(der, caller.actor, { ...core, issuers })
      if (learnt.kind === 'refused') return learnt
      const { kind: _, ...told } = learnt
      return told
    },

    'backup.list': async ({ limit, after }) => {
      const query = { by: 'made', descending: true, limit, ...(after && { after }) } as const
      const page = await ledger.list('backup', query)
      return { items: page.items.map(showBackup), next: page.next }
    },

    'backup.report': async () => {
      const heads = await ledger.list('logHead', { limit: 1000 })
      const query = { descending: true, limit: mostLearnt } as const
      const learnt = await ledger.list('learnt', query)
      return {
        epoch: epochOf(core.restores),
        restores: core.restores.map(({ at, moment, backup, logRoot, ...rest }) => ({
          ...{ ...rest, at: at.toString(), moment: moment.toString() },
          ...{ backupSha256: backup, logRootSha256: logRoot },
        })),
        heads: heads.items.map(showHead),
        learntCount: await ledger.count('learnt', {}),
        learnt: await Promise.all(learnt.items.map((one) => showLearnt(one, core))),
      }
    },

    'backup.note-drill': async ({ backupSha256, evidenceSha256, good }, { caller }) => {
      const at = core.clock.now()
      // Not the name of the log: nobody can take it for a checkpoint.
      const text = [
        `${signer.key.name}/restore-drill`,
        `backup ${backupSha256}`,
        `evidence ${evidenceSha256}`,
        `${good ? 'good' : 'bad'}, presented ${at}`,
        '',
      ].join('\n')
      const note = await signNote(text, signer.key, (toBeSigned) => signer.sign(toBeSigned))
      await ledger.commit({
        puts: [],
        events: [
          {
            type: 'restore-drilled',
            at,
            actor: caller.actor,
            subjects: [],
            facts: { backup: backupSha256, evidence: evidenceSha256, good },
          },
        ],
      })
      return { note }
    },

    'log.heads': async ({ limit, after }) => {
      const query = { descending: true, limit, ...(after && { after }) } as const
      const page = await ledger.list('logHead', query)
      return { items: page.items.map(showHead), next: page.next }
    },

    'log.add-head': async ({ checkpoint }, { caller }) => {
      const logKey = Uint8Array.fromHex(core.installation.logPublicKey)
      const added = await addLostHead(checkpoint, caller.actor, { ...core, logKey })
      return added.kind === 'refused' ? added : showHead(added.head)
    },
  }
}

/** Of a recipients file; empty lines and those that begin with `#` are passed over. */
function linesOf(text: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '' && !line.startsWith('#'))
}

/** `NAME age1…`; a name of several words too, or none. */
function readRecipient(text: string): { readonly name: string; readonly recipient: string } {
  const words = text.trim().split(/\s+/)
  const recipient = words.pop() ?? ''
  return { name: words.join(' '), recipient }
}

async function* linesFor(news: AsyncIterable<BackupNews>): AsyncGenerator<OutputOf<'backup.make'>> {
  for await (const one of news) {
    if (one.kind === 'done') {
      const keysElsewhere = [...elsewhereWords(one.elsewhere)]
      const { backup, artefacts } = one
      yield { kind: 'done', backup: showBackup(backup), keysElsewhere, artefacts }
    } else if (one.kind === 'stopped') yield { kind: 'stopped', ...reasonOf(one) }
    else yield one
  }
}

function reasonOf({ refused: { reason, detail } }: Extract<BackupNews, { kind: 'stopped' }>) {
  return { reason, detail }
}

function showBackup({ version: _, logRoot, ...backup }: BackupRecord) {
  return {
    ...backup,
    sha256: backup.sha256.toHex(),
    moment: backup.moment.toString(),
    logRootSha256: logRoot.toHex(),
    recipients: [...backup.recipients],
    madeAt: backup.madeAt.toString(),
  }
}

function showHead({ version: _, root, addedAt, ...head }: LogHeadRecord) {
  return { ...head, rootSha256: root.toHex(), addedAt: addedAt.toString() }
}

async function showLearnt({ certificate, device, epoch, at }: Learnt, { ledger }: Core) {
  const record = await ledger.read('certificate', certificate)
  return {
    ...{ certificate, device, epoch, at: at.toString() },
    serialNumber: record?.serialNumber.toHex() ?? '',
    serial: record?.deviceSerial ?? '',
  }
}
