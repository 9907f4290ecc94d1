// SPDX-License-Identifier: Apache-2.0

/**
 * What worms and testers try first, the account's own name besides: from the lists that Mirai came with (its published
 * source, 2016) and the defaults of common distributions for small devices.
 */
export const defaultPasswords: readonly string[] = [
  ...['', 'root', 'admin', 'password', 'pass', 'changeme', 'default', 'user', 'guest', 'test'],
  ...['1234', '12345', '123456', '12345678', '1111', '0000', '888888', '666666', '54321'],
  ...['toor', 'system', 'service', 'support', 'ubnt', 'raspberry', 'alpine', 'openwrt', 'linux'],
  ...['vizxv', 'xc3511', 'xmhdipc', 'juantech', 'klv123', 'anko', 'Zte521', 'dreambox', 'secret'],
]
