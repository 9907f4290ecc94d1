// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatError } from '../format-error.ts'
import { deviceDeclarationFormat, parseDeviceDeclaration } from './device-declaration.ts'

const least = {
  ...{ format: deviceDeclarationFormat, version: 1, name: 'PUMP-4', form: 'rauc' },
  roots: ['firmware-root.pem'],
}

function parse(members: object) {
  return parseDeviceDeclaration(new TextEncoder().encode(JSON.stringify(members)))
}

test('what is not said is what most devices are', () => {
  const read = parse(least)
  assert.deepEqual(
    [read.clock, read.environment, read.settings, read.demandsBoth, read.counter],
    ['good', 'production', [], false, undefined],
  )
})

test('everything that can be said is read', () => {
  const read = parse({
    ...least,
    ...{ settings: ['check-crl=true'], environment: 'trial', product: 'pump', hardware: 'c' },
    ...{ keys: ['a.pub'], clock: 'none', clockStartsAt: '2026-01-01T00:00:00Z' },
    ...{ seen: '2026-02-01T00:00:00Z', lists: ['a.crl'], statusFile: 'a.status' },
    ...{ stampRoots: ['tsa.pem'], minimumVersion: '1.2', counter: 7, demandsBoth: true },
    supportUntil: '2036-12-31T00:00:00Z',
  })
  assert.deepEqual(read.settings, ['check-crl=true'])
  assert.equal(String(read.supportUntil), '2036-12-31T00:00:00Z')
  assert.equal(read.counter, 7)
})

test('what is wrong is refused with its place', () => {
  const { roots: _, ...nobody } = least
  for (const [members, what] of [
    [{ ...least, format: 'other' }, /format is not/],
    [{ ...least, version: 2 }, /version is not known/],
    [{ ...least, colour: 'red' }, /colour is not known; known are format/],
    [{ ...least, settings: 'check-crl' }, /settings is no list/],
    [{ ...least, settings: [''] }, /settings\[0\]\.item/],
    [{ ...least, clock: 'bad' }, /clock is none of good, none/],
    [{ ...least, clockStartsAt: '2026-01-01T00:00:00Z' }, /clockStartsAt/],
    [{ ...least, counter: -1 }, /counter is no number/],
    [{ ...least, counter: 2 ** 33 }, /counter is no number/],
    [{ ...least, demandsBoth: 'yes' }, /demandsBoth is neither true nor false/],
    [{ ...least, supportUntil: '2036' }, /supportUntil/],
    [{ ...least, environment: 'field' }, /environment is none of/],
    [{ ...least, name: undefined }, /name/],
    [{ ...least, roots: Array.from({ length: 65 }, () => 'a') }, /roots has 65 items/],
    [nobody, /keys or roots/],
    [[], /no object/],
  ] as const)
    assert.throws(
      () => parse(members),
      (error) => error instanceof FormatError && what.test(error.message),
      String(what),
    )
})
