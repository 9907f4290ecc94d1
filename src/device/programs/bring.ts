// SPDX-License-Identifier: Apache-2.0
import { encodePem } from '#format/pem.ts'
import { sha256 } from '#trust/digest.ts'
import { type Bond, readBond } from '../bond.ts'
import type { Credential } from '../credential.ts'
import type { DevicePorts } from '../ports.ts'
import { replace } from '../state/files.ts'
import type { Settings } from '../state/settings.ts'
import { fileOf } from '../state/state.ts'

/** Who else on this machine uses the identity: files for them, and how they hear that it changed. */
export interface Programs {
  /** Puts all of the files in the place of those before, in one step; none is half new. @throws DeviceFault */
  give(directory: string, files: GivenFiles, readers: 'owner' | 'group'): void
  /** Runs a command without any shell. @throws DeviceFault program-not-told unless it ends well */
  run(command: readonly string[]): Promise<void>
  /** Sends SIGHUP to the process that a file names; one that does not run needs to hear nothing. @throws DeviceFault */
  hangUp(pidFile: string): void
}

/** What programs read, by the names of the files. */
export interface GivenFiles {
  readonly 'key.pem': string
  /** The certificate alone. */
  readonly 'cert.pem': string
  /** The certificate and its issuers, leaf first, without the root: what a server or client shows. */
  readonly 'chain.pem': string
  /** The roots that are believed. */
  readonly 'anchors.pem': string
}

/**
 * Brings an identity that proved itself to the programs that use it, and tells them if it is another than they
 * were told of.
 *
 * What they were told is written down after they heard it: a cut, or a command that failed, has them told again.
 *
 * @throws DeviceFault program-not-told, directory-unusable; the identity itself is safe then
 */
export async function bringToPrograms(ports: DevicePorts, credential: Credential): Promise<void> {
  const bond = readBond(ports.files)
  const { programs, files } = ports
  if (bond?.settings.publish === undefined || programs === undefined) return
  const { publish, onRenewed, reloadPidFile, keyGroupReads } = bond.settings
  const given = filesOf(credential, bond)
  programs.give(publish, given, keyGroupReads === true ? 'group' : 'owner')
  const news = digestOf(given, bond.settings)
  if (textIn(files.read(fileOf.told)) === news) return
  if (reloadPidFile !== undefined) programs.hangUp(reloadPidFile)
  if (onRenewed !== undefined) await programs.run(onRenewed)
  replace(files, fileOf.told, news)
}

function filesOf({ keyPem, chainPem, leaf }: Credential, { roots }: Bond): GivenFiles {
  return {
    'key.pem': keyPem,
    'cert.pem': encodePem('CERTIFICATE', leaf.der),
    'chain.pem': chainPem,
    'anchors.pem': roots.map(({ der }) => encodePem('CERTIFICATE', der)).join(''),
  }
}

/** Of all that is given and of who is told: whoever is named anew is told, too. */
function digestOf(files: GivenFiles, { publish, onRenewed, reloadPidFile }: Settings): string {
  const words = [...Object.values(files), publish, ...(onRenewed ?? []), reloadPidFile ?? '']
  return sha256(new TextEncoder().encode(words.join('\n'))).toHex()
}

function textIn(bytes: Uint8Array | undefined): string | undefined {
  return bytes && new TextDecoder().decode(bytes)
}
