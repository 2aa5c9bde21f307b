#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A machine that does all it can with its end of the link: to what answers it on the host, to the
# host's own network, and to what others rely on.
# shellcheck disable=SC2034 # settings of the harness
TEST_TIMEOUT=120
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR/../integration source=machine.bash
. "$TOP/tests/integration/machine.bash"
# shellcheck source-path=SCRIPTDIR/../integration source=net-world.bash
. "$TOP/tests/integration/net-world.bash"

HOSTILE=("$PYTHON" "$TOP/tests/security/hostile-packets.py")
FRAMES=("$PYTHON" "$TOP/tests/integration/hostile-frames.py")
CORPUS=$TOP/tests/fuzz/corpus
BAD=$NAME-1 GOOD=$NAME-2

# A resolver on the host's loopback, so that floe has one to lead to.
make_resolver() {
	own_etc 'nameserver 127.0.0.53'
	serve_names_at host 127.0.0.53 www.example.net=203.0.113.80
}

# The same monitor as before still answers honest questions, and has not grown.
assert_sound() { # MACHINE MONITOR
	assert_eq "$2" "$(machine_field "$1" .monitor)" "the monitor of $1"
	assert_resolves 203.0.113.80 "$1" "$(name_server_of "$1")" www.example.net
}

# What a process has computed so far, in ms.
computed() { # PID
	awk '{ sub(/.*\) /, ""); print ($12 + $13) * 10 }' "/proc/$1/stat"
}

# Memory of its own, in KiB.
memory() { # PID
	awk '/^(Private_Dirty|Private_Clean|Swap):/ { sum += $2 } END { print sum }' \
		"/proc/$1/smaps_rollup"
}

test_malformed_names_are_survived() {
	local monitor before server
	world_make
	make_resolver
	named_machine "$BAD"
	monitor=$(machine_field "$BAD" .monitor)
	server=$(name_server_of "$BAD")
	assert_sound "$BAD" "$monitor"
	before=$(memory "$monitor")
	run_ok at "$BAD" "${HOSTILE[@]}" dns "$server" 20000
	run_ok at "$BAD" "${HOSTILE[@]}" streams "$server"
	wait_for 20 resolves "$BAD"
	assert_sound "$BAD" "$monitor"
	(($(memory "$monitor") < before + 1024)) ||
		fail "the monitor has grown from $before to $(memory "$monitor") KiB"
}

resolves() { # MACHINE
	at "$1" "${TRAFFIC[@]}" resolve "$(name_server_of "$1")" www.example.net
}

# One machine's flood takes nothing from another.
test_a_flood_of_names_is_the_flooders_own() {
	world_make
	make_resolver
	named_machine "$BAD"
	named_machine "$GOOD"
	at_background "$BAD" sh -c 'while :; do "$@"; done' - "${HOSTILE[@]}" dns \
		"$(name_server_of "$BAD")" 100000 >/dev/null
	assert_resolves 203.0.113.80 "$GOOD" "$(name_server_of "$GOOD")" www.example.net
	assert_resolves 203.0.113.80 "$GOOD" "$(name_server_of "$GOOD")" www.example.net
	kill "$STARTED"
}

test_floods_of_dhcp_and_solicitations_are_bounded() {
	local monitor cpu begin seconds
	world_make
	machine_up "$BAD" --dhcp=yes
	monitor=$(machine_field "$BAD" .monitor)
	at "$BAD" ip link set host0 up
	begin=${EPOCHREALTIME/./}
	cpu=$(computed "$monitor")
	at "$BAD" "${FRAMES[@]}" host0 50000 "$CORPUS"/dhcp/* "$CORPUS"/ra/* >sent
	assert_eq 50000 "$(<sent)"
	cpu=$(($(computed "$monitor") - cpu))
	seconds=$(((${EPOCHREALTIME/./} - begin) / 1000000 + 1))
	echo "the monitor computed for $cpu ms in $seconds s"
	((cpu <= 100 + seconds * 20)) || fail "the flood of $seconds s cost the host $cpu ms"
	assert_eq "$monitor" "$(machine_field "$BAD" .monitor)"
	printf '#!/bin/sh\n[ "$1" = bound ] && echo "$ip" >lease\nexit 0\n' >script
	chmod +x script
	at "$BAD" busybox udhcpc -i host0 -n -q -t 20 -T 1 -s "$TEST_DIR/script" 2>/dev/null
	assert_match '^10\.' "$(<lease)"
}

# On a host that would take a router's word even as a router, not that of its machines.
check_advertisements() { # OPTION...
	local link
	world_make
	sysctl -q -w net.ipv6.conf.default.accept_ra=2 net.ipv6.conf.default.accept_ra_rt_info_max_plen=64 \
		net.ipv6.conf.default.accept_ra_pinfo=1 net.ipv6.conf.default.autoconf=1
	machine_up "$BAD" "$@"
	machine_up "$GOOD" "$@"
	ip -6 route show table all | sort >routes
	ip -6 -o address show | sort >addresses
	sysctl -a 2>/dev/null | grep '^net.ipv6.conf.*\.mtu' >mtus
	at "$BAD" "${HOSTILE[@]}" advertise host0
	at "$BAD" "${HOSTILE[@]}" advertise host0
	sleep 0.5
	ip -6 route show table all | sort | diff routes - || fail "the host believes its machine"
	ip -6 -o address show | sort | diff addresses - || fail "the host has got an address"
	sysctl -a 2>/dev/null | grep '^net.ipv6.conf.*\.mtu' | diff mtus - || fail "the MTU has changed"
	sysctl -q -w net.ipv6.conf.default.accept_ra=1 net.ipv6.conf.default.accept_ra_rt_info_max_plen=0
}

test_the_host_takes_no_advertisements_of_machines() {
	check_advertisements -n
}

test_the_host_takes_no_advertisements_of_zones() {
	check_advertisements --network-zone=zone
}

# In a zone machines share a link: no member plays the router or the server for another.
test_members_of_a_zone_do_not_play_the_router() {
	world_make
	machine_up "$BAD" --network-zone=zone
	machine_up "$GOOD" --network-zone=zone --dhcp=yes
	at "$GOOD" ip link set host0 up
	at_background "$BAD" sh -c 'while :; do "$@"; sleep 0.05; done' - "${HOSTILE[@]}" offer host0 \
		"$(mac_of "$GOOD" host0)"
	at "$BAD" "${HOSTILE[@]}" advertise host0
	printf '#!/bin/sh\n[ "$1" = bound ] && echo "$ip $serverid" >lease\nexit 0\n' >script
	chmod +x script
	at "$GOOD" busybox udhcpc -i host0 -n -q -t 20 -T 1 -s "$TEST_DIR/script" 2>/dev/null
	assert_no_match '10\.6\.6' "$(<lease)" "the lease"
	assert_no_match 'db8:bad' "$(at "$GOOD" ip -6 address show)" "addresses of the other member"
	assert_no_match 'db8:bad|via fe80.*pref high' "$(at "$GOOD" ip -6 route show)"
	kill "$STARTED"
}

# Inside, root may do with the link what it likes. It is its own loss.
test_a_machine_that_takes_its_link_apart() {
	local way
	world_make
	machine_up "$GOOD" -p 8081:80
	serve_at "$GOOD" tcp:80
	network_snapshot before
	for way in 'ip link delete host0' 'ip link set host0 name lo0' 'ip address flush dev host0' \
		'ip link set host0 address 02:00:00:00:00:66' 'ip link set host0 netns 1' \
		'ip route flush table all' 'ip link add host9 type veth peer name host8'; do
		run_ok floe start "$BAD" -D "$ROOT" --read-only --boot=no --notify-ready=no -p 8080:80 \
			/bin/sleep 100000
		place_of_machine "$BAD"
		run floe shell "$BAD" sh -c "busybox $way"
		nsenter -t "${PLACES[$BAD]}" -n $way 2>/dev/null || true
		assert_answer client tcp "$HOST4" 8081 "$CLIENT4"
		run_ok floe terminate "$BAD"
		assert_answer host tcp 127.0.0.1 8081
	done
	assert_network_unchanged before
}

# Whoever asks from outside is not served: no open resolver, no leases on the uplink.
test_nothing_is_served_to_the_outside() {
	local gateway
	world_make
	make_resolver
	named_machine "$GOOD"
	gateway=$(gateway_of "$GOOD" 4)
	assert_sound "$GOOD" "$(machine_field "$GOOD" .monitor)"
	at router ip route add 10.0.0.0/8 via "$HOST4"
	at client ip route add 10.0.0.0/8 via 198.51.100.1
	for address in "$HOST4" "$HOST6" "$gateway"; do
		run at client "${TRAFFIC[@]}" resolve "$address" www.example.net
		assert_ne 0 "$STATUS" "status of asking $address for names from outside"
	done
	run at router busybox udhcpc -i to-host -n -q -t 2 -T 1 -s /bin/true
	assert_ne 0 "$STATUS" "status of asking for a lease from outside"
}

run_tests
