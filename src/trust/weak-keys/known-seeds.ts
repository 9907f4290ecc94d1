// SPDX-License-Identifier: Apache-2.0
import { beginningOf } from './published-keys.ts'

/**
 * Keys that were made from a seed that anybody would try first: a line is the beginning of the fingerprint and the octets of the seed,
 * one octet again and again or octets that count. Of ML-KEM the seed is d and z, of the others what the key is made of.
 *
 * The test makes each of them anew.
 *
 * @see RFC 8032 section 5.1.5, FIPS 204 section 6.1, FIPS 203 section 7.1
 */
const lines = {
  ed25519: `
    02105867b7c3ce0133f05bab787149 00
    d7ea9c18b45e3cf840f4b0f10e8fea ff
    bd8a63bd14947e947f3a62a1f9d768 01
    6e8867e6e7dfad3fd0811f3a43e9a7 11
    c621f7816d47cce7b10e2c4aa41011 22
    e8a25ae2d542410692b531699db122 42
    c6723ad165b3dec9bc000c1e673a07 55
    0a7c8c69fb642b5292618fbee3bc8b 5a
    e81e9573ebcca9c0866a61f8518dc0 a5
    7e06749471cd267ffd8d006686e1b2 aa
    7ee0725d6d44b65fd2ff83fc988cc1 from 00
    0158e0260ff328298637469a4bebc3 from 01
    c079f800f1727d71bcceddefe358d8 down from ff
  `,
  ed448: `
    8b414ab45dce0acc6670c657ab26f0 00
    5bda306ac55369e8e7117bfe9bfd6d ff
    94ef63bb0876b51bc5964683983bbe 01
    42f6f228bc5456ccefdad8f1fd417d 11
    f6e282384f5ae840e1326f8e81fa1a 22
    4159ef060f89bcb9abb7a4dd074f51 42
    d1de247fe9f05fc887339f56702ef5 55
    6dbf5f5fd8d46be05b70b9552e29e6 5a
    233d8696b14ae027aaecd4bb1f4116 a5
    fce095e26032d8b566cf217770bf1a aa
    2938e995099cdc0efbd8fa4c29ec0d from 00
    a11fa97ecad1a7b4527c1edd4fa49e from 01
    543ccb0030800e5c5179b020b241bf down from ff
  `,
  'ml-dsa-44': `
    dd27d8ddbc6711d543764135b63370 00
    26cb698fe2086826d8df65545bcf0b ff
    9df48433ec0f00b84fefd11eaa738a 01
    c97a0b1bd29fccc410e6e825f33b26 11
    e0c454b5ff607a71536f572d2a05c2 22
    5fe4b17b1e9c13b1dbba89cd49b603 42
    e09b871b09e12bc0a2c5ea0894bb46 55
    5f257d48c5110b1d61cea9c9a135c8 5a
    5603955355eeadeb56c18a32b68f98 a5
    065432a9f9fffe204bebbe5e003055 aa
    85f1ec62addccc1813b757212f8c3d from 00
    1d44f0088a8fad0f55c481cd7756f9 from 01
    84b86a0890a9b2d223dca036d86e3a down from ff
  `,
  'ml-dsa-65': `
    7c26d07ddc6723cdcec0ebad7b8951 00
    70aa96a594973ccb2ebb17d253b38e ff
    884c000fcb317c9176460b28ff4487 01
    898c068f6bae993fd0c9270a87d71e 11
    1eede57aee4feac7043f1cd8a8f570 22
    6b551fc7ec840aff5539088e4f80aa 42
    3e64de0c5eb5f353321b7af51cdd15 55
    e0d95faee73cfb37793ca32eadf41a 5a
    bb9998818f883e004546b6c2472770 a5
    37f107a216af798f27312b38497c4c aa
    3e324463a6fd4f02d29ce011b67624 from 00
    86bbb7a29587ddd974e0c4a7860737 from 01
    b2db1691df0c9fe656adef91d396ee down from ff
  `,
  'ml-dsa-87': `
    105f0a894684fad1320f96be920a73 00
    b1cce37a16d81ee3c65c2094249b14 ff
    e80c624821fc0775da780d70fbc771 01
    3f4e0c77da3e63b54a03f7abcdd3e0 11
    3c91d3e39fe26b02be3280a3ba689b 22
    681039c08123f3f81ed8d6a84cc337 42
    46e09b3833083ebb62d260676a2cf0 55
    73abd00101425f61fec6392865364d 5a
    e871650bbe3947d24785ade53fe1f5 a5
    453ef6c84d5de5b838e944fd6235f1 aa
    e88dad855241a1085d36e30344cfdf from 00
    450e91e74c5b0a5ba66951d97c9f0d from 01
    f47663d96f6306f3f9daeda1515d77 down from ff
  `,
  'ml-kem-512': `
    9323de05209718c773144df9e0745b 00
    be44de30f633eee3a2d9dba4e588ea ff
    7f4927634a6ef64c5217d5ed4ffaf2 01
    c194802956530b4f29c7d9742d507c 11
    481dde81c1db325ffcd09781901eac 22
    f2e77418de969cb4ba82a6d51e3213 42
    a2c52dd2b5c4c186e2d826187fc883 55
    e300d276e7713fd704cc4f24b72941 5a
    8a0f66d4a3c5199959c4763ca705b2 a5
    d89531a54a7f12abfca97cb5d624b6 aa
    d682a185ec4201a13dc425326ec10f from 00
    71d1797d859a1579fb4d8ce2a88959 from 01
    7ce6321ab51059cccf66ece7eefbc8 down from ff
  `,
  'ml-kem-768': `
    665df64ff18497406c77a7c93cd03f 00
    fc364442c4352fd68b5cdf932dda2a ff
    0bcf95dc7ea0ba8afff17e3d66a4af 01
    83f76aece0a3dacefc3258d1203823 11
    384b5bd43a21ff5aea7918c183d0cc 22
    ac6fddb6ddbdf47c803cec9912f444 42
    88a409ecc0dbe2d3fb0f4bed374f49 55
    a35e457d838f41ed83c2cfd81f7edb 5a
    a2dbbae243221b9cae2c17f3ff02c5 a5
    8ef36ff0f571c95baf68373b599ced aa
    1f1459821d31b25f5d30a6280c89ae from 00
    1d611ae7a886a77ca12815639a8422 from 01
    52a719a167ab8b5814859aff099240 down from ff
  `,
  'ml-kem-1024': `
    de0825a952450ba0776a94a0f1446b 00
    20d00956ada0102a11b452e9d8b0db ff
    eb93f6f02c666383cf229c91342955 01
    2eb64bbfe379ea8d7764ea89ad91ee 11
    71e441a8e8854502c24f7e8172dfa0 22
    87cbb8fd4250c5076f8a88538f1abf 42
    04ed8572004d955a50f5c811dbe685 55
    c5f887509d9b252311a111bc44a93d 5a
    84815a849dcb7c917260052ced24ff a5
    cf113029287a98668675fc8892e3b3 aa
    21799fdd7deb5942dd341fa7b6b351 from 00
    7a15e57672bdf6a41a0bdc45f5b0aa from 01
    a505315f87bd7bf4a571c167a1dd64 down from ff
  `,
}

/** What the octets of the seed are that a key was made from; undefined: nobody would try it first. */
export function seedOf(fingerprint: Uint8Array): string | undefined {
  return knownSeeds.get(beginningOf(fingerprint.toHex()))
}

/** Beginning of the fingerprint -> what the seed is. */
export const knownSeeds: ReadonlyMap<string, string> = new Map(
  Object.values(lines).flatMap((text) =>
    text
      .trim()
      .split('\n')
      .map((line) => {
        const [fingerprint = '', ...words] = line.trim().split(' ')
        return [fingerprint, words.join(' ')] as const
      }),
  ),
)
