#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing for building, linking statically and testing: deps.sh GROUP...
# Asks before anything else whether something is missing at all, so that a second run costs nothing.
# shellcheck disable=SC2034 # list() reads the lists by their names
set -eu

# What each need is called by pkg-config and as a command; package managers name it differently.
libraries_build='libcap libmnl jansson libseccomp libarchive liblzma libzstd zlib sqlite3 libcurl'
commands_build='cc make pkg-config'
libraries_test='cmocka'
commands_test='gpg gpgv strace clang clang-tidy clang-format cppcheck shellcheck busybox systemd-nspawn crun runc
	lxc-start bwrap
	debootstrap unshare ip nft iptables-legacy iptables-nft iperf3 setfattr setfacl setcap xz zstd bzip2 jq python3
	mandoc zsh fish mkfs.btrfs mkfs.xfs udhcpc dhclient dhcpcd dnsmasq dig runsv s6-supervise
	openrc-run'

apt_build='gcc libc6-dev make pkg-config libcap-dev libmnl-dev libjansson-dev libseccomp-dev
	libarchive-dev liblzma-dev libzstd-dev zlib1g-dev libsqlite3-dev libcurl4-openssl-dev'
# What libarchive.a refers to, for a static floe: Debian's libarchive-dev does not bring it.
apt_static='libacl1-dev libattr1-dev nettle-dev liblz4-dev libbz2-dev'
apt_test="$apt_static libcmocka-dev clang clang-tidy clang-format cppcheck shellcheck
	busybox-static strace systemd-container crun runc lxc bubblewrap debootstrap util-linux iproute2 nftables
	attr acl libcap2-bin procps tar xz-utils zstd bzip2 jq python3 python3-jsonschema
	mandoc zsh fish btrfs-progs xfsprogs systemd udhcpc isc-dhcp-client dhcpcd-base
	dnsmasq-base bind9-dnsutils iptables iperf3 netavark g++ netbase gpg gpgv runit s6 openrc"

dnf_build='gcc glibc-devel make pkgconf-pkg-config libcap-devel libmnl-devel jansson-devel
	libseccomp-devel libarchive-devel xz-devel libzstd-devel zlib-devel
	sqlite-devel libcurl-devel'
pacman_build='gcc make pkgconf libcap libmnl jansson libseccomp libarchive xz zstd zlib sqlite curl'
apk_build='gcc musl-dev linux-headers make pkgconf libcap-dev libmnl-dev jansson-dev libseccomp-dev
	libarchive-dev xz-dev zstd-dev zlib-dev sqlite-dev curl-dev'
zypper_build='gcc glibc-devel make pkg-config libcap-devel libmnl-devel libjansson-devel
	libseccomp-devel libarchive-devel xz-devel libzstd-devel zlib-devel
	sqlite3-devel libcurl-devel'

say() { printf '  %-7s %s\n' DEPS "$*"; }
die() { printf 'deps: %s\n' "$*" >&2; exit 1; }

# Prints the words of a list variable of this file, for each group asked for.
list() { # PREFIX GROUP...
	list_prefix=$1
	shift
	for list_group; do
		eval "printf '%s ' \${${list_prefix}_$list_group:-}"
	done
}

have() { command -v "$1" >/dev/null 2>&1; }

# Prints what cannot be found, whoever installed the rest.
missing_needs() { # GROUP...
	for need in $(list commands "$@"); do
		have "$need" || printf '%s ' "$need"
	done
	for need in $(list libraries "$@"); do
		pkg-config --exists "$need" 2>/dev/null || printf '%s ' "$need"
	done
}

apt_missing() { # PACKAGE...
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
		awk -v wanted="$*" '$1 == "installed" { have[$2] = 1 }
			END { n = split(wanted, names); for (i = 1; i <= n; i++)
				if (!(names[i] in have)) printf "%s ", names[i] }'
}

as_root() { # COMMAND...
	[ "$(id -u)" = 0 ] || die "installing needs root; run as root: $*"
	"$@"
}

install_packages() { # PACKAGE...
	missing=$(apt_missing "$@")
	[ -n "$missing" ] || return 0
	say "installing $missing"
	as_root apt-get update -q -o Dpkg::Use-Pty=0
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -q --no-install-recommends \
		-o Dpkg::Use-Pty=0 $missing
}

# The fuzzer's and sanitizers' runtime, which clang only recommends and whose package is called
# after its version.
has_clang_runtime() {
	for runtime in "$(clang -print-resource-dir)"/lib/*/libclang_rt.fuzzer*; do
		[ ! -e "$runtime" ] || return 0
	done
	return 1
}

install_apt() {
	# shellcheck disable=SC2046 # words are meant to split
	install_packages $(list apt "$@")
	case " $* " in
	*' test '*)
		has_clang_runtime && return 0
		version=$(clang -dumpversion)
		install_packages "libclang-rt-${version%%.*}-dev"
		;;
	esac
}

# The other package managers have lists for building; tests are written for Debian's programs.
install_other() { # MANAGER COMMAND...
	manager=$1
	shift
	build_missing=$(missing_needs build)
	if [ -n "$build_missing" ]; then
		say "installing for: $build_missing"
		# shellcheck disable=SC2046
		as_root "$@" $(list "$manager" build)
	fi
	case " $groups " in
	*' test '*)
		test_missing=$(missing_needs test)
		[ -z "$test_missing" ] || die "the tests also need: $test_missing
deps: install what gives them with $manager; the package names of Debian are: $(list apt test)"
		;;
	esac
}

[ $# -gt 0 ] || set -- build
for group; do
	case $group in
	build | static | test) ;;
	*) die "unknown group \"$group\": build, static or test" ;;
	esac
done
groups=$*

if have apt-get && have dpkg-query; then
	install_apt "$@"
elif have dnf; then
	install_other dnf dnf install -y
elif have pacman; then
	install_other pacman pacman -S --needed --noconfirm
elif have apk; then
	install_other apk apk add
elif have zypper; then
	install_other zypper zypper --non-interactive install
fi

missing=$(missing_needs "$@")
[ -z "$missing" ] || die "not found after installing, or no known package manager: $missing"
