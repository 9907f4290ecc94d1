// SPDX-License-Identifier: Apache-2.0
/** Who judges what was signed: for each form a program of others, with the anchors that were exported for it. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parsePem } from '#format/pem.ts'
import { board } from './build.ts'
import { type Needed, runForeign } from './foreign.ts'
import { Failed } from './programs.ts'

/** What a judge says of a file, and by which words. */
export interface Judged {
  readonly taken: boolean
  readonly said: string
}

export interface Judge {
  readonly name: string
  readonly needs: readonly Needed[]
  /** The parts of which every octet is under the signature, as `firmware inspect` calls them. */
  readonly covered: readonly string[]
  /** So many octets of each of them are not: what a packer says of time and system. */
  readonly skipped: number
  /** How it is set up: the anchors lie in a directory as they were exported. */
  judge(file: string, anchors: string): Promise<Judged>
}

/** The whole path: what else is in PATH is none of the story. */
const bin = (name: string, from: string): Needed => ({ file: `/usr/bin/${name}`, package: from })
const reader = join(import.meta.dirname, '../test/interop/mcuboot-reader.py')

export const judges = {
  mcuboot: {
    name: 'a reader of MCUboot images in Python',
    covered: ['header', 'payload'],
    skipped: 0,
    needs: [
      bin('python3', 'python3'),
      {
        file: '/usr/lib/python3/dist-packages/cryptography',
        package: 'python3-cryptography',
      },
    ],
    async judge(file, anchors) {
      const [key] = parsePem(readFileSync(join(anchors, 'boot.pem'), 'utf8'))
      const keys = [key?.bytes.toBase64()]
      const input = JSON.stringify({ keys, images: [readFileSync(file).toString('base64')] })
      const { status, said } = await runForeign('/usr/bin/python3', [reader], { input })
      return { taken: status === 0 && said.includes('"genuine '), said }
    },
  },
  rauc: {
    name: 'rauc',
    covered: ['squashfs', 'hash tree'],
    skipped: 0,
    needs: [bin('rauc', 'rauc'), bin('unsquashfs', 'squashfs-tools')],
    /** `rauc info` looks at the manifest alone: what is installed is read by `extract`. */
    async judge(file, anchors) {
      const room = mkdtempSync(join(anchors, 'rauc-'))
      const keyring = `[keyring]\npath=${join(anchors, 'keyring.pem')}\n`
      const system = `[system]\ncompatible=${board}\nbootloader=noop\nbundle-formats=-plain\n`
      writeFileSync(join(room, 'system.conf'), `${system}${keyring}`)
      const set = ['-c', 'system.conf']
      const info = await runForeign('/usr/bin/rauc', [...set, 'info', file], { cwd: room })
      if (info.status !== 0) return { taken: false, said: info.said }
      const { status, said } = await runForeign(
        '/usr/bin/rauc',
        [...set, 'extract', file, join(room, 'out')],
        { cwd: room },
      )
      return { taken: status === 0, said }
    },
  },
  swupdate: {
    name: 'swupdate',
    covered: ['root.squashfs'],
    skipped: 0,
    needs: [bin('swupdate', 'swupdate'), bin('unshare', 'util-linux')],
    /** Its exit status says nothing; its two halves may miss each other at their start, and then it judged nothing. */
    async judge(file, anchors) {
      const set = ['-l', '5', '-c', '-n', '-H', 'pump:1.0']
      const words = [...set, '-k', join(anchors, 'swupdate-ca.pem'), '-i', file]
      for (let tries = 1; ; tries++) {
        const room = mkdtempSync(join(anchors, 'swupdate-'))
        const { said } = await apart('/usr/bin/swupdate', words, room)
        const taken = said.includes('SWUPDATE successful')
        if (taken || said.includes('SWUPDATE failed')) return { taken, said }
        if (tries === 5) throw new Failed(`swupdate judges nothing:\n${said}`)
      }
    },
  },
  mender: {
    name: 'mender-artifact',
    covered: ['data/0000.tar.gz'],
    skipped: 10,
    needs: [bin('mender-artifact', 'mender-artifact')],
    async judge(file, anchors) {
      const words = ['validate', '-k', join(anchors, 'mender.pem'), file]
      const { status, said } = await runForeign('/usr/bin/mender-artifact', words)
      return { taken: status === 0, said }
    },
  },
} as const satisfies Record<string, Judge>

/** One of its sockets has a fixed name in the namespace of the network: it gets one of its own, where that is allowed. */
async function apart(file: string, words: readonly string[], cwd: string) {
  const unshare = ['-r', '-n']
  const { status } = await runForeign('/usr/bin/unshare', [...unshare, 'true'])
  return status === 0
    ? runForeign('/usr/bin/unshare', [...unshare, file, ...words], { cwd })
    : runForeign(file, words, { cwd })
}

export type FormJudged = keyof typeof judges
