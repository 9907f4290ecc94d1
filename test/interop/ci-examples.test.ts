// SPDX-License-Identifier: Apache-2.0
/** Pipelines that people take over: read as YAML by Python, held against the command line and a shell. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { commandNamed, whole } from '#cli/commands/commands.ts'
import { readLine } from '#cli/commands/read-line.ts'

const isThere = spawnSync('python3', ['-c', 'import yaml']).status === 0
const options = {
  skip:
    isThere || process.env.PEERS === 'required'
      ? false
      : 'python3-yaml is missing (scripts/peers.sh)',
}

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}

interface GithubJob {
  readonly permissions: Readonly<Record<string, string>>
  readonly 'runs-on': string
  readonly steps: readonly Step[]
}

const github = 'examples/ci/github-actions.yml'
const gitlab = 'examples/ci/gitlab-ci.yml'

test(
  'the GitHub job may read the sources and ask for its ID token, and nothing else',
  options,
  () => {
    const { permissions, jobs } = yaml<{
      readonly permissions: object
      readonly jobs: Readonly<Record<string, GithubJob>>
    }>(github)
    assert.deepEqual(permissions, {})
    const job = jobs['release'] ?? assert.fail('no job')
    assert.deepEqual(job.permissions, { contents: 'read', 'id-token': 'write' })
    assert.match(job['runs-on'], /-\d/, 'a runner of a version')
    const used = job.steps.flatMap(({ uses }) => uses ?? [])
    assert.ok(used.length > 0)
    const text = readFileSync(github, 'utf8')
    for (const action of used) {
      assert.match(action, /@[0-9a-f]{40}$/, 'whoever moves a tag changes nothing')
      assert.match(text, new RegExp(`${action} # v\\d+\\.\\d+\\.\\d+$`, 'm'))
    }
    const checkout = job.steps.find(({ uses }) => uses?.startsWith('actions/checkout@'))
    assert.equal(checkout?.with?.['persist-credentials'], false)
  },
)

test('the GitLab job has an ID token for the server, and an image by its digest', options, () => {
  const { release } = yaml<{
    readonly release: {
      readonly image: string
      readonly id_tokens: Readonly<Record<string, { readonly aud: string }>>
      readonly rules: readonly { readonly if: string }[]
    }
  }>(gitlab)
  assert.match(release.image, /@sha256:[0-9a-f]{64}$/)
  assert.deepEqual(release.id_tokens, { VITALSIGN_ID_TOKEN: { aud: 'https://pki.acme.example' } })
  assert.match(release.rules[0]?.if ?? '', /CI_COMMIT_REF_PROTECTED/)
})

for (const [file, scripts] of [
  [github, githubScripts],
  [gitlab, gitlabScripts],
] as const)
  test(
    `what ${file} runs is read by a shell and by the command line, and holds no secret`,
    options,
    async () => {
      const text = readFileSync(file, 'utf8')
      assert.doesNotMatch(text, /\bsecrets\.|-----BEGIN /)
      const said: string[] = []
      const script = scripts().join('\n')
      execFileSync('bash', ['-n'], { input: script })
      for (const line of script.replaceAll(/\\\n\s*/g, '').split('\n'))
        if (line.startsWith('vitalsign ')) said.push(line)
      // What an administrator says once stands in the comment above.
      const [trust] = text.replaceAll(/\\\n#\s*/g, '').match(/vitalsign build-trust add .*/) ?? []
      for (const line of [...said, trust ?? assert.fail('no build-trust')]) await sayable(line)
      // And above it, which files the repository has to have.
      const head = text.slice(0, text.search(/^\w/m))
      const wanted = script.matchAll(/(?:--(?:baseline|ca) |\$\(cat )([\w.-]+)/g)
      for (const [, name = ''] of wanted)
        assert.ok(head.includes(name), `nobody is told of ${name}`)
      assert.deepEqual(
        said.map((line) => line.split(' ').slice(1, 3).join(' ')),
        ['scan app.bin', 'release deliver'],
      )
    },
  )

function githubScripts(): readonly string[] {
  const { jobs } = yaml<{ readonly jobs: Readonly<Record<string, GithubJob>> }>(github)
  return Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []))
}

function gitlabScripts(): readonly string[] {
  const { release } = yaml<{
    readonly release: {
      readonly script: readonly string[]
      readonly after_script: readonly string[]
    }
  }>(gitlab)
  return [...release.script, ...release.after_script]
}

const read = new Map<string, string>()

function yaml<T>(file: string): T {
  const program = 'import json,sys,yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))'
  const text =
    read.get(file) ?? execFileSync('python3', ['-c', program, file], { encoding: 'utf8' })
  read.set(file, text)
  return JSON.parse(text)
}

/** As a shell hands it over: substitutions stand for one word each. */
async function sayable(line: string): Promise<void> {
  const plain = line.replaceAll(/\$\(cat SECURITY_VERSION\)/g, '7').replace(/ > \S+$/, '')
  const words = plain.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? []
  const command =
    commandNamed(words.slice(1, 3).join(' ')) ?? commandNamed(words[1] ?? '') ?? assert.fail(line)
  readLine(await whole(command), words.slice(1 + command.name.split(' ').length))
}
