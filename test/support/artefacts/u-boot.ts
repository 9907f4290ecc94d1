// SPDX-License-Identifier: Apache-2.0
/** U-Boot itself, Debian's for QEMU's ARM board: what it starts of FITs that lie in its memory. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const qemu = '/usr/bin/qemu-system-arm'
export const uboot = '/usr/lib/u-boot/qemu_arm/u-boot.bin'

const machine = ['-nodefaults', '-nographic', '-m', '256']
const [memory, apart] = [0x4400_0000, 0x2_0000]

/** The devicetree of the board, which U-Boot takes its keys from. */
export function boardTree(place: string): Uint8Array {
  const path = join(place, 'board.dtb')
  const ran = spawnSync(qemu, ['-M', `virt,dumpdtb=${path}`, ...machine], { encoding: 'utf8' })
  assert.equal(ran.status, 0, ran.stderr)
  return Uint8Array.from(readFileSync(path))
}

export interface AskedFit {
  readonly octets: Uint8Array
  readonly configuration: string
}

/**
 * Whether U-Boot starts each of them, in one run of it, with the words that it says meanwhile.
 *
 * @param place a directory for the files
 * @param tree its control devicetree, with the keys that it demands
 */
export async function startedByUboot(
  place: string,
  tree: Uint8Array,
  fits: readonly AskedFit[],
): Promise<{ readonly started: readonly boolean[]; readonly said: string }> {
  writeFileSync(join(place, 'control.dtb'), tree)
  const loaders = fits.flatMap(({ octets }, index) => {
    const file = join(place, `${index}.itb`)
    writeFileSync(file, octets)
    return ['-device', `loader,file=${file},addr=${addressOf(index)},force-raw=on`]
  })
  const board = ['-M', 'virt', '-dtb', join(place, 'control.dtb'), '-bios', uboot]
  const child = spawn(qemu, [
    ...machine,
    ...board,
    '-serial',
    'stdio',
    '-monitor',
    'none',
    ...loaders,
  ])
  const commands = [
    ...fits.flatMap(({ configuration }, index) => [
      `bootm start ${addressOf(index)}#${configuration}`,
      `echo answer ${index} $?`,
    ]),
    'poweroff',
  ]
  let [said, fresh] = ['', '']
  child.stdout.on('data', (text) => {
    said += String(text)
    fresh += String(text)
    // It waits two seconds for a key, and then at each prompt for a line.
    if (fresh.includes('stop autoboot')) {
      fresh = ''
      child.stdin.write('\n')
    }
    if (!fresh.endsWith('\r\n=> ')) return
    fresh = ''
    const next = commands.shift()
    if (next === undefined) child.kill()
    else child.stdin.write(`${next}\n`)
  })
  const bound = setTimeout(() => child.kill(), 120_000)
  await once(child, 'close')
  clearTimeout(bound)
  const started = fits.map((_, index) => {
    const answer = new RegExp(`\\r\\nanswer ${index} ([01])\\r\\n`).exec(said)
    assert.ok(answer !== null, said.slice(-2_000))
    return answer[1] === '0'
  })
  return { started, said }
}

function addressOf(index: number): string {
  return `0x${(memory + index * apart).toString(16)}`
}
