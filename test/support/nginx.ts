// SPDX-License-Identifier: Apache-2.0
/** A real nginx of its own: its configuration, its ports and its files are the test's, and go with it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { temporaryDirectory } from './house.ts'

const program = '/usr/sbin/nginx'
const streamModule = '/usr/lib/nginx/modules/ngx_stream_module.so'

const isThere = spawnSync(program, ['-v']).error === undefined
/** For a test's `skip`: false where nginx is there, or must be. */
export const withoutNginx =
  isThere || process.env['PEERS'] === 'required' ? false : 'nginx is missing'

export interface NginxParts {
  /** How many free ports of 127.0.0.1 it shall have. */
  readonly ports: number
  /** What stands within `http { }`; relative paths are in `directory`. */
  readonly http?: (ports: readonly number[], directory: string) => string
  /** What stands within `stream { }`. */
  readonly stream?: (ports: readonly number[], directory: string) => string
  /** What stands outside of both, e.g. `worker_shutdown_timeout 2s;`. */
  readonly main?: string
  /** Where files that the configuration names were written already; else a new one. */
  readonly directory?: string
}

export interface Nginx {
  readonly ports: readonly number[]
  readonly directory: string
  /** The process id of the master. */
  readonly pid: number
  /** What it wrote to its error log so far. */
  readonly said: readonly string[]
  /** Reads its configuration anew, once `http` or `stream` give another; resolves when the new workers run. */
  reload(): Promise<void>
  stop(): Promise<void>
}

/** Starts nginx as the current user; resolves when it listens. @throws Error with its own words if it does not start */
export async function startNginx(parts: NginxParts): Promise<Nginx> {
  const directory = parts.directory ?? temporaryDirectory()
  for (let attempt = 1; ; attempt++) {
    const ports = await freePorts(parts.ports)
    const said: string[] = []
    const started = await run(parts, ports, directory, said)
    if (started !== undefined) return started
    // Between our letting a port go and nginx taking it, somebody else may have come.
    if (attempt === 5 || !said.some((line) => line.includes('Address already in use')))
      throw new Error(`nginx did not start:\n${said.join('\n')}`)
  }
}

async function run(
  parts: NginxParts,
  ports: readonly number[],
  directory: string,
  said: string[],
): Promise<Nginx | undefined> {
  const file = join(directory, 'nginx.conf')
  const write = () => writeFileSync(file, configuration(parts, ports, directory))
  write()
  const child = spawn(program, ['-p', directory, '-c', file, '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit')
  const kill = () => void child.kill()
  process.once('exit', kill)
  void exited.then(() => process.removeListener('exit', kill))
  const lines = createInterface({ input: child.stderr })
  lines.on('line', (line) => said.push(line))
  const workers = () => waitFor(lines, 'start worker process ')
  const isUp = await Promise.race([workers().then(() => true), exited.then(() => false)])
  if (!isUp) return undefined
  return {
    ports,
    directory,
    pid: pidOf(child),
    said,
    reload: async () => {
      write()
      const again = workers()
      child.kill('SIGHUP')
      await again
    },
    stop: async () => {
      child.kill()
      await exited
    },
  }
}

function configuration(
  { http, stream, main = '' }: NginxParts,
  ports: readonly number[],
  directory: string,
): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${directory}/${name};`)
    .join('\n')
  return [
    ...(stream === undefined ? [] : [`load_module ${streamModule};`]),
    // The workers of a master that is root would else be nobody's, and see none of the test's files.
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    'daemon off;',
    'worker_processes 1;',
    `pid ${directory}/nginx.pid;`,
    // At this level it says when its workers start.
    'error_log stderr notice;',
    main,
    'events { worker_connections 512; }',
    ...(http === undefined
      ? []
      : [`http {\naccess_log off;\n${temporary}\n${http(ports, directory)}\n}`]),
    ...(stream === undefined ? [] : [`stream {\n${stream(ports, directory)}\n}`]),
    '',
  ].join('\n')
}

function waitFor(lines: NodeJS.EventEmitter, text: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = (line: string) => {
    if (!line.includes(text)) return
    lines.removeListener('line', look)
    resolve()
  }
  lines.on('line', look)
  return promise
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('nginx has no process')
  return pid
}

/** Ports that nobody has now. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
