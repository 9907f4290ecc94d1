#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the foreign programs that the interoperation and durability tests are judged by (Debian).
set -euo pipefail
packages=(chromium openssl curl strace strongswan-pki libstrongswan-extra-plugins libstrongswan-standard-plugins)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
sudo=''
[ "$(id -u)" -eq 0 ] || sudo='sudo'
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
$sudo apt-get install -y -qq --no-install-recommends "${missing[@]}"
