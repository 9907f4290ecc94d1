// SPDX-License-Identifier: Apache-2.0
/**
 * PostgreSQL for tests: one cluster a run, started by the first test file that needs it and ended when
 * the run ends; each place is a database of its own, copied from a template that has our schema.
 *
 * The cluster waits for its disk as a real one does (the store refuses one that does not), so it lives in
 * memory where the machine has room there.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { connect } from '#edge/store/postgres/connect.ts'
import { migrate } from '#edge/store/postgres/migrate.ts'
import { type PostgresSettings, parseTarget } from '#edge/store/postgres/target.ts'

/** A fresh database with our schema. */
export interface PostgresPlace {
  readonly settings: PostgresSettings
  /** What `database` says in a configuration: the URL of `settings`. */
  readonly url: string
  readonly database: string
  readonly cluster: Cluster
  /** Runs statements in it as the superuser; gives the rows of the last. */
  sql(text: string): Promise<readonly (readonly unknown[])[]>
  /** Runs statements in a transaction that stays open. */
  hold(text: string): Promise<Held>
  /** Resolves once the question has a row as its answer. */
  until(text: string): Promise<void>
  remove(): Promise<void>
}

/** Whoever waits for a lock in this database: the list of locks is of the whole cluster, which tests share. */
export const waitingForLocks = `SELECT "pid" FROM pg_locks JOIN pg_stat_activity USING ("pid")
  WHERE NOT "granted" AND "datname" = current_database()`

/** An open transaction of the superuser. */
export interface Held {
  ask(text: string): Promise<unknown>
  /** Takes it back. */
  release(): Promise<void>
}

const template = 'vitalsign_template'
const [programs = ''] = globSync('/usr/lib/postgresql/*/bin').sort().reverse()

/** The reason to skip what needs PostgreSQL, or false; with PEERS=required it is never skipped. */
export const withoutPostgres =
  existsSync(join(programs, 'initdb')) || process.env['PEERS'] === 'required'
    ? false
    : 'PostgreSQL is missing'

/** A database of its own on the cluster of this run. */
export async function postgresPlace(
  options: { readonly empty?: boolean; readonly on?: Cluster } = {},
): Promise<PostgresPlace> {
  const cluster = options.on ?? (await clusterOfRun())
  const database = `place_${process.pid}_${places++}`
  const from = options.empty ? 'template0' : template
  await cluster.sql('postgres', `CREATE DATABASE "${database}" TEMPLATE "${from}"`)
  const url = cluster.url(database)
  return {
    settings: { url },
    url,
    database,
    cluster,
    sql: (text) => cluster.sql(database, text),
    hold: (text) => cluster.hold(database, text),
    until: async (text) => {
      while ((await cluster.sql(database, text)).length === 0);
    },
    remove: async () => {
      await cluster.sql('postgres', `DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`)
    },
  }
}

let places = 0

/** A running PostgreSQL, reached over the socket in its directory. */
export class Cluster {
  readonly directory: string
  /** TCP port on 127.0.0.1, if it listens there; the socket's name bears it as well. */
  readonly port: number
  #child: ChildProcess | undefined

  constructor(directory: string, port = 5_432) {
    this.directory = directory
    this.port = port
  }

  url(database: string, user = 'postgres'): string {
    return `postgres://${user}@/${database}?host=${this.directory}:${this.port}`
  }

  /** Runs statements as the superuser; gives the rows of the last. */
  async sql(database: string, text: string): Promise<readonly (readonly unknown[])[]> {
    const client = new pg.Client({
      ...{ host: this.directory, port: this.port, user: 'postgres', database },
    })
    client.on('error', () => {}) // a test may end the server under it
    await client.connect()
    try {
      const result: unknown = await client.query({ text, rowMode: 'array' })
      const last = Array.isArray(result) ? result.at(-1) : result
      return (last as pg.QueryArrayResult).rows
    } finally {
      await client.end()
    }
  }

  async hold(database: string, text: string): Promise<Held> {
    const client = new pg.Client({
      ...{ host: this.directory, port: this.port, user: 'postgres', database },
    })
    client.on('error', () => {})
    await client.connect()
    await client.query(`BEGIN; ${text}`)
    return { ask: (more) => client.query(more), release: () => client.end() }
  }

  /** Starts the server; resolves once it answers. */
  async start(): Promise<void> {
    const words = ['-D', join(this.directory, 'data'), '-k', this.directory, '-p', `${this.port}`]
    for (let left = 600; ; left--) {
      // What is left of a server that was killed holds its memory for a while: then it ends at once.
      if (this.#child === undefined || this.#child.exitCode !== null)
        this.#child = spawn(join(programs, 'postgres'), words, { ...asOwner(), stdio: 'ignore' })
      try {
        await this.sql('postgres', 'SELECT 1')
        return
      } catch (error) {
        if (left === 0) throw error
        await pause(50)
      }
    }
  }

  /** Ends a server that this process started: `immediate` as a crash does, without a last checkpoint. */
  async stop(how: 'fast' | 'immediate' | 'killed' = 'immediate'): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    this.#child = undefined
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(how === 'fast' ? 'SIGINT' : how === 'immediate' ? 'SIGQUIT' : 'SIGKILL')
    await ended
  }

  /** Lets the server live on without this process. */
  release(): void {
    this.#child?.unref()
  }
}

/**
 * A cluster of its own, for a test that ends, fills or turns it; `settings` go into postgresql.conf.
 *
 * @param place the directory to make it in: on a disk, where its time is the matter
 */
export async function ownCluster(
  settings: readonly string[] = [],
  port?: number,
  place = base(),
): Promise<Cluster & { remove(): Promise<void> }> {
  const cluster = new Cluster(mkdtempSync(join(place, 'vsp-')), port)
  watch(process.pid, cluster)
  makeCluster(cluster, settings)
  await cluster.start()
  await makeTemplate(cluster)
  const remove = async () => {
    await cluster.stop()
    rmSync(cluster.directory, { recursive: true, force: true })
  }
  return Object.assign(cluster, { remove })
}

/** A standby of a cluster, which must wait for it: whatever the first acknowledged the second has. */
export async function standbyOf(
  primary: Cluster,
): Promise<Cluster & { promote(): Promise<void>; remove(): Promise<void> }> {
  const cluster = new Cluster(mkdtempSync(join(base(), 'vsp-')))
  watch(process.pid, cluster)
  const owner = asOwner()
  own(cluster.directory)
  const data = join(cluster.directory, 'data')
  const source = `host=${primary.directory} port=${primary.port} user=postgres application_name=standby`
  const words = ['-D', data, '-R', '-X', 'stream', '-c', 'fast', '-N', '-d', source]
  const copied = spawnSync(join(programs, 'pg_basebackup'), words, { ...owner, encoding: 'utf8' })
  if (copied.status !== 0) throw new Error(`pg_basebackup: ${copied.stderr ?? copied.error}`)
  await cluster.start()
  await primary.sql('postgres', "ALTER SYSTEM SET synchronous_standby_names = 'standby'")
  await primary.sql('postgres', 'SELECT pg_reload_conf()')
  return Object.assign(cluster, {
    promote: async () => {
      await cluster.sql('postgres', 'SELECT pg_promote()')
    },
    remove: async () => {
      await cluster.stop()
      rmSync(cluster.directory, { recursive: true, force: true })
    },
  })
}

let ofRun: Promise<Cluster> | undefined

/** The cluster of this run, started if this is the first to ask. */
export function clusterOfRun(): Promise<Cluster> {
  ofRun ??= joinCluster()
  return ofRun
}

/** The files of a run are children of one process, whose end is the end of the run. */
async function joinCluster(): Promise<Cluster> {
  const run = process.env['NODE_TEST_CONTEXT'] === undefined ? process.pid : process.ppid
  const cluster = new Cluster(join(base(), `vsr-${run}`))
  const ready = join(cluster.directory, 'ready')
  if (isMade(cluster.directory)) {
    watch(run, cluster)
    makeCluster(cluster, [])
    await cluster.start()
    cluster.release()
    await makeTemplate(cluster)
    writeFileSync(ready, '')
  } else
    for (let left = 1_200; !existsSync(ready); left--) {
      if (left === 0) throw new Error(`the cluster in ${cluster.directory} did not start`)
      await pause(50)
    }
  return cluster
}

function isMade(directory: string): boolean {
  try {
    mkdirSync(directory)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}

/** Ends the cluster when a process has ended, however it ended. */
function watch(process: number, { directory }: Cluster) {
  const script = `while kill -0 ${process} 2>/dev/null; do
      [ -d '${directory}' ] || exit 0
      sleep 0.5
    done
    server=$(head -n 1 '${directory}/data/postmaster.pid' 2>/dev/null)
    if [ -n "$server" ]; then
      kill -QUIT "$server"
      while kill -0 "$server" 2>/dev/null; do sleep 0.1; done
    fi
    rm -rf '${directory}'`
  spawn('sh', ['-c', script], { detached: true, stdio: 'ignore' }).unref()
}

function makeCluster({ directory }: Cluster, settings: readonly string[]) {
  const owner = asOwner()
  own(directory)
  const data = join(directory, 'data')
  const words = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N']
  const made = spawnSync(join(programs, 'initdb'), words, { ...owner, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr ?? made.error}`)
  const usual = [
    "listen_addresses = ''",
    'shared_buffers = 64MB',
    'max_connections = 200',
    'max_wal_size = 256MB',
    'logging_collector = off',
  ]
  const file = join(data, 'postgresql.conf')
  const text = `${readFileSync(file, 'utf8')}\n${[...usual, ...settings].join('\n')}\n`
  writeFileSync(file, text)
}

async function makeTemplate(cluster: Cluster) {
  await cluster.sql('postgres', `CREATE DATABASE "${template}" TEMPLATE template0`)
  const connection = await connect(parseTarget({ url: cluster.url(template) }))
  await migrate(connection)
  await connection.close()
}

/** initdb and postgres refuse to be root: then they are the user that Debian's package made. */
function asOwner(): { readonly uid?: number; readonly gid?: number; readonly cwd: string } {
  if (process.getuid?.() !== 0) return { cwd: '/' }
  const idOf = (what: string) =>
    Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g'), cwd: '/' }
}

function own(directory: string) {
  const { uid, gid } = asOwner()
  if (uid !== undefined && gid !== undefined) chownSync(directory, uid, gid)
}

/** In memory, if there is room; the names of sockets have at most 107 octets. */
function base(): string {
  const memory = '/dev/shm'
  if (!existsSync(memory)) return tmpdir()
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize > 1_000_000_000 ? memory : tmpdir()
}
