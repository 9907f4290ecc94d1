// SPDX-License-Identifier: Apache-2.0

import { programKeys } from './program-keys.ts'

/** Those whose private half stands in a standard. Each has its public key in `test/vectors/trust/published-keys`. */
const documentKeys = [
  ['73d8f7639722efe4a03c5b2b629689', 'RFC 9500 section 2.1'],
  ['2b1e8150500a6964d8c2e2981473f5', 'RFC 9500 section 2.1'],
  ['4d76b0f8b72b7bebe52d0649f840bb', 'RFC 9500 section 2.3'],
  ['c117aff9fc1e507d12f9bdaec117c2', 'RFC 9500 section 2.3'],
  ['133bae9e00bac102c03adee254d806', 'RFC 9500 section 2.3'],
  ['6de455f0db533594ab4604409d1dbb', 'RFC 7515 appendix A.3'],
  ['d037bc47471a1f9872fd5abde25cb6', 'RFC 6979 appendix A.2.5'],
  ['3fb0cb33afcc337e71c306bf1606a2', 'SP 800-186 section 3.2.1'],
  ['0d795617a92ab453d6c1204228348c', 'SP 800-186 section 3.2.1'],
  ['346d647fffe55ef4d1157f501bcc26', 'SP 800-186 section 3.2.1'],
  ['40302329e41f3cc765c446cc3902ec', 'RFC 8032 section 7.1'],
  ['ce81b52c0d9bc6abe8cd5c8a2d8032', 'RFC 8032 section 7.1'],
  ['dd2496582bd6129777f0664f3d3d00', 'RFC 8032 section 7.1'],
  ['adf70dce45b5c119b866c0dfc782a2', 'RFC 8410 section 10.1'],
  ['85f1ec62addccc1813b757212f8c3d', 'RFC 9881 appendix C'],
  ['3e324463a6fd4f02d29ce011b67624', 'RFC 9881 appendix C'],
  ['e88dad855241a1085d36e30344cfdf', 'RFC 9881 appendix C'],
  ['97a796cd9d635c5031a8fc11836b10', 'RFC 8032 section 7.4'],
  ['710844dad7eee9cf76b447e14607d6', 'RFC 8032 section 7.4'],
  ['60c75195d664ec129afd36194bfa79', 'RFC 9909 appendix C'],
  ['21799fdd7deb5942dd341fa7b6b351', 'RFC 9935 appendix C'],
  ['d682a185ec4201a13dc425326ec10f', 'RFC 9935 appendix C'],
  ['1f1459821d31b25f5d30a6280c89ae', 'RFC 9935 appendix C'],
] as const

/**
 * Where the private half of a key is published, for whoever has its fingerprint in hex: a document or a program that
 * every developer has at hand.
 */
export function publishedIn(fingerprint: string): string | undefined {
  return publishedKeys.get(beginningOf(fingerprint))
}

/** Tables keep 15 octets of a fingerprint, as lists of keys do: they come with the device's program, too. */
export function beginningOf(fingerprint: string): string {
  return fingerprint.slice(0, 30)
}

/** Beginning of the fingerprint in hex -> where. */
export const publishedKeys: ReadonlyMap<string, string> = new Map([
  ...documentKeys,
  ...Object.entries(programKeys).flatMap(([program, keys]) => filesOf(program, keys)),
])

function filesOf(program: string, keys: string): readonly (readonly [string, string])[] {
  return keys
    .trim()
    .split('\n')
    .map((line) => {
      const [fingerprint = '', file = ''] = line.trim().split(' ')
      return [fingerprint, `${program}, ${file}`] as const
    })
}
