// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { exportLog } from '#core/audit/export-log.ts'
import { sequenceOnce } from '#core/audit/sequencer.ts'
import { readyIssuer } from '#core/authority/issuer.ts'
import { Fault } from '#core/fault.ts'
import type { Authority } from '#core/ledger/tables.ts'
import { fullCrl, publishCrl } from '#core/revocation/publish.ts'
import { type Keystore, openKeystore } from '#edge/keystore/keystore.ts'
import { readPassphrase } from '#edge/keystore/passphrase.ts'
import { openStore } from '#edge/store/open-store.ts'
import type { Store } from '#edge/store/store.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { verifySignature } from '#trust/signature.ts'
import { noteKeyOf } from '#trust/tlog/note.ts'
import { verifyExport } from '#trust/tlog/verify-export.ts'
import type { SealedBackup } from './backup-read.ts'
import { readInstallation } from './foundation.ts'
import { keyPlaces } from './kept.ts'
import { type Restored, type RestorePorts, restore } from './restore.ts'
import { programVersion } from './version.ts'

export interface DrillOrder extends SealedBackup {
  /** Undefined: no key is opened. */
  readonly passphraseFile: string | undefined
}

/** What was tried, what came of it, and how long it took. */
export interface DrillStep {
  readonly step: string
  readonly good: boolean
  readonly found: string
  readonly milliseconds: number
}

/** What a drill leaves behind, for who asks whether a backup can be restored. */
export interface DrillEvidence {
  readonly format: 'vitalsign-restore-drill/1'
  readonly program: string
  readonly at: string
  readonly backup: {
    readonly file: string
    readonly sha256: string
    readonly bytes: number
    readonly installation: string
    readonly moment: string
    readonly epoch: number
    readonly logSize: number
    readonly logRootSha256: string
  }
  readonly rows: number
  readonly steps: readonly DrillStep[]
  readonly good: boolean
}

/**
 * Restores a backup into a directory of its own and tries what a restored installation has to do; no door
 * opens, and the directory is removed.
 *
 * @throws Fault as `restore` does: what cannot be read at all leaves no evidence
 */
export async function drillBackup(order: DrillOrder, ports: RestorePorts): Promise<DrillEvidence> {
  const place = mkdtempSync(join(tmpdir(), 'vitalsign-drill-'))
  try {
    const data = join(place, 'data')
    const steps: DrillStep[] = []
    const restored = await timed(steps, 'restored', async () => {
      const done = await restore({ ...order, data, database: undefined }, ports)
      return { value: done, found: foundIn(done) }
    })
    if (restored === undefined) throw new TypeError('a restore gives what it restored')
    const store = await openStore(data, ports)
    try {
      const passphrase = order.passphraseFile
      if (passphrase !== undefined) await tryKeys(store, data, passphrase, steps, ports)
    } finally {
      await store.close()
    }
    return evidenceOf(order, restored, steps, ports)
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

function foundIn({ backup: { rows, manifest }, artefacts }: Restored): string {
  const { size, root } = manifest.log
  const beside =
    artefacts === 0
      ? ''
      : `; the octets of ${artefacts} artefacts are files beside it, and were not tried`
  return `${rows} rows counted, every digest as written; ${size} events in the log, root ${root} again from its tiles${beside}`
}

async function tryKeys(
  store: Store,
  data: string,
  passphraseFile: string,
  steps: DrillStep[],
  ports: RestorePorts,
): Promise<void> {
  const keystore = await timed(steps, 'keys unlocked', async () => {
    const passphrase = await readPassphrase({ kind: 'file', path: passphraseFile })
    const opened = await openKeystore(keyPlaces(data), passphrase, ports.random)
    return { value: opened, found: 'the passphrase opens them' }
  })
  if (keystore === undefined) return
  await timed(steps, 'log verified', async () => {
    return { value: true, found: await verifyLog(store, keystore, ports) }
  })
  const { items } = await store.ledger.list('authority', { limit: 1000 })
  for (const authority of items.filter(({ key }) => key !== null)) {
    const name = `authority ${authority.name}`
    if (!keystore.has(authority.key ?? '')) {
      const custody = (await store.ledger.read('key', authority.key ?? ''))?.custody ?? 'file'
      const where = custody === 'file' ? '' : `: it is in ${custody}, and was not tried`
      const found = `its key is not in the backup${where}`
      steps.push({ step: name, good: true, found, milliseconds: 0 })
      continue
    }
    await timed(steps, name, async () => {
      return { value: true, found: await tryAuthority(authority, store, keystore, ports) }
    })
  }
}

/** Numbers what the restore added, and reads all of it as an auditor would. */
async function verifyLog(store: Store, keystore: Keystore, { clock }: RestorePorts) {
  const installation = await readInstallation(store.ledger)
  if (installation === undefined) throw new Fault('ledger-damaged', 'it was never founded')
  const { logKey, logOrigin, logPublicKey } = installation
  const key = noteKeyOf(logOrigin, Uint8Array.fromHex(logPublicKey))
  const sign = (toBeSigned: Uint8Array) => keystore.sign(logKey, toBeSigned)
  const signer = { key, sign }
  const sequence = () =>
    sequenceOnce({ store: store.log, signer, clock, holder: 'embedded', isShared: false })
  await sequence()
  const verified = await verifyExport(exportLog({ store: store.log, signer, sequence }))
  if (!verified.intact) {
    const first = verified.findings.find(({ severity }) => severity === 'wrong')
    throw new Fault(
      'ledger-damaged',
      `${verified.wrong} findings, ${first?.about} ${first?.detail}`,
    )
  }
  return `${verified.events} events and ${verified.records} records agree`
}

/** Signs something that is nothing else, and a revocation list that nobody will see. */
async function tryAuthority(
  authority: Authority,
  store: Store,
  keystore: Keystore,
  { clock, random }: RestorePorts,
): Promise<string> {
  const issuer = readyIssuer(authority)
  const blob = new TextEncoder().encode(`vitalsign restore drill ${random.bytes(16).toHex()}`)
  const signature = await keystore.sign(issuer.keyId, blob)
  const key = importPublicKey(parseCertificate(authority.certificate).publicKey)
  if ('kind' in key) throw new Fault('ledger-damaged', key.detail)
  const { identifier } = issuer.signatureAlgorithm
  if ((await verifySignature(identifier, key, blob, signature)) !== true)
    throw new Fault('key-damaged', 'its key signs for another certificate')
  const { ledger } = store
  const [{ list, der }] = await publishCrl(issuer, fullCrl, {
    ...{ ledger, keys: keystore, clock, random },
    crlUrl: (name, shard) => `http://drill.invalid/crl/${name}/${shard}.crl`,
  })
  return `its key signs; revocation list ${list.number} lists ${parseCrl(der).revokedCount}`
}

/** Books a step; one that broke is a finding, and what it would have given is undefined. */
async function timed<T>(
  steps: DrillStep[],
  step: string,
  work: () => Promise<{ readonly value: T; readonly found: string }>,
): Promise<T | undefined> {
  const began = performance.now()
  const milliseconds = () => Math.round(performance.now() - began)
  try {
    const { value, found } = await work()
    steps.push({ step, good: true, found, milliseconds: milliseconds() })
    return value
  } catch (cause) {
    // Without a restored store there is nothing to try.
    if (!(cause instanceof Fault) || steps.length === 0) throw cause
    const found = `${cause.message} (${cause.code})`
    steps.push({ step, good: false, found, milliseconds: milliseconds() })
    return undefined
  }
}

function evidenceOf(
  { file }: DrillOrder,
  { backup: { manifest, sha256, bytes, rows } }: Restored,
  steps: readonly DrillStep[],
  { clock }: RestorePorts,
): DrillEvidence {
  const { installation, moment, epoch, log } = manifest
  return {
    format: 'vitalsign-restore-drill/1',
    program: programVersion(),
    at: clock.now().toString(),
    backup: {
      ...{ file: basename(file), sha256, bytes, installation, moment, epoch },
      ...{ logSize: log.size, logRootSha256: log.root },
    },
    ...{ rows, steps, good: steps.every(({ good }) => good) },
  }
}
