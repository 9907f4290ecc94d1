// SPDX-License-Identifier: Apache-2.0
import type { ArchiveForm } from './archive.ts'
import { gzip } from './gzip.ts'
import { squashfs } from './squashfs.ts'
import { tar } from './tar.ts'

/** Every form of container that is looked into; the first that recognises a head has it. */
export const archiveForms: readonly ArchiveForm[] = [squashfs, gzip, tar]
