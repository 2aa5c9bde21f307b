# SPDX-License-Identifier: MIT
# Build of the package with the test programs.
# shellcheck shell=dash disable=SC2154 # the variables are those of the derivation
set -eu
# shellcheck source-path=SCRIPTDIR source=functions.sh
. "$functions"

mkdir -p "$out/bin"
for f in "$programs"/*; do
	n=${f##*/}
	case $n in
	*.sh) substitute_program "$f" "$out/bin/${n%.sh}" ;;
	*) cp "$f" "$out/bin/$n" && chmod 0555 "$out/bin/$n" ;;
	esac
done
