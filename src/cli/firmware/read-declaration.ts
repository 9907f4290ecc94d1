// SPDX-License-Identifier: Apache-2.0
import { dirname, resolve } from 'node:path'
import {
  type DeviceDeclaration,
  parseDeviceDeclaration,
} from '#format/device-declaration/device-declaration.ts'
import { FormatError } from '#format/format-error.ts'
import { artefactFormNames } from '#trust/artefact/form-names.ts'
import type { DeclaredDevice } from '#trust/artefact/predict/declared-device.ts'
import { readFile } from '../files.ts'
import { wrongUse } from '../stop.ts'
import { certificatesIn, publicKeysIn } from './device-trust.ts'

/** A declared device with the files that it names, which lie beside the declaration. @throws Stop */
export function readDeclaration(
  path: string,
): DeclaredDevice & Pick<DeviceDeclaration, 'supportUntil'> {
  const declared = parsed(path)
  const form = artefactFormNames.find((one) => one === declared.form)
  if (form === undefined)
    throw wrongUse(
      `${path}: "${declared.form}" is no form`,
      `it is one of ${artefactFormNames.join(', ')}`,
    )
  const beside = (name: string) => resolve(dirname(path), name)
  const each = <T>(
    names: readonly string[],
    what: string,
    read: (file: string, what: string) => T,
  ) => names.map((name) => read(beside(name), `"${what}" of ${path}`))
  const { statusFile } = declared
  return {
    ...{ ...declared, form },
    keys: each(declared.keys, 'keys', publicKeysIn).flat(),
    roots: each(declared.roots, 'roots', certificatesIn).flat(),
    stampRoots: each(declared.stampRoots, 'stampRoots', certificatesIn).flat(),
    lists: each(declared.lists, 'lists', readFile),
    statusFile:
      statusFile === undefined
        ? undefined
        : readFile(beside(statusFile), `"statusFile" of ${path}`),
  }
}

function parsed(path: string): DeviceDeclaration {
  try {
    return parseDeviceDeclaration(readFile(path, '--device'))
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    // Where in the text says nothing to whoever wrote it.
    const words = error.message.replace(/, at offset 0$/, '')
    throw wrongUse(
      `${path} declares no device: ${words}`,
      'docs/device-declaration.md says what may stand in it',
    )
  }
}
