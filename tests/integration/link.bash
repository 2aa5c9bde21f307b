# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What tests of a link share: a veth to namespaces that are a machine's, and its DHCP clients. To be
# sourced after lib.sh. The process that serves the link, if any, is SERVER.

UDHCPC_SCRIPT=$SANDBOX/udhcpc-script

# Remembers what the client was told, then does as Debian's does.
cat >"$UDHCPC_SCRIPT" <<-'END'
	#!/bin/sh
	env >"/run/udhcpc.$1"
	exec /etc/udhcpc/default.script "$@"
END
chmod +x "$UDHCPC_SCRIPT"

# ---- The link and its two ends -----------------------------------------------------------------

# The client's side has namespaces and an /etc of its own; nothing in it outlives its first process.
client_namespaces() {
	cp -a /etc etc
	unshare --net --mount --uts --pid --fork --kill-child --mount-proc --propagation private \
		sh -ec 'mount --bind etc /etc
			for d in /run /var/lib/dhcp /var/lib/dhcpcd; do
				mkdir -p "$d"
				mount -t tmpfs tmpfs "$d"
			done
			mount -t sysfs -o ro sysfs /sys # networkd waits for no udev then
			mkdir -p /run/systemd/netif /run/sendsigs.omit.d
			chown systemd-network: /run/systemd/netif
			echo systemd-nspawn >/run/systemd/container
			hostname localhost
			: >/etc/resolv.conf
			ip link set lo up
			touch ready
			exec sleep 300' &
	HOLDER=$!
	wait_for 10 test -e ready
	CLIENT=$(<"/proc/$HOLDER/task/$HOLDER/children")
	CLIENT=${CLIENT% }
}

inside() { # COMMAND...
	nsenter --target "$CLIENT" --net --mount --uts --pid --wd="$TEST_DIR" "$@"
}

# The link is taken away before the namespace, whose end would take it later.
link_remove() {
	ip link delete ve-x 2>/dev/null || true
	kill -KILL "$HOLDER" ${SERVER:+"$SERVER"} 2>/dev/null || true
	wait 2>/dev/null || true
}

link_make() {
	client_namespaces
	trap link_remove EXIT
	ip link add ve-x address 02:00:00:00:00:01 type veth \
		peer name host0 address 02:00:00:00:00:02 netns "$CLIENT"
	ip address add 10.1.2.1/28 dev ve-x
	ip address add fd00:1:2:3::1/64 dev ve-x nodad
	ip link set ve-x up
}

# ---- What a client must have in the end --------------------------------------------------------

has_address() { # ADDRESS
	inside ip -4 -o address show dev host0 | grep -q "inet $1 "
}

assert_addressed() {
	wait_for 15 has_address 10.1.2.2/28
	assert_match 'brd 10\.1\.2\.15 ' "$(inside ip -4 -o address show dev host0)"
	wait_for 5 has_default_route 10.1.2.1
	inside busybox ping -q -c 1 -W 2 10.1.2.1 >/dev/null
}

has_default_route() { # ROUTER
	inside ip -4 route show default | grep -q "via $1 "
}

has_ipv6_address() {
	inside ip -6 -o address show dev host0 scope global | grep -v tentative |
		grep -q 'inet6 fd00:1:2:3:.*/64 '
}

has_carrier() {
	ip link show ve-x | grep -q LOWER_UP
}

# ---- Clients -----------------------------------------------------------------------------------

udhcpc() { # OPTION...
	inside udhcpc -i host0 -s "$UDHCPC_SCRIPT" -t 10 -T 1 -n -O mtu -O hostname "$@"
}

networkd() {
	inside /lib/systemd/systemd-networkd >networkd.log 2>&1 &
}
