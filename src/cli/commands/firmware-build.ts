// SPDX-License-Identifier: Apache-2.0
import { own } from './argument.ts'
import type { OfflineWords } from './offline-command.ts'

/** The containers that are built here. */
export const builtForms = ['rauc', 'swupdate', 'mender'] as const

export const firmwareBuildCommand: OfflineWords = {
  summary: 'make a bundle for RAUC, SWUpdate or Mender from files',
  help: 'Needs no server and none of the three. What comes out is not signed yet: it is what is scanned, approved and then signed, by "release" or by "firmware sign". The same files and words give the same octets. Nothing is in memory but a few blocks, whatever the size, and the file is there whole or not at all. rauc: the squashfs of a bundle of format verity, with its manifest completed. swupdate: a cpio, with the digest of every file filled into sw-description. mender: an artifact of version 3.',
  arguments: [
    own('form', 'for whom', {
      ...{ kind: 'choice', choices: builtForms, how: 'position', required: true },
      placeholder: 'FORM',
    }),
    own('files', 'the files, or a directory with them', {
      ...{ kind: 'list', how: 'position', required: true, placeholder: 'FILE' },
    }),
    own('out', 'what is written', { kind: 'text', required: true, placeholder: 'FILE' }),
    own('manifest', 'rauc: the manifest as a person writes it, instead of the three below', {
      ...{ kind: 'text', placeholder: 'FILE' },
    }),
    own('compatible', 'rauc: for which devices it is', { kind: 'text', placeholder: 'TEXT' }),
    own('release', 'rauc: its version; mender: the name of the artifact', {
      ...{ kind: 'text', placeholder: 'TEXT' },
    }),
    own('image', 'rauc: which file goes to which class of slots, as rootfs=rootfs.ext4', {
      ...{ kind: 'list', placeholder: 'NAME=FILE' },
    }),
    own('description', 'swupdate: sw-description as a person writes it, without digests', {
      ...{ kind: 'text', placeholder: 'FILE' },
    }),
    own('deviceType', 'mender: for which devices it is', { kind: 'list', placeholder: 'TEXT' }),
    own('payloadType', 'mender: rootfs-image, or the update module that installs it', {
      ...{ kind: 'text', fallback: 'rootfs-image', placeholder: 'TEXT' },
    }),
    own('group', 'mender: the group of artifacts that it belongs to', {
      ...{ kind: 'text', placeholder: 'TEXT' },
    }),
    own('securityVersion', 'the security version, which devices of ours hold to their counter', {
      ...{ kind: 'number', placeholder: 'N' },
    }),
    own('unpacked', 'rauc, mender: compress nothing, for files that are compressed already', {
      kind: 'boolean',
    }),
  ],
}
