#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What showing a closure of the host's store adds to a start, by floe's one mount and by a bind for
# each path, for 300 and 3,000 paths in the same run; and that it is what the manual says: one mount,
# and nothing outside of the closure. Needs root.
#
# Settings: BUILD, ROUNDS=20, PAUSE=20 (ms between two starts)
set -euo pipefail

. "$(dirname "$0")/common.bash"
: "${ROUNDS:=20}" "${PAUSE:=20}"
TIMER=$BUILD/tests/bench/timer
[[ -x $TIMER ]] || die "$TIMER is missing: make bench"
enter_sandbox
# A /nix that the host has is covered in this mount namespace alone.
NIX_MADE=
[[ -d /nix ]] || { mkdir /nix && NIX_MADE=1; }
trap 'umount -l /nix 2>/dev/null; [[ ! $NIX_MADE ]] || rmdir /nix; leave_sandbox' EXIT

make_root "$WORK/root" 0
make_root "$WORK/points" 0 # where a mount point is made for each path
FLOE=("$BUILD/floe" run -q -P -M bench --private-network -D "$WORK/root")
BINDING=("$BUILD/floe" run -q -P -M bench --private-network -D "$WORK/points")

# Prints how many mounts are on /nix or below, as the machine sees them.
count_mounts() { # OPTION...
	"${FLOE[@]}" "$@" /bin/busybox grep -c ' /nix' /proc/self/mountinfo
}

check_view() {
	local mounts shown
	mounts=$(count_mounts "${CLOSURE[@]}")
	((mounts == 1)) || die "there are $mounts mounts on /nix, not 1"
	mounts=$(count_mounts "${CLOSURE[@]}" --nix-daemon=private)
	((mounts == 2)) || die "there are $mounts mounts on /nix with a database, not 2"
	shown=$("${FLOE[@]}" "${CLOSURE[@]}" /bin/busybox ls /nix/store | wc -l)
	((shown == COUNT)) || die "$shown paths are visible, not $COUNT"
	! "${FLOE[@]}" "${CLOSURE[@]}" /bin/busybox ls "$OUTSIDE" >/dev/null 2>&1 ||
		die "$OUTSIDE is no path of the closure, and yet visible"
}

# A bind for each path, which is what one does without an overlay.
write_binds() {
	BINDS=()
	local path
	while read -r path; do
		BINDS+=(--bind-ro="$path:$path:idmap")
	done < <(find /nix/store -mindepth 1 -maxdepth 1 ! -type l | head -n "$COUNT")
}

for COUNT in 300 3000; do
	python3 "$(dirname "$0")/make-store.py" "$WORK/store-$COUNT" "$COUNT"
	mount --bind "$WORK/store-$COUNT/nix" /nix
	CLOSURE=(--store=closure --store-root="$(<"$WORK/store-$COUNT/root")")
	OUTSIDE=$(<"$WORK/store-$COUNT/outside")
	check_view
	write_binds
	echo "closure of $COUNT paths: 1 mount on /nix, $OUTSIDE is not there"
	"$TIMER" "$ROUNDS" "$PAUSE" \
		"no store" "${FLOE[@]}" /bin/true -- \
		"whole store" "${FLOE[@]}" --store=ro /bin/true -- \
		"closure" "${FLOE[@]}" "${CLOSURE[@]}" /bin/true -- \
		"bind each" "${BINDING[@]}" "${BINDS[@]}" /bin/true | tee "$WORK/times"
	awk '/^(no|whole) store|^closure|^bind each/ { name = $1 " " $2; sub(/ [0-9.]+$/, "", name)
			n = name ~ / / ? 2 : 1; p50[name] = $(n + 2); cpu[name] = $(n + 4) }
		END { printf "closure adds %.1f ms to a start, %.1f ms of them computing; a bind for each %.1f ms\n",
			p50["closure"] - p50["no store"], cpu["closure"] - cpu["no store"],
			p50["bind each"] - p50["no store"] }' "$WORK/times"
	umount /nix
done
