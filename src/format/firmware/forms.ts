// SPDX-License-Identifier: Apache-2.0
import type { ArchiveForm } from '../archive/archive.ts'

/** Every form of firmware that is looked into. Asked before the plain archives: some of them are one with a meaning. */
export const firmwareForms: readonly ArchiveForm[] = []
