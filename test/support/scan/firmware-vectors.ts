// SPDX-License-Identifier: Apache-2.0
/** Frozen images by the programs of Debian 12, packed by gzip; their payload is the text "sixteen octets..". */
import { gunzipSync } from 'node:zlib'

function packed(base64: string): Uint8Array {
  return new Uint8Array(gunzipSync(Buffer.from(base64, 'base64')))
}

/** mkimage 2023.01 -A arm -O linux -T kernel -C none -a 0x8000 -e 0x8040 -n 'a kernel' */
export const uimageVector = packed(
  'H4sIAAAAAAACA1NnlQxTvjiRMTX4IwMQCDAwNACpBgc3h5avrExMDIkK2alFeak5DDhAcWZFSWpqnkJ+cklqSbGeHgDX' +
    'mu4tUAAAAA==',
)

/** mkimage 2023.01 -f auto -A arm64 -O linux -T kernel -C none -a 0x80000 */
export const fitVector = packed(
  'H4sIAAAAAAACA+1QTUsDMRCdrdrag6ggiCcDevCypR8iXgQRKYgeBOvdNDttY7PJkmS1vfsDPfonPHjwKibd1e7WfyB9' +
    '8JJMJpk3b143vt4BqrcAcApQ2XL7keO2YwUyJADBG/xFkO8rjquOD3j38RM3HHvXqCUKchXTIRI+W5+5HRElkShNYqWR' +
    'dC97pC9U38xr7Tre3IcXSlkSj7N/7Wa702i2SnpneQ/B7ElWIBjPNMNWoTfvozeZxzXvNXv3e1d17FAdnxxD6a4puEwL' +
    'f9ccD6UzsOB9H9ZL8V4h9jPdMXxiESVRzKI1DT+fYETNKCx7euyev3wW9DeZZp12plUpMGBKDvgw1dRyJU3JW83n8rpB' +
    '4ezzdX9YmFGxbj2fS4QDmgoLVAwVRNRSQGn1FISiETAVJxqNccqgDFDNRmCnCcIBjSKfCBkKYYBppFZpV8wwzRPfKVge' +
    'o7E0TuCJihRhiSWW+D/4Bp5OAORQBgAA',
)

/** The same with -E: its data lie behind the tree. */
export const externalFitVector = packed(
  'H4sIAAAAAAACA2VQzUrEMBCerj/LHkQFQTwZ0IOXlv0R8SKIyILozfVuNp1uo2lTklR3xaP4FD6UD+ArePDgVUx/1m1r' +
    '4MvMZCbfNzPvaz+fAK03ADi2dsvaA4tNixYU5xXA+YD/xyntksWyxS1ef81jz2J0iSpGQS4iOkHC8/uRm5DIGIlUJJIK' +
    'yfB8RMZCjvWCa9vi6sY9k9KQ6L741+/2B163V9M7KXtw8pKCwLnPNd1eo7dni41KnFTy2Zyj6SJuZ7soeP7eVi0GVEVH' +
    'h1B76woep5W/Kxb7sR2wob/biHfmOwypDt36XHfD05fvisY6U2zQL+pbFThMxgGfpIoaLmNd67+d5Upep+Jn+U7mNPZU' +
    '5e2Us/sY0FQYoGIiwaeGAsZGzUBI6gOTUaJQa6sMUgNVLAQzSxD2qO9nCZehEBqYQmqksmSaKZ5knYLhEWpDowQeqEgx' +
    '53ZlEGg0ha/5U7ZAzacGMSaSGTTa834BJ+v2NKwCAAA=',
)

/** parted 3.5 mklabel msdos, primary 1-2 MiB, extended 3-8 MiB; the first sector. */
export const mbrVector = packed(
  'H4sIAAAAAAACA/u1g0Gg78Iehg07GBj6bvQd+L2PoWY/A9tOBqbPS14psjEw7NvHbsFSyt18TKDx3z/20s+vxbYwbWDc' +
    'zVCzqaGrhLHbh+ms8CuGGgaG1/8YRgH9wMeTcc9BNKNAM7OCPAMHkMkB5hvwMyvUM0gAmRqETQldBQCYsgs6AAIAAA==',
)

/** parted 3.5 mklabel gpt, boot 1-2 MiB, data 2-3 MiB; up to the end of the entries. */
export const gptVector = packed(
  'H4sIAAAAAAACA+3SsUvCQRTA8fdzyc3AwWgxHPobHHQQM7UlkQQFQX4iSktiWKTxA6GgzUFdQsRJBJcW/wbBTTenllx1' +
    'aXS4fsE1OAYOFt/PcXDv7t694Z0I/jKHrJVShr1S3t9np0aR8/hJIpS8EjEka+84I8fW94mhb/y86tPxu45L5iw5Pf2M' +
    'tVf9g6LVyzn0eUPPh/RLie7sv7fgxPX0fBtt1oLXi6i17FTux4/z0EX3Qw1v+m6/OPU/cG3n5aVsj+rO62fuXjf1Wuts' +
    'UKwchQPeSznU9T3beQUx7eomDQQAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/AtfM18dEABEAAA=',
)

/** objcopy 2.40 -I binary -O elf64-x86-64 */
export const elfVector = packed(
  'H4sIAAAAAAACA6t39XFjYmRkgAFGBjsGBA8BOJAEHaAkKwMLQ3FmRUlqap5CfnJJakmxnh4DDgDSLoDFZGGouACauDJY' +
    '/ON/dHGG+KTMvMSiyvgUQ7P44pLEohIUkdS8FFQVmVWpDAx6xZW5JYlJQLqkCEJnwFgpiSWJDFQA0lA/MqOJO0BpASzh' +
    'gc5nwmJuAJROgNLMULUcUL4ElObEYjcIbIDSJgTsF8Sh/wmUViSgHwBv32zPSAIAAA==',
)
