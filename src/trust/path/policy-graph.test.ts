// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Oid, oid } from '#format/der/oid.ts'
import { anyPolicy } from '#format/oids.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  madeNow,
  makeAnchor,
  makeEntity,
} from '../../../test/made-certificates.ts'
import { type PolicyInputs, validatePath } from '../path.ts'
import { PathBudget, pathLimits } from './budget.ts'
import { PolicyGraph } from './policy-graph.ts'

const [a, b, c, d] = [1, 2, 3, 4].map((number) => oid(`1.3.6.1.4.1.99999.9.${number}`)) as [
  Oid,
  Oid,
  Oid,
  Oid,
]

/** What one certificate of a path says of policies. */
interface Says {
  readonly policies?: readonly Oid[]
  readonly map?: readonly (readonly [Oid, Oid])[]
  readonly requireExplicit?: number
  readonly inhibitMapping?: number
  readonly inhibitAny?: number
  readonly selfIssued?: true
}

const root = await makeEntity('CN=Root')
const anchor = makeAnchor(await certifyAuthority(root))
const device = await makeEntity('CN=Device')
const authorities = await Promise.all(['CN=A', 'CN=B', 'CN=C'].map((name) => makeEntity(name)))
const renewed = await Promise.all(
  authorities.map(({ name }) => makeEntity('CN=x').then((one) => ({ ...one, name }))),
)

function extensionsOf(says: Says): Extension[] {
  const { policies, map, requireExplicit, inhibitMapping, inhibitAny } = says
  const extensions: Extension[] = []
  if (policies !== undefined)
    extensions.push(
      encodeExtension(
        'certificatePolicies',
        policies.map((policy) => ({ oid: policy })),
      ),
    )
  if (map !== undefined)
    extensions.push(
      encodeExtension(
        'policyMappings',
        map.map(([issuerDomainPolicy, subjectDomainPolicy]) => ({
          issuerDomainPolicy,
          subjectDomainPolicy,
        })),
      ),
    )
  if (requireExplicit !== undefined || inhibitMapping !== undefined)
    extensions.push(
      encodeExtension('policyConstraints', {
        ...(requireExplicit === undefined ? {} : { requireExplicitPolicy: requireExplicit }),
        ...(inhibitMapping === undefined ? {} : { inhibitPolicyMapping: inhibitMapping }),
      }),
    )
  if (inhibitAny !== undefined) extensions.push(encodeExtension('inhibitAnyPolicy', inhibitAny))
  return extensions
}

/** The policies of a path, or the reason of its refusal; `path` from below the anchor to the leaf. */
async function policiesOf(path: readonly Says[], policies: PolicyInputs = {}) {
  const says = path.at(-1)!
  let issuer: Entity = root
  const intermediates = []
  let next = 0
  for (const link of path.slice(0, -1)) {
    const subject = link.selfIssued ? renewed[next - 1]! : authorities[next++]!
    intermediates.push(await certifyAuthority(subject, issuer, extensionsOf(link)))
    issuer = subject
  }
  const leaf = await certify(device, issuer, { extensions: extensionsOf(says) })
  const result = validatePath({
    leaf,
    intermediates,
    anchors: [anchor],
    at: madeNow,
    purpose: 'any',
    policies,
  })
  return result.kind === 'refused' ? result.reason : [...result.path.policies].sort()
}

const explicit: PolicyInputs = { requireExplicitPolicy: true }
const asking = (...acceptable: readonly Oid[]): PolicyInputs => ({ ...explicit, acceptable })
const refused = 'certificate-not-trusted'

const rules: [string, readonly Says[], PolicyInputs, readonly Oid[] | string][] = [
  ['a path without policies is valid if none is asked', [{}, {}], {}, []],
  ['a path without policies is refused if one is asked', [{}, {}], explicit, refused],
  ['a policy of the whole path holds', [{ policies: [a, b] }, { policies: [a] }], explicit, [a]],
  [
    'a policy of a part of the path does not',
    [{ policies: [b] }, { policies: [a] }],
    explicit,
    refused,
  ],
  ['nor is it told where none is asked', [{ policies: [b] }, { policies: [a] }], {}, []],
  [
    'one certificate without policies ends them',
    [{ policies: [a] }, {}, { policies: [a] }],
    explicit,
    refused,
  ],
  [
    'anyPolicy above stands for every policy below',
    [{ policies: [anyPolicy] }, { policies: [a] }],
    explicit,
    [a],
  ],
  [
    'anyPolicy below takes over the policies above',
    [{ policies: [a] }, { policies: [anyPolicy] }],
    explicit,
    [a],
  ],
  [
    'anyPolicy all the way is every policy',
    [{ policies: [anyPolicy] }, { policies: [anyPolicy] }],
    explicit,
    [anyPolicy],
  ],
  [
    'of every policy those that are asked',
    [{ policies: [anyPolicy] }, { policies: [anyPolicy] }],
    asking(a, c),
    [a, c],
  ],
  [
    'a policy that nobody asked for does not serve',
    [{ policies: [a] }, { policies: [a] }],
    asking(b),
    refused,
  ],
  [
    'one of several that are asked serves',
    [{ policies: [a] }, { policies: [a] }],
    asking(a, b),
    [a],
  ],
  [
    'anyPolicy inhibited from the start is a policy no more',
    [{ policies: [anyPolicy] }, { policies: [a] }],
    { ...explicit, inhibitAnyPolicy: true },
    refused,
  ],
  [
    'anyPolicy inhibited above is a policy no more',
    [{ policies: [a], inhibitAny: 0 }, { policies: [anyPolicy] }],
    explicit,
    refused,
  ],
  [
    'inhibited after one more certificate it still serves there',
    [{ policies: [a], inhibitAny: 1 }, { policies: [anyPolicy] }, { policies: [a] }],
    explicit,
    [a],
  ],
  [
    'and not below',
    [{ policies: [a], inhibitAny: 1 }, { policies: [anyPolicy] }, { policies: [anyPolicy] }],
    explicit,
    refused,
  ],
  [
    'a self-issued certificate may use anyPolicy though inhibited',
    [
      { policies: [a], inhibitAny: 0 },
      { policies: [anyPolicy], selfIssued: true },
      { policies: [a] },
    ],
    explicit,
    [a],
  ],
  [
    'an authority may ask for a policy itself',
    [{ policies: [a], requireExplicit: 0 }, {}],
    {},
    refused,
  ],
  [
    'an authority may ask from further down',
    [{ policies: [a], requireExplicit: 1 }, { policies: [a] }, { policies: [b] }],
    {},
    refused,
  ],
  [
    'the leaf counts among those further down',
    [{ policies: [a], requireExplicit: 1 }, {}],
    {},
    refused,
  ],
  ['a path that ends before is not asked', [{ policies: [a], requireExplicit: 2 }, {}], {}, []],
  ['the leaf may ask for itself', [{}, { requireExplicit: 0 }], {}, refused],
  [
    'a mapped policy is told by its name above',
    [{ policies: [a], map: [[a, b]] }, { policies: [b] }],
    explicit,
    [a],
  ],
  [
    'after a mapping the name above serves no more below',
    [{ policies: [a], map: [[a, b]] }, { policies: [a] }],
    explicit,
    refused,
  ],
  [
    'one policy may be mapped to several',
    [
      {
        policies: [a],
        map: [
          [a, b],
          [a, c],
        ],
      },
      { policies: [c] },
    ],
    asking(a),
    [a],
  ],
  [
    'mappings follow one another',
    [{ policies: [a], map: [[a, b]] }, { policies: [b], map: [[b, c]] }, { policies: [c] }],
    asking(a),
    [a],
  ],
  [
    'a policy that came by anyPolicy can be mapped',
    [{ policies: [anyPolicy], map: [[a, b]] }, { policies: [b] }],
    asking(a),
    [a],
  ],
  [
    'a mapping of a policy that is not there changes nothing',
    [{ policies: [a], map: [[c, d]] }, { policies: [a] }],
    explicit,
    [a],
  ],
  [
    'mapping inhibited from the start takes the policy away',
    [{ policies: [a, c], map: [[a, b]] }, { policies: [b, c] }],
    { ...explicit, inhibitPolicyMapping: true },
    [c],
  ],
  [
    'mapping inhibited above takes the policy away',
    [{ policies: [a], inhibitMapping: 0 }, { policies: [a], map: [[a, b]] }, { policies: [b] }],
    explicit,
    refused,
  ],
  [
    'mapping is inhibited only as far down as it says',
    [{ policies: [a], inhibitMapping: 1 }, { policies: [a], map: [[a, b]] }, { policies: [b] }],
    explicit,
    [a],
  ],
  [
    'nothing may be mapped from anyPolicy',
    [{ policies: [a], map: [[anyPolicy, b]] }, { policies: [b] }],
    {},
    refused,
  ],
  ['nor to it', [{ policies: [a], map: [[a, anyPolicy]] }, { policies: [b] }], {}, refused],
]

for (const [rule, path, inputs, expected] of rules)
  test(rule, async () => assert.deepEqual(await policiesOf(path, inputs), expected))

test('policies multiply with depth in a tree, and are bounded here', () => {
  const budget = new PathBudget(pathLimits)
  const graph = new PolicyGraph(budget)
  const policies = Array.from({ length: 200 }, (_, index) => oid(`1.3.6.1.4.1.99999.8.${index}`))
  const mappings = policies
    .slice(0, 60)
    .flatMap((issuerDomainPolicy) =>
      policies
        .slice(0, 60)
        .map((subjectDomainPolicy) => ({ issuerDomainPolicy, subjectDomainPolicy })),
    )
  const attack = () => {
    for (let depth = 0; depth < 10; depth++) {
      graph.descend(policies, true)
      graph.map(mappings, true)
    }
  }
  assert.throws(attack, { name: 'PathBudgetSpent', cost: 'policyLinks' })
})
