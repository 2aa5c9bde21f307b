#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# On a host where systemd-networkd looks after the links of containers floe makes them, as nspawn
# does, and leaves the rest to it; ports lead to whatever address the machine got.
# shellcheck disable=SC2034 # settings of the harness
TEST_TIMEOUT=120
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR/../integration source=machine.bash
. "$TOP/tests/integration/machine.bash"
# shellcheck source-path=SCRIPTDIR/../integration source=net-world.bash
. "$TOP/tests/integration/net-world.bash"
# shellcheck source-path=SCRIPTDIR source=host.bash
. "$TOP/tests/host/host.bash"

boot() {
	trap 'host_end; world_end; networkd_forget' EXIT
	world_make
	trap 'host_end; world_end; networkd_forget' EXIT
	host_boot systemd-networkd.service dbus.service
	# What floe says and is asked in these tests, it says and is asked on that host.
	floe() { in_host floe "$@"; }
}

# networkd leaves its table, and the forwarding that it turned on.
networkd_forget() {
	nft delete table ip io.systemd.nat 2>/dev/null || true
	nft delete table ip6 io.systemd.nat 2>/dev/null || true
	sysctl -q -w net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 \
		net.ipv6.conf.default.forwarding=0 net.ipv4.conf.default.forwarding=0
}

# Processes of the booted host have other pids there.
place_of_machine() { # NAME
	local inner pid
	inner=$(machine_field "$1" .leader)
	for pid in /proc/[0-9]*; do
		[[ $(sed -n 's/^NSpid:[[:space:]]*[0-9]*[[:space:]]*\([0-9]*\).*/\1/p' "$pid/status" \
			2>/dev/null) == "$inner" ]] && PLACES[$1]=${pid#/proc/} && return
	done
	fail "machine $1 has no process"
}

# A client inside; networkd's server is the only one that may answer.
ask_for_address() { # MACHINE
	cat >script <<-'END'
		#!/bin/sh
		[ "$1" = bound ] || exit 0
		busybox ip address add "$ip/$mask" dev "$interface"
		busybox ip route add default via "${router%% *}"
		echo "$serverid" >>lease
	END
	chmod +x script
	at "$1" ip link set host0 up
	at "$1" busybox udhcpc -i host0 -n -q -t 20 -T 1 -s "$TEST_DIR/script" >/dev/null 2>&1
}

is_configured() { # LINK
	in_namespaces networkctl list --no-legend "$1" | grep -qw configured
}

host_address_of() { # LINK
	ip -j -4 address show dev "$1" | jq -r '[.[].addr_info[] | select(.scope == "global") | .local] |
		join(" ")'
}

# Of its pool, which here is 192.168.0.0/16; floe's would be of 10.0.0.0/8. Debian 12's takes two when
# the carrier comes later than the link, under nspawn, too.
assert_networkds() { # ADDRESSES
	assert_match '^192\.168\.[0-9]+\.[0-9]+( 192\.168\.[0-9]+\.[0-9]+)*$' "$1" "addresses of networkd's"
}

test_links_are_left_to_networkd() {
	local link
	boot
	machine_up "$NAME" -p 8080:80 -p udp:5300:53
	link=$(ip -o link show type veth | awk -F'[ :@]+' '$2 ~ /^ve-/ { print $2 }')
	assert_eq "" "$(address_of "$NAME" 4)$(host_address_of "$link")" "addresses that floe gave"
	ask_for_address "$NAME"
	wait_for 20 is_configured "$link"
	assert_networkds "$(host_address_of "$link")"
	assert_match "(^| )$(<lease)( |$)" "$(host_address_of "$link")" "who gave the lease"
	assert_match "(^| )$(gateway_of "$NAME" 4)( |$)" "$(host_address_of "$link")" "router"
	serve_at server tcp:80
	serve_at "$NAME" tcp:80 udp:53
	assert_answer "$NAME" tcp "$SERVER4" 80 "$HOST4"
	wait_for 5 asks client tcp "$HOST4" 8080
	assert_answer client tcp "$HOST4" 8080 "$CLIENT4"
	assert_answer client udp "$HOST4" 5300 "$CLIENT4"
	assert_answer host tcp 127.0.0.1 8080
	assert_answer host udp 127.0.0.1 5300
	assert_answer host tcp "$HOST4" 8080
	# Who masquerades is networkd.
	assert_no_match 'elements' "$(nft list set inet floe masqueraded)" "links that floe masquerades"
	assert_match "$(address_of "$NAME" 4)" "$(machine_field "$NAME" '.addresses | tostring')"
	machine_down "$NAME"
	wait_for 5 has_no_floe_table
	assert_eq 1 "$(</proc/sys/net/ipv4/ip_forward)" "networkd's forwarding"
}

asks() { # as ask, quietly, and true when answered
	at "$1" "${TRAFFIC[@]}" ask -w 1 "${@:2}"
}

has_no_floe_table() {
	! nft list table inet floe 2>/dev/null
}

# Ports follow the machine to another address, and come back with a first one.
test_ports_follow_the_address() {
	boot
	machine_up "$NAME" -p 8080:80
	serve_at "$NAME" tcp:80
	assert_no_answer client tcp "$HOST4" 8080
	ask_for_address "$NAME"
	wait_for 5 asks client tcp "$HOST4" 8080
	at "$NAME" ip address flush dev host0
	wait_for 5 is_silent
	ip address add 10.66.0.1/24 dev "$(ip -o link show type veth | awk -F'[ :@]+' '$2 ~ /^ve-/ { print $2 }')"
	at "$NAME" ip address add 10.66.0.2/24 dev host0
	at "$NAME" ip route add default via 10.66.0.1
	wait_for 5 asks client tcp "$HOST4" 8080
	ask client tcp "$HOST4" 8080
	assert_eq "$CLIENT4 10.66.0.2" "$ANSWER"
	# The address of another link is none of the machine's own, nor is one that leads nowhere.
	at "$NAME" ip address add 127.0.0.5/8 dev lo
	assert_answer client tcp "$HOST4" 8080 "$CLIENT4"
	machine_down "$NAME"
	wait_for 5 has_no_floe_table
}

is_silent() {
	! asks client tcp "$HOST4" 8080
}

test_a_zone_is_left_to_networkd() {
	boot
	machine_up "$NAME-1" --network-zone=test -p 8081:80
	machine_up "$NAME-2" --network-zone=test
	assert_eq "" "$(address_of "$NAME-1" 4)" "address that floe gave"
	# networkd takes another address for the bridge when the carrier comes.
	at "$NAME-1" ip link set host0 up
	at "$NAME-2" ip link set host0 up
	wait_for 20 is_configured vz-test
	ask_for_address "$NAME-1"
	ask_for_address "$NAME-2"
	assert_networkds "$(host_address_of vz-test)"
	assert_match "(^| )$(gateway_of "$NAME-2" 4)( |$)" "$(host_address_of vz-test)" "router"
	serve_at "$NAME-1" tcp:80
	assert_answer "$NAME-2" tcp "$(address_of "$NAME-1" 4)" 80
	wait_for 5 asks client tcp "$HOST4" 8081
	assert_answer client tcp "$HOST4" 8081 "$CLIENT4"
	assert_answer host tcp 127.0.0.1 8081
	machine_down "$NAME-1"
	machine_down "$NAME-2"
	wait_for 5 has_no_zone
	wait_for 5 has_no_floe_table
}

has_no_zone() {
	! ip link show vz-test 2>/dev/null
}

run_tests
