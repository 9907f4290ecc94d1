// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPasswordOf, readCryptHash } from './crypt-hash.ts'
import { md5Crypt } from './crypt-md5.ts'
import { shaCrypt } from './crypt-sha.ts'

/** "Unix crypt using SHA-256 and SHA-512", its test vectors, as OpenSSL 3.0 answers them. */
const sha = [
  ['sha256', 'Hello world!', 'saltstring', 5_000, '5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'],
  [
    ...(['sha256', 'Hello world!', 'saltstringsaltst', 10_000] as const),
    '3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA',
  ],
  [
    ...(['sha512', 'Hello world!', 'saltstring', 5_000] as const),
    'svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
  ],
] as const

test('the hashes of Drepper are computed as openssl passwd computes them', () => {
  for (const [digest, password, salt, rounds, due] of sha)
    assert.equal(shaCrypt(password, salt, digest, rounds), due)
})

test('the hash of FreeBSD, and of Apache, is computed as openssl passwd -1 and -apr1 do', () => {
  assert.equal(md5Crypt('root', 'saltstri', '$1$'), 'keDUNHe0Fpt4rZ/YprWUM0')
  assert.equal(md5Crypt('root', 'saltstri', '$apr1$'), 'qxh8li7gPk7M0ZdHAiTy60')
})

test('a default password is told, another is not', () => {
  const hashOf = (password: string) => `$6$ab$${shaCrypt(password, 'ab', 'sha512')}`
  const found = (text: string) => readCryptHash(text) ?? assert.fail(text)
  assert.equal(defaultPasswordOf(found(hashOf('admin')), 'root'), 'admin')
  assert.equal(defaultPasswordOf(found(hashOf('ward7')), 'ward7'), 'ward7')
  assert.equal(defaultPasswordOf(found(hashOf('')), 'root'), '')
  assert.equal(defaultPasswordOf(found(hashOf('Tango-Uniform-4')), 'root'), undefined)
  // {SHA} of `password`, as htpasswd -s writes it.
  assert.equal(defaultPasswordOf(found('{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g='), 'web'), 'password')
})

test('a hash that asks for more work than a scan has is told, and not tried', () => {
  const costly = `$6$rounds=999999999$ab$${'a'.repeat(86)}`
  assert.equal(readCryptHash(costly)?.recompute, undefined)
})
