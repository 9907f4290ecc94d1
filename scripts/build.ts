// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run build [-- --out DIR]`: the release. Three packages as JavaScript, each packed by npm, and what
 * they are made of as CycloneDX. DIR is `dist`, unless it says otherwise.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { packages } from './build/packages.ts'
import { writePackage } from './build/write-package.ts'
import { makeBillOfMaterials } from './sbom.ts'

const root = join(import.meta.dirname, '..')
const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist' } } })
const out = resolve(values.out)
mkdirSync(out, { recursive: true })

const bill = `${JSON.stringify(makeBillOfMaterials(root), null, 2)}\n`
writeFileSync(join(out, 'vitalsign.cdx.json'), bill)
for (const [name, made] of Object.entries(packages)) {
  const directory = join(out, name)
  writePackage(root, directory, made)
  if (made.hasDependencies) writeFileSync(join(directory, 'sbom.cdx.json'), bill)
  const packed = spawnSync('npm', ['pack', '--silent', '--pack-destination', out], {
    cwd: directory,
    encoding: 'utf8',
  })
  if (packed.status !== 0) throw new Error(`npm could not pack ${made.name}:\n${packed.stderr}`)
  console.log(join(out, packed.stdout.trim()))
}
console.log(join(out, 'vitalsign.cdx.json'))
