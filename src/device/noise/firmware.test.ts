// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firmwareOf, oneLine } from './firmware.ts'

const machine = (files: Readonly<Record<string, string>>) => ({
  readText: (path: string) => files[path],
})

test('what the settings say of the firmware counts, then the file that they name, then the system', () => {
  const files = { '/etc/os-release': 'ID=debian\nVERSION_ID="12"\n', '/etc/version': 'r7\n\n' }
  const given = { firmware: 'pump-os 4', firmwareFile: '/etc/version' }
  assert.equal(firmwareOf(given, machine(files)), 'pump-os 4')
  assert.equal(firmwareOf({ firmwareFile: '/etc/version' }, machine(files)), 'r7')
  assert.equal(firmwareOf({}, machine(files)), 'debian 12')
  assert.equal(firmwareOf({}, machine({})), undefined)
  assert.equal(firmwareOf({ firmwareFile: '/gone' }, machine(files)), undefined)
})

test('a line of settings that was written by hand holds up no key', () => {
  const files = machine({ '/etc/os-release': 'ID=debian\nVERSION_ID="12"\n' })
  assert.equal(firmwareOf({ firmware: '' }, files), 'debian 12')
  assert.equal(firmwareOf({ firmware: 'pump-os 4\r' }, files), 'pump-os 4')
  assert.equal(firmwareOf({ firmware: 'x'.repeat(200) }, files), 'x'.repeat(128))
})

test('the version of the image says more than that of the distribution it is made from', () => {
  const release = `NAME='Pump OS'\nID=poky\nVERSION_ID=5.0\nIMAGE_ID=pump-image\nIMAGE_VERSION="4.2.1"\n`
  const said = firmwareOf({ firmwareFile: '/image' }, machine({ '/image': release }))
  assert.equal(said, 'pump-image 4.2.1')
})

test('a system elsewhere keeps its release file elsewhere', () => {
  const files = { '/usr/lib/os-release': "ID='alpine'\nVERSION_ID=3.22" }
  assert.equal(firmwareOf({}, machine(files)), 'alpine 3.22')
})

test('whatever stands in a file, one short line is left of it', () => {
  assert.equal(oneLine(' a\u001b[2Jb\u202e\u2028c '), 'a [2Jb  c')
  assert.equal(oneLine('x'.repeat(300))?.length, 128)
  assert.equal(oneLine(' \n\t'), undefined)
  assert.equal(oneLine('a\ud800'), 'a')
  assert.equal(oneLine(`${'x'.repeat(127)}😀`), 'x'.repeat(127))
})
