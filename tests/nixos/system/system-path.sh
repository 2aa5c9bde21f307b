# SPDX-License-Identifier: MIT
# Build of the "sw" profile: links to the programs of all packages, the first one wins.
# shellcheck shell=dash disable=SC2154 # the variables are those of the derivation
set -eu
mkdir -p "$out/bin" "$out/share/dbus-1"
for p in $packages; do
	for f in "$p"/bin/*; do
		n=${f##*/}
		[ ! -e "$f" ] || [ -e "$out/bin/$n" ] || ln -s "$f" "$out/bin/$n"
	done
done
