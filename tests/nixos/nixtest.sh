#!@pkg_bash@/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2239 # the names between @ are filled in
# nixtest root|daemon|user - build a tiny derivation with Nix' sandbox on and no way around it.
#
#   root    root works on the store itself
#   daemon  root asks the nix-daemon
#   user    alice asks the nix-daemon
#
# Prints PASS and what the builder saw, or FAIL and why; exits 0 or 1. The builder is the static
# BusyBox of the store, so nothing is fetched. It fails if it can see the system around it.
set -u
mode=${1:-}
case $mode in
root) export NIX_REMOTE=local ;;
daemon) export NIX_REMOTE=daemon ;;
user)
	if [ "$(id -u)" = 0 ]; then
		exec runuser -u alice -- env HOME=/home/alice "PATH=$PATH" "$0" user
	fi
	export NIX_REMOTE=daemon
	;;
*)
	echo "usage: nixtest root|daemon|user" >&2
	exit 2
	;;
esac
export HOME=${HOME:-/root}
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT

busybox=$(readlink -f "$(type -p busybox)")
store_path=${busybox%/bin/busybox}
cat > "$dir/test.nix" << X
{ name }:
let busybox = "\${builtins.storePath $store_path}/bin/busybox"; in
derivation {
  inherit name busybox;
  system = builtins.currentSystem;
  builder = busybox;
  args = [ "sh" "-eu" ./builder.sh ];
}
X
cat > "$dir/builder.sh" << 'X'
for name in /run /etc/nixos /home /root /nix/var; do
	if [ -e "$name" ]; then echo "the builder sees $name of the system" >&2; exit 1; fi
done
processes=$(cd /proc && echo [0-9]*)
echo "process $$ of $(echo $processes | "$busybox" wc -w), uid $("$busybox" id -u)," \
	"$("$busybox" wc -l < /proc/self/mountinfo) mounts" > $out
X

if result=$(nix-build --no-out-link --argstr name "nixtest-$mode-$$-$(date +%s%N)" \
	--option substitute false "$dir/test.nix" 2> "$dir/errors"); then
	echo "PASS $mode: $(nix --version), the builder was $(< "$result")"
else
	echo "FAIL $mode: $(nix --version 2>&1): $(grep -v '^building' "$dir/errors" | tail -n 4 | tr '\n' ' ')"
	exit 1
fi
