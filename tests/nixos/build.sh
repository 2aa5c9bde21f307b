#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# build.sh [OUTDIR] - make NixOS-shaped systems out of Debian packages, with real Nix.
#
# What is made and why is told in README.md. Prints the directory of the result, which is kept in
# ${FLOE_TEST_CACHE:-/var/cache/floe-tests} until the files of the builder change; with OUTDIR the
# result is made (or linked) there too.
#
#   DONOR=trixie|bookworm  Debian release that lends its programs: systemd 257 and Nix 2.26, or
#                          systemd 252 and Nix 2.8
#   DEBIAN_MIRROR=URL      archive to fetch from, instead of that of the machine's own apt sources
#   CC=cc                  compiler for the one test program in C
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$here/lib.sh"
# shellcheck source-path=SCRIPTDIR source=donor.sh
. "$here/donor.sh"
DONOR=${DONOR:-trixie}
version=25.11.floe
systems=(tarball tarball2 dhcpcd host host2 prepared)
cache=${FLOE_TEST_CACHE:-/var/cache/floe-tests}

say() {
	printf '%4ds  %s\n' "$SECONDS" "$*" >&2
}

# Debian packages that give the commands this script runs.
install_tools() {
	local missing=() command package

	while read -r command package; do
		type -P "$command" > /dev/null || missing+=("$package")
	done <<- X
		${CC:-cc} gcc
		readelf binutils
		xz xz-utils
	X
	if ! echo 'int main(void) { return 0; }' | "${CC:-cc}" -static -x c -o /dev/null - 2> /dev/null; then
		missing+=(libc6-dev)
	fi
	[ ${#missing[@]} -eq 0 ] && return
	say "installing ${missing[*]}"
	if ! apt-get -qq update || ! DEBIAN_FRONTEND=noninteractive apt-get -qq -y install \
		--no-install-recommends "${missing[@]}" > /dev/null; then
		die "cannot install ${missing[*]}; install them by hand and try again"
	fi
}

# nix PROGRAM ARGS... - run the donor's Nix on the store below $work/out/host, without looking at
# any Nix of this machine.
nix() {
	local program=$1 glibc=$work/layout/glibc/lib
	shift
	env -i PATH=/nonexistent HOME="$work/home" NIX_CONF_DIR="$work/home" LC_ALL=C \
		"$(echo "$glibc"/ld-linux*.so.*)" --library-path "$libraries" --argv0 "$program" \
		"$work/layout/nix/bin/$program" --store "$work/out/host" "${nix_options[@]}" "$@"
}

build_programs() {
	mkdir -p "$work/programs"
	"${CC:-cc}" -std=gnu17 -O2 -Wall -Wextra -static -o "$work/programs/nsprobe" "$here/nsprobe.c"
	cp "$here/nixtest.sh" "$work/programs/"
}

build_systems() {
	local name path

	mkdir -p "$work/home" "$work/out/host/nix/var/nix/gcroots"
	libraries=$(find "$work/layout" -type d '(' -name lib -o -path '*/lib/nix' ')' | tr '\n' ':')
	# Nix 2.8 insists on a build hook, and the real one would be looked for by its compiled-in name.
	printf '#!%s sh\necho "# decline-permanently" >&2\nexec cat > /dev/null\n' \
		"$work/bootstrap/bin/busybox" > "$work/no-build-hook"
	chmod 0755 "$work/no-build-hook"
	nix_options=(--option substitute false --option sandbox true --option sandbox-paths ''
		--option build-users-group '' --option build-hook "$work/no-build-hook"
		--option keep-derivations false --option fsync-metadata false --option max-jobs "$(nproc)")
	cat > "$work/systems.nix" <<- X
		import $here/system {
		  bootstrap = $work/bootstrap;
		  generated = $work/packages.nix;
		  programs = $work/programs;
		  version = "$version";
		}
	X
	# shellcheck disable=SC2046 # names without blanks
	nix nix-build --no-out-link "$work/systems.nix" $(printf -- '-A %s ' "${systems[@]}") \
		> "$work/results" 2> "$work/build.log" || {
		tail -n 30 "$work/build.log" >&2
		die "the Nix build failed (above: the end of its log)"
	}
	for name in "${systems[@]}"; do
		path=$(sed -n 1p "$work/results")
		sed -i 1d "$work/results"
		path=${path#"$work/out/host"}
		echo "$path" > "$work/out/toplevel-$name"
		ln -s "$path" "$work/out/host/nix/var/nix/gcroots/$name"
	done
	nix nix-store --gc > /dev/null 2> "$work/gc.log"
}

# closure NAME - the store paths that system NAME needs.
closure() {
	nix nix-store --query --requisites "$(< "$work/out/toplevel-$1")" | sed "s#^$work/out/host##"
}

# build_tarball SYSTEM - an image of it, laid out as the one that NixOS' build farm publishes for
# containers.
build_tarball() {
	local root=$work/root-$1 top

	top=$(< "$work/out/toplevel-$1")
	mkdir -p "$root"/{dev,etc,proc,sbin,sys,nix/store}
	closure "$1" > "$work/closure-$1"
	(cd "$work/out/host" && sed 's#^/##' "$work/closure-$1" | xargs cp -a --reflink=auto -t "$root/nix/store")
	# shellcheck disable=SC2046 # store paths have no blanks
	nix nix-store --dump-db $(< "$work/closure-$1") > "$root/nix-path-registration"
	cp "$work/out/host$top/init" "$root/sbin/init"
	ln -s "$(readlink "$work/out/host$(readlink "$work/out/host$top/etc")/os-release")" "$root/etc/os-release"
	(cd "$root" && tar --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner -c -- *) |
		xz -T0 -1 --block-size=8MiB > "$work/out/$1.tar.xz"
}

# What generation 2 adds, for "nix-store --import" in a machine that runs generation 1.
build_update() {
	# shellcheck disable=SC2046 # store paths have no blanks
	nix nix-store --export $(closure tarball2 | grep -vxFf "$work/closure-tarball") > "$work/out/update.export"
}

# fingerprint - what the result depends on: the builder's own files, the release, the machine.
fingerprint() {
	(cd "$here" && find build.sh donor.sh nsprobe.c nixtest.sh system -type f -print0 | sort -z |
		xargs -0 sha256sum && echo "$DONOR $(uname -m)") | sha256sum | cut -c 1-16
}

build() {
	say "fetching packages of Debian $DONOR"
	donor_fetch "$DONOR" "$work"
	donor_unpack "$work"
	donor_nix "$work"
	donor_bootstrap "$work"
	mkdir "$work/out"
	cp "$work/versions" "$work/out/"
	build_programs
	say "building $(wc -l < "$work/closure") packages and the systems with Nix"
	build_systems
	say "packing the images"
	build_tarball tarball
	build_tarball dhcpcd
	build_update
}

# make_result - build into a directory of its own, so that there is never half a result.
make_result() {
	rm -rf "$cache"/.build.*
	work=$(mktemp -d "$cache/.build.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	build
	chmod 0755 "$work/out"
	mv "$work/out" "$result"
	find "$cache" -maxdepth 1 -name "nixos-$DONOR-*" ! -name "${result##*/}" -exec rm -rf {} +
	rm -rf "$work"
	trap - EXIT
	say "done: $(du -h "$result/tarball.tar.xz" | cut -f 1) image in $result"
}

main() {
	[ $# -le 1 ] || die "usage: build.sh [OUTDIR]"
	[ $# -eq 0 ] || [ -L "$1" ] || [ ! -e "$1" ] || die "$1 exists and is not a link made by build.sh"
	result=$cache/nixos-$DONOR-$(fingerprint)
	if [ ! -e "$result" ]; then
		[ "$(id -u)" = 0 ] || die "building the test systems takes root"
		mkdir -p "$cache"
		exec 9> "$cache/nixos.lock"
		flock 9
		[ -e "$result" ] || {
			install_tools
			make_result
		}
		exec 9>&-
	fi
	[ $# -eq 0 ] || ln -sfn "$result" "$1"
	echo "$result"
}

main "$@"
