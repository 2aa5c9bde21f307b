#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A machine's network on a host where nobody else looks after it: addresses, ways out, leases and
# forwarding, with real traffic through a router to a client and a server.
# shellcheck disable=SC2034 # settings of the harness
TEST_TIMEOUT=120
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/net-world.bash"

ONE=$NAME-1 TWO=$NAME-2

# ---- Addresses -----------------------------------------------------------------------------------

test_addresses_are_derived_and_kept() {
	local first list
	world_make
	machine_up "$ONE"
	learn "$ONE"
	assert_match '^10\.[0-9]+\.[0-9]+\.[0-9]+$' "$V4"
	assert_eq 2 $((${V4##*.} % 16)) "the machine's place in its network of 16"
	assert_match '^fd[0-9a-f:]+::2$' "$V6"
	assert_eq "${V4%.*}.$((${V4##*.} - 1)) ${V6%2}1" "$GW4 $GW6"
	assert_match "inet $GW4/28 " "$(ip -4 -o address show)"
	assert_match "inet6 ${GW6}/64 " "$(ip -6 -o address show)"
	list=$(machine_field "$ONE" '.addresses | tostring')
	assert_match "$V4" "$list" "addresses in the list"
	assert_match "$V6" "$list" "addresses in the list"
	first=$V4,$V6
	machine_up "$TWO"
	machine_down "$ONE"
	machine_up "$ONE"
	learn "$ONE"
	assert_eq "$first" "$V4,$V6" "addresses after a restart"
	learn "$TWO"
	assert_ne "$first" "$V4,$V6" "addresses of another machine"
	machine_down "$ONE"
	machine_down "$TWO"
	wait_for 5 has_only_its_own_addresses
}

has_only_its_own_addresses() {
	! ip -o address show | grep -v -e ' lo ' -e ' uplink '
}

# Networks that the host knows a way to are not taken; those of machines are no obstacle to it.
test_networks_of_the_host_are_avoided() {
	local old4 old6
	world_make
	machine_up "$ONE"
	learn "$ONE"
	old4=${V4%.*}.$((${V4##*.} - 2))/28 old6=${V6%2}/64
	machine_down "$ONE"
	ip route add "$old4" via 192.0.2.1
	ip -6 route add "$old6" via 2001:db8:1::1
	machine_up "$ONE"
	learn "$ONE"
	assert_ne "$old4" "${V4%.*}.$((${V4##*.} - 2))/28" "network"
	assert_ne "$old6" "${V6%2}/64" "network"
	assert_ping "$ONE" "$SERVER4"
	assert_ping "$ONE" "$SERVER6"
	machine_down "$ONE"
	ip route delete "$old4"
	ip -6 route delete "$old6"
	# What it had to take instead of what its name says is kept as well.
	old4=$V4
	machine_up "$ONE"
	learn "$ONE"
	assert_eq "$old4" "$V4" "address after the obstacle is gone"
	machine_down "$ONE"
	assert_exists "/var/lib/floe/addresses/$ONE"
	rm -r /var/lib/floe/addresses
	# A wide one, of a host that is itself somewhere in 10.0.0.0/8, leaves the rest.
	ip address add 10.0.0.5/9 dev uplink
	ip route add 10.128.0.0/10 via 192.0.2.1
	machine_up "$ONE"
	learn "$ONE"
	assert_match '^10\.(19[2-9]|2[0-9][0-9])\.' "$V4"
	assert_ping "$ONE" "$SERVER4"
	machine_down "$ONE"
}

test_a_given_address_that_the_host_uses_is_refused() {
	world_make
	network_snapshot before
	assert_refused '192\.0\.2\.' floe start "$ONE" -D "$ROOT" --boot=no --address=192.0.2.9/24,192.0.2.2 true
	assert_network_unchanged before
	machine_up "$ONE" --address=10.77.0.2/24,10.77.0.1
	assert_refused '10\.77\.0\.' floe start "$TWO" -D "$ROOT" --read-only --boot=no \
		--address=10.77.0.2/24,10.77.0.3 true
	machine_down "$ONE"
}

# ---- Out -----------------------------------------------------------------------------------------

test_the_outside_is_reached_by_the_hosts_address() {
	world_make
	serve_at server tcp:80 udp:53
	machine_up "$ONE"
	assert_answer "$ONE" tcp "$SERVER4" 80 "$HOST4"
	assert_answer "$ONE" udp "$SERVER4" 53 "$HOST4"
	assert_answer "$ONE" tcp "$SERVER6" 80 "$HOST6"
	assert_answer "$ONE" udp "$SERVER6" 53 "$HOST6"
	assert_ping "$ONE" "$SERVER4"
	assert_ping "$ONE" "$SERVER6"
	assert_refusal "$ONE" tcp "$SERVER4" 81
	assert_refusal "$ONE" tcp "$SERVER6" 81
	machine_down "$ONE"
}

test_without_masquerade_machines_are_seen_as_they_are() {
	world_make
	serve_at server tcp:80
	machine_up "$ONE" --masquerade=no
	learn "$ONE"
	at router ip route add "$V4/32" via "$HOST4"
	at router ip -6 route add "$V6/128" via "$HOST6"
	assert_answer "$ONE" tcp "$SERVER4" 80 "$V4"
	assert_answer "$ONE" tcp "$SERVER6" 80 "$V6"
	machine_down "$ONE"
}

# The host's own link is shorter than those at both ends: they have to be told, through the rules.
test_big_transfers_over_a_short_link() {
	local address
	world_make
	ip link set uplink mtu 1300
	at router ip link set to-host mtu 1300
	iperf_at server 5201
	machine_up "$ONE" -p 5202
	iperf_at "$ONE" 5202
	for address in "$SERVER4" "$SERVER6"; do
		iperf "$ONE" "$address" 5201
		iperf "$ONE" "$address" 5201 -R
	done
	for address in "$HOST4" "$HOST6"; do
		iperf server "$address" 5202
		iperf server "$address" 5202 -R
	done
	for address in 127.0.0.1 ::1; do
		iperf host "$address" 5202
		iperf host "$address" 5202 -R
	done
	iperf "$ONE" "$SERVER4" 5201 -P 8
	machine_down "$ONE"
}

# 20 MB; iperf3 does not wait for the last of them to arrive.
iperf() { # PLACE ADDRESS PORT [OPTION...]
	run at "$1" iperf3 -J -c "$2" -p "$3" -n 20M "${@:4}"
	((STATUS == 0)) || fail "iperf3 from $1 to $2: $ERRORS $(jq -r .error <<<"$OUTPUT")"
	(($(jq .end.sum_received.bytes <<<"$OUTPUT") > 8000000)) || fail "$OUTPUT"
}

test_a_shorter_link_of_the_machine_passes_on_too() {
	world_make
	serve_at server tcp:80
	machine_up "$ONE" --mtu=1280 -p 5202
	iperf_at "$ONE" 5202
	iperf client "$HOST4" 5202
	iperf client "$HOST6" 5202
	machine_down "$ONE"
}

# ---- DHCP and router advertisements --------------------------------------------------------------

test_addresses_by_asking() {
	world_make
	machine_up "$ONE" --dhcp=yes
	assert_eq "" "$(address_of "$ONE" 4)" "address before it is asked for"
	at "$ONE" ip link set host0 up
	cat >script <<-'END'
		#!/bin/sh
		[ "$1" = bound ] || exit 0
		busybox ip address add "$ip/$mask" dev "$interface"
		busybox ip route add default via "${router%% *}"
		echo "$ip $mask $router $dns" >lease
	END
	chmod +x script
	at "$ONE" busybox udhcpc -i host0 -n -q -t 10 -T 1 -s "$TEST_DIR/script" 2>/dev/null
	learn "$ONE"
	assert_match '^10\.' "$V4"
	assert_ping "$ONE" "$SERVER4"
	wait_for 15 has_global_address "$ONE"
	wait_for 10 pings "$ONE" "$SERVER6"
	assert_match "$V4" "$(machine_field "$ONE" '.addresses | tostring')"
	machine_down "$ONE"
	machine_up "$ONE" --dhcp=no
	learn "$ONE"
	assert_match '^10\.' "$V4"
	run at "$ONE" busybox udhcpc -i host0 -n -q -t 2 -T 1 -s "$TEST_DIR/script"
	assert_ne 0 "$STATUS" "status of a client that nobody answers"
	machine_down "$ONE"
}

has_global_address() { # MACHINE
	at "$1" ip -6 -o address show dev host0 scope global | grep -v tentative | grep -q inet6
}

# ---- Forwarding ----------------------------------------------------------------------------------

test_forwarding_is_put_back() {
	world_make
	network_snapshot before
	machine_up "$ONE"
	machine_up "$TWO"
	machine_down "$ONE"
	assert_ping "$TWO" "$SERVER4"
	assert_ping "$TWO" "$SERVER6"
	machine_down "$TWO"
	assert_network_unchanged before
	# Somebody else's forwarding stays.
	sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	network_snapshot before
	machine_up "$ONE" -p 8080:80
	assert_ping "$ONE" "$SERVER4"
	machine_down "$ONE"
	assert_network_unchanged before
}

# Somebody turns it on while a machine runs: it is his from then on.
test_forwarding_that_others_turn_on_meanwhile() {
	local sysctls=(net.ipv4.ip_forward net.ipv4.conf.{uplink,default}.forwarding
		net.ipv6.conf.{all,uplink,default}.forwarding)
	world_make
	machine_up "$ONE"
	sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	machine_down "$ONE"
	wait_for 5 has_only_its_own_addresses
	assert_eq "1 1 1 1 1 1" "$(sysctl -n "${sysctls[@]}" | xargs)" "${sysctls[*]}"
}

# A host that got its own way out by a router's advertisement keeps it.
test_the_hosts_own_advertised_route_stays() {
	world_make
	ip -6 route delete default
	sysctl -q -w net.ipv6.conf.uplink.accept_ra=1
	advertise
	wait_for 10 has_default6
	machine_up "$ONE"
	advertise
	has_default6 || fail "the host has lost its route"
	assert_ping "$ONE" "$SERVER6"
	machine_down "$ONE"
	has_default6 || fail "the host has lost its route"
}

has_default6() {
	[[ $(ip -6 route show default) ]]
}

advertise() {
	at router "$PYTHON" -c 'import socket, struct
raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58)
raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
index = socket.if_nametoindex("to-host")
raw.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0), ("ff02::1", 0, 0, index))'
	sleep 0.2
}

run_tests
