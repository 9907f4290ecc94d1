// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type BuiltModule, buildModules, builtName, withoutTs } from './modules.ts'
import type { Manifest, Package } from './packages.ts'

/** Lays a package out in a directory of its own, made anew: all that `npm pack` takes. */
export function writePackage(root: string, directory: string, made: Package): void {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const programs = made.programs.map((name) => `bin/${name}.ts`)
  const library = Object.values(made.library)
  const modules = buildModules(root, [...programs, ...library])
  for (const module of modules) writeModule(directory, module)
  for (const name of made.programs) {
    cpSync(join(root, 'scripts/build/program.sh'), join(directory, 'bin', name))
  }
  for (const asset of made.assets) {
    cpSync(join(root, asset), join(directory, asset), { recursive: true })
  }
  if (library.length > 0) writeTypes(root, directory, library)
  writeManifest(root, directory, made, modules)
}

function writeModule(directory: string, { source, code }: BuiltModule): void {
  const path = join(directory, builtName(source))
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, code)
}

/** Declarations of what others may import, and of all that these name. @throws Error with tsc's words */
function writeTypes(root: string, directory: string, library: readonly string[]): void {
  const settings = join(directory, 'tsconfig.json')
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      ...{ noEmit: false, declaration: true, emitDeclarationOnly: true },
      ...{ rootDir: root, outDir: directory },
      typeRoots: [join(root, 'node_modules/@types')],
    },
    include: [],
    files: library.map((source) => join(root, source)),
  }
  writeFileSync(settings, JSON.stringify(config))
  const done = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', settings], {
    encoding: 'utf8',
  })
  rmSync(settings)
  if (done.status !== 0) throw new Error(`the types could not be written:\n${done.stdout}`)
  for (const file of globSync('src/**/*.d.ts', { cwd: directory })) {
    const path = join(directory, file)
    writeFileSync(path, withoutTs(readFileSync(path, 'utf8')))
  }
}

function writeManifest(
  root: string,
  directory: string,
  made: Package,
  modules: readonly BuiltModule[],
): void {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
  const { version, license, imports, dependencies, optionalDependencies } = manifest
  const storeys = new Set(modules.map(({ source }) => source.split('/')[1]))
  const written = {
    name: made.name,
    version,
    description: made.description(manifest),
    license,
    type: 'module',
    // The programs look for Node 26 themselves; a library takes what it is given.
    engines: { node: made.hasDependencies ? '>=20' : '>=26' },
    bin: Object.fromEntries(made.programs.map((name) => [name, `bin/${name}`])),
    imports: Object.fromEntries(
      Object.entries(imports).filter(([name]) => storeys.has(/^#(\w+)\//.exec(name)?.[1] ?? '')),
    ),
    exports: Object.fromEntries(
      Object.entries(made.library).map(([name, source]) => [name, entryOf(source)]),
    ),
    ...(made.hasDependencies && { dependencies, optionalDependencies }),
  }
  writeFileSync(join(directory, 'package.json'), `${JSON.stringify(written, null, 2)}\n`)
}

function entryOf(source: string) {
  return { types: `./${source.replace(/\.ts$/, '.d.ts')}`, default: `./${builtName(source)}` }
}
