// SPDX-License-Identifier: Apache-2.0
/** A webhook's signature, checked from RFC 9421's text by Python and openssl, with nothing of ours. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { signedHeaders } from '#edge/http/sign-request.ts'

const python = '/usr/bin/python3'
const missing = [python, 'openssl'].filter(
  (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
)
const skip = missing.length === 0 ? false : `peer not installed: ${missing.join(', ')}`
if (skip && process.env.PEERS === 'required') throw new Error(skip)

/** Exit status 0: genuine. */
const program = `
import base64, hashlib, json, re, subprocess, sys, tempfile, os
told = json.load(sys.stdin)
headers, body = told['headers'], told['body'].encode()
label, parameters = re.match(r'(\\w+)=(.*)', headers['signature-input']).groups()
signature = re.match(label + r'=:([^:]*):', headers['signature']).group(1)
# RFC 9530 section 2
digest = re.match(r'sha-256=:([^:]*):', headers['content-digest']).group(1)
if base64.b64decode(digest) != hashlib.sha256(body).digest(): sys.exit('content-digest')
# RFC 9421 section 2.5
lines = []
for name in re.findall(r'"([^"]+)"', parameters.split(')')[0]):
    value = {'@method': 'POST', '@target-uri': told['address']}.get(name) or headers[name]
    lines.append('"%s": %s' % (name, value))
lines.append('"@signature-params": %s' % parameters)
with tempfile.TemporaryDirectory() as place:
    for name, content in ('base', '\\n'.join(lines).encode()), ('sig', base64.b64decode(signature)), ('key', told['pem'].encode()):
        open(os.path.join(place, name), 'wb').write(content)
    words = 'openssl pkeyutl -verify -pubin -inkey key -rawin -in base -sigfile sig'.split()
    done = subprocess.run(words, cwd=place, capture_output=True)
    sys.exit(done.returncode)
`

test('the signature of a webhook is good to openssl, and bad for another body, address or key', {
  skip,
}, async () => {
  const pair = generateKeyPairSync('ed25519')
  const address = 'https://desk.example.com/alarms?to=on-call'
  const body = '{"id":"dlv_1","what":"raised"}\n'
  const headers = await signedHeaders(
    { url: address, delivery: 'dlv_1', body: new TextEncoder().encode(body) },
    {
      now: () => Temporal.Instant.from('2026-05-01T12:00:00Z'),
      key: async () => 'notify-test',
      sign: async (_, bytes) => new Uint8Array(sign(null, bytes, pair.privateKey)),
    },
  )
  const pemOf = (key: typeof pair.publicKey) => key.export({ type: 'spki', format: 'pem' })
  const told = { address, headers, body, pem: pemOf(pair.publicKey) }
  const isGenuine = (more: object) =>
    spawnSync(python, ['-c', program], { input: JSON.stringify({ ...told, ...more }) }).status === 0
  assert.equal(isGenuine({}), true)
  assert.equal(isGenuine({ body: body.replace('raised', 'cleared') }), false)
  assert.equal(isGenuine({ address: `${address}&more=1` }), false)
  assert.equal(isGenuine({ headers: { ...headers, 'idempotency-key': 'dlv_2' } }), false)
  const stranger = generateKeyPairSync('ed25519').publicKey
  assert.equal(isGenuine({ pem: pemOf(stranger) }), false)
})

const withoutLibrary =
  skip ||
  (spawnSync(python, ['-c', 'import cryptography']).status === 0
    ? false
    : 'peer not installed: python3-cryptography')
if (withoutLibrary && process.env.PEERS === 'required') throw new Error(withoutLibrary)

test('the check that the guide gives for Python takes what is genuine and fresh, and nothing else', {
  skip: withoutLibrary,
}, async () => {
  const guide = readFileSync('docs/guides/end-sessions-by-webhook.md', 'utf8')
  const [, code] =
    /^```python\n([\s\S]*?)^```$/m.exec(guide) ?? assert.fail('no Python in the guide')
  const pair = generateKeyPairSync('ed25519')
  const address = 'https://desk.example.com/sessions'
  const body = '{"id":"enf_1.0","act":"end","revocation":null,"owners":[]}\n'
  const at = Temporal.Instant.from('2026-05-01T12:00:00Z')
  const headers = await signedHeaders(
    { url: address, delivery: 'enf_1.0', body: new TextEncoder().encode(body) },
    {
      now: () => at,
      key: async () => 'notify-test',
      sign: async (_, bytes) => new Uint8Array(sign(null, bytes, pair.privateKey)),
    },
  )
  const pem = pair.publicKey.export({ type: 'spki', format: 'pem' })
  const told = { address, headers, body, pem, now: at.epochMilliseconds / 1000 }
  const asked = [
    told,
    { ...told, now: told.now + 290 },
    { ...told, now: told.now + 310 },
    { ...told, body: body.replace('end', 'test') },
    { ...told, address: 'https://desk.example.com/alarms' },
    { ...told, headers: { ...headers, 'idempotency-key': 'enf_1.100' } },
    { ...told, headers: { ...headers, 'signature-input': 'vitalsign=()' } },
  ]
  const program = `${code}
import json, sys
for one in json.load(sys.stdin):
    print(is_genuine(one["pem"].encode(), one["address"], one["headers"], one["body"].encode(), one["now"]))
`
  const run = spawnSync(python, ['-c', program], { input: JSON.stringify(asked), encoding: 'utf8' })
  assert.equal(run.stderr, '')
  const answers = run.stdout.trim().split('\n')
  assert.deepEqual(answers, ['True', 'True', 'False', 'False', 'False', 'False', 'False'])
})
