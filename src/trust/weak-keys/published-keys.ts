// SPDX-License-Identifier: Apache-2.0

import { programKeys } from './program-keys.ts'

/** Those whose private half stands in a standard. Each has its public key in `test/vectors/trust/published-keys`. */
const documentKeys = [
  ['73d8f7639722efe4a03c5b2b629689e4070be1692f197bfc1c2f439510621579', 'RFC 9500 section 2.1'],
  ['2b1e8150500a6964d8c2e2981473f5f2b55c493a83a2af3546f94fe5411a1a6b', 'RFC 9500 section 2.1'],
  ['4d76b0f8b72b7bebe52d0649f840bb90fa1edaa2f45c2e4b89c17e541af0cda2', 'RFC 9500 section 2.3'],
  ['c117aff9fc1e507d12f9bdaec117c212bb3585ab4873393a110b1b6b0ce6e85a', 'RFC 9500 section 2.3'],
  ['133bae9e00bac102c03adee254d8067f57049efcc824b53445a3af3a166de14e', 'RFC 9500 section 2.3'],
  ['6de455f0db533594ab4604409d1dbbc3cf221c12d35073bd2840c21265a80d11', 'RFC 7515 appendix A.3'],
  ['d037bc47471a1f9872fd5abde25cb6f354447dd467fcc4a766edda93b4b175cb', 'RFC 6979 appendix A.2.5'],
  ['3fb0cb33afcc337e71c306bf1606a2aac1dbe818d558fb549ba7a894b3895a24', 'SP 800-186 section 3.2.1'],
  ['0d795617a92ab453d6c1204228348ccaf4858bd0864eae76a102ef40b9fa03ac', 'SP 800-186 section 3.2.1'],
  ['346d647fffe55ef4d1157f501bcc26c062d4d3c6f0497ff40111916a1d60fd65', 'SP 800-186 section 3.2.1'],
  ['40302329e41f3cc765c446cc3902ec77056e35ec0b89ffff383ed45214d7c5b0', 'RFC 8032 section 7.1'],
  ['ce81b52c0d9bc6abe8cd5c8a2d8032c0c6d1fa65ee116377c8a19af88de84482', 'RFC 8032 section 7.1'],
  ['dd2496582bd6129777f0664f3d3d0026b7e7340c1ff329ba14c26242ea77990a', 'RFC 8032 section 7.1'],
  ['adf70dce45b5c119b866c0dfc782a29c616b375b436a7d40782836db3f926475', 'RFC 8410 section 10.1'],
  ['85f1ec62addccc1813b757212f8c3d51551ab262cc3c01c74f6b5b02fd6da2fa', 'RFC 9881 appendix C'],
  ['3e324463a6fd4f02d29ce011b67624ce570f1fb944456cfef53b1fd62528aee2', 'RFC 9881 appendix C'],
  ['e88dad855241a1085d36e30344cfdf682d1924ace73829658a9412f5d424815b', 'RFC 9881 appendix C'],
  ['97a796cd9d635c5031a8fc11836b10a1b4f99bd6dddd67e2b55813e5a15343f7', 'RFC 8032 section 7.4'],
  ['710844dad7eee9cf76b447e14607d6026fa45e0272d0e10b7b4504f33429d07e', 'RFC 8032 section 7.4'],
  ['60c75195d664ec129afd36194bfa793fb7e1f03813f20fd997f5148297103aa2', 'RFC 9909 appendix C'],
  ['21799fdd7deb5942dd341fa7b6b351c1cc5b124b3a0333d762b42c12f8fc8726', 'RFC 9935 appendix C'],
  ['d682a185ec4201a13dc425326ec10f29da9bdba1cda397f940b86877da0127a9', 'RFC 9935 appendix C'],
  ['1f1459821d31b25f5d30a6280c89ae42cab5d3ce4ffb9396320ae4e6c32a2f51', 'RFC 9935 appendix C'],
] as const

/** Keys whose private half every developer has at hand, in a document or a program: fingerprint in hex -> where. */
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
