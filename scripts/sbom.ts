// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run sbom`: what Vitalsign is made of, as CycloneDX 1.5: what npm installs for the server, and what
 * npm does not know: Node itself and the libraries within it that do the cryptography and the storing.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Component {
  readonly 'bom-ref': string
  readonly type: string
  readonly name: string
  readonly version: string
  readonly licenses?: readonly unknown[]
  readonly [field: string]: unknown
}

export interface BillOfMaterials {
  readonly bomFormat: 'CycloneDX'
  readonly specVersion: string
  readonly serialNumber: string
  readonly metadata: { readonly component: Component; readonly [field: string]: unknown }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[]
}

/** Parts of Node that decide what the server can do and where it is vulnerable, with their SPDX ids. */
const withinNode = {
  v8: 'BSD-3-Clause',
  openssl: 'Apache-2.0',
  sqlite: 'blessing',
  llhttp: 'MIT',
  uv: 'MIT',
  zlib: 'Zlib',
} as const

/** @throws Error with npm's words */
export function makeBillOfMaterials(root: string): BillOfMaterials {
  const words = ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--package-lock-only']
  const asked = spawnSync('npm', words, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 ** 2 })
  if (asked.status !== 0) throw new Error(`npm could not list the packages:\n${asked.stderr}`)
  const bill = JSON.parse(asked.stdout) as BillOfMaterials
  const node = nodeComponents()
  const own = bill.metadata.component
  const [runtime = '', ...parts] = node.map((one) => one['bom-ref'])
  return {
    ...bill,
    metadata: { ...bill.metadata, component: { ...own, name: nameOf(root) } },
    components: [...bill.components, ...node],
    dependencies: [
      ...bill.dependencies.map((one) =>
        one.ref === own['bom-ref']
          ? { ...one, dependsOn: [...(one.dependsOn ?? []), runtime] }
          : one,
      ),
      { ref: runtime, dependsOn: parts },
      ...parts.map((ref) => ({ ref, dependsOn: [] })),
    ],
  }
}

/** npm calls it by the directory that it lies in. */
function nameOf(root: string): string {
  const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name: string }
  return name
}

function nodeComponents(): readonly Component[] {
  const { versions } = process
  const parts = Object.entries(withinNode).map(([name, license]) =>
    component('library', name, versions[name] ?? 'unknown', license),
  )
  return [component('platform', 'node', versions.node, 'MIT'), ...parts]
}

function component(type: string, name: string, version: string, license: string): Component {
  const purl = `pkg:generic/${name}@${encodeURIComponent(version)}`
  return { 'bom-ref': purl, type, name, version, purl, licenses: [{ license: { id: license } }] }
}

if (import.meta.main) {
  console.log(JSON.stringify(makeBillOfMaterials(join(import.meta.dirname, '..')), null, 2))
}
