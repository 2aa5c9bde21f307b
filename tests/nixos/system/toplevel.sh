# SPDX-License-Identifier: MIT
# Build of a system closure: what /run/current-system and the profiles point to.
# shellcheck shell=dash disable=SC2154 # the variables are those of the derivation
set -eu
# shellcheck source-path=SCRIPTDIR source=functions.sh
. "$functions"

mkdir -p "$out/bin"
ln -s "$etc/etc" "$out/etc"
ln -s "$sw" "$out/sw"
ln -s "$pkg_systemd" "$out/systemd"
printf 'systemd 2' > "$out/init-interface-version"
printf '%s' "$version" > "$out/nixos-version"
printf '%s' "$system" > "$out/system"
: > "$out/extra-dependencies"

if [ -n "$prepareRoot" ]; then
	substitute_program "$stage2" "$out/prepare-root"
	cp "$pkg_systemd/lib/systemd/systemd" "$out/init"
else
	substitute_program "$stage2" "$out/init"
fi
substitute_program "$activate" "$out/activate"
substitute_program "$switch" "$out/bin/switch-to-configuration"
