// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareVersions } from './compare-versions.ts'

test('versions stand in the order of semantic versioning, and four numbers, too', () => {
  // semver.org section 11.4, between numbers.
  const rising = [
    ...['0.9', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2'],
    ...['1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '1.0.0.1', '1.2.9', '1.2.10', '2', '10.0.0'],
  ]
  for (const [index, lower] of rising.entries())
    for (const [other, version] of rising.entries())
      assert.equal(
        Math.sign(compareVersions(lower, version) ?? Number.NaN),
        Math.sign(index - other),
        `${lower} and ${version}`,
      )
})

test('the build counts for nothing, a leading v neither', () => {
  assert.equal(compareVersions('1.2.3+4', '1.2.3+9'), 0)
  assert.equal(compareVersions('v1.2', '1.2.0'), 0)
})

test('what is no version is not compared', () => {
  for (const text of ['', 'tomorrow', '1.2.3.4.5', '1..2', '-1', '1.2.3-', '99999999999'])
    assert.equal(compareVersions(text, '1.0.0'), undefined, text)
})
