#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# demo.sh [--remove] - what "make demo" shows: import a NixOS-shaped image and boot it with floe.
#
# The machine is called floe-demo; an image of that name is replaced. It runs until Ctrl-C, or
# until it is stopped from elsewhere. The image stays, so that it can be started again;
# "demo.sh --remove" stops the machine and removes it.
#
#   FLOE=FILE        the floe to use; default $BUILD/floe, BUILD being "build" if unset
#   DEMO_SECONDS=N   stop after N seconds; default 5 where standard input is no terminal
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/lib.sh"
name="floe-demo"
images=/var/lib/machines
floe=${FLOE:-${BUILD:-build}/floe}
[[ $floe == /* ]] || floe=$here/../../$floe
floe=$(readlink -f "$floe") || die "there is no floe at ${FLOE:-${BUILD:-build}/floe}; run make first"
seconds=${DEMO_SECONDS:-}
[ -t 0 ] || seconds=${seconds:-5}
stop_asked=

say() {
	printf '%s\n' "$*"
}

# running - whether the machine is up.
running() {
	"$floe" list | awk -v name="$name" '$1 == name { found = 1 } END { exit !found }'
}

remove_image() {
	[ ! -d "$images/$name" ] || nixos_remove "$images/$name"
}

# wait_for_end - return 0 when the machine has ended, 1 when it is to be ended.
wait_for_end() {
	local until=$((SECONDS + ${seconds:-0}))

	while running; do
		[ -z "$stop_asked" ] || return 1
		[ -z "$seconds" ] || [ "$SECONDS" -lt "$until" ] || return 1
		sleep 0.3 &
		wait $! || true
	done
}

# inside COMMAND... - run a program of the system in the machine.
inside() {
	local program=$1
	shift
	"$floe" shell "$name" "/run/current-system/sw/bin/$program" "$@"
}

# show - what can be seen of the machine, and what to do with it.
show() {
	cat <<- X

		$name is up: $(inside systemctl is-active multi-user.target | tr -d '\r') multi-user.target, $(
		inside systemctl is-system-running | tr -d '\r') system
		  image directory  $images/$name
		  system           $system
		  state            /run/floe/$name
		  machine          $("$floe" list | awk -v name="$name" '$1 == name')
		A shell inside:    $floe shell $name
		A Nix build there: $floe shell $name /run/current-system/sw/bin/nixtest user
		To end it:         ${seconds:+wait $seconds s, or }Ctrl-C here, or $floe stop $name

	X
}

stop() {
	say "stopping $name ..."
	"$floe" stop "$name"
	say "$name has shut down; its image stays in $images/$name" \
		"(\"$floe start $name\" boots it again, \"$here/demo.sh --remove\" removes it)"
}

remove() {
	if running; then "$floe" stop "$name"; fi
	remove_image
}

demo() {
	local image system

	if running; then die "$name is running already; end it with: $floe stop $name"; fi
	image=$(nixos_image)
	system=$(< "$image/toplevel-tarball")
	remove_image
	say "importing $image/tarball.tar.xz"
	"$floe" import-tar "$image/tarball.tar.xz" "$name"
	trap 'stop_asked=1' INT TERM HUP
	trap 'if running; then stop; fi' EXIT
	say "booting it, with a network namespace of its own"
	"$floe" start "$name"
	show
	if wait_for_end; then
		say "$name has been stopped; its image stays in $images/$name"
	else
		stop
	fi
}

[ "$(id -u)" = 0 ] || die "the demo takes root: it makes namespaces, mounts and id ranges"
case ${1:-} in
'') demo ;;
--remove) remove ;;
*) die "usage: demo.sh [--remove]" ;;
esac
