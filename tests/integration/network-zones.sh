#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Machines that are together in a zone, and names: of each other, and of the world where the host's
# resolver is nobody else's.
# shellcheck disable=SC2034 # settings of the harness
TEST_TIMEOUT=120
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/net-world.bash"

ONE=$NAME-1 TWO=$NAME-2

zone_world() {
	world_make
	machine_up "$ONE" --network-zone=test -p 8080:80
	machine_up "$TWO" --network-zone=test -p 8081:80
	serve_at "$ONE" tcp:80
	serve_at "$TWO" tcp:80
	learn "$ONE"
}

test_machines_of_a_zone_are_together() {
	local address family
	zone_world
	assert_match "inet $GW4/24 .*vz-test" "$(ip -4 -o address show dev vz-test)"
	assert_eq "$GW4" "$(gateway_of "$TWO" 4)"
	assert_eq "${V4%.*}" "$(address_of "$TWO" 4 | sed 's/\.[0-9]*$//')" "network"
	assert_ne "$V4" "$(address_of "$TWO" 4)"
	assert_answer "$TWO" tcp "$V4" 80 "$(address_of "$TWO" 4)"
	assert_answer "$TWO" tcp "$V6" 80 "$(address_of "$TWO" 6)"
	assert_ping "$TWO" "$SERVER4"
	assert_ping "$TWO" "$SERVER6"
	for address in "$HOST4" "$HOST6" "$GW4" "$GW6"; do
		assert_answer "$ONE" tcp "$address" 8080
		assert_answer "$ONE" tcp "$address" 8081
		family=4
		[[ $address != *:* ]] || family=6
		assert_match " $(address_of "$TWO" $family)$" "$ANSWER" "who answers"
		assert_answer "$TWO" tcp "$address" 8080
	done
	assert_answer client tcp "$HOST4" 8080 "$CLIENT4"
	assert_answer client tcp "$HOST6" 8081 "$CLIENT6"
	assert_answer host tcp 127.0.0.1 8081
	# Where bridged packets are filtered, what goes back to ::1 is taken for bridged
	# (br_nf_pre_routing_finish_ipv6()).
	sysctl -q -w net.bridge.bridge-nf-call-ip6tables=0
	assert_answer host tcp ::1 8081
	machine_down "$ONE"
	assert_refusal client tcp "$HOST4" 8080
	assert_answer client tcp "$HOST4" 8081 "$CLIENT4"
}

test_names_between_machines_of_a_zone() {
	local server
	world_make
	own_etc "nameserver $SERVER4"
	serve_names_at server "$SERVER4" www.example.net=203.0.113.80 six.example.net=2001:db8:3::80
	named_machine "$ONE" --network-zone=test
	named_machine "$TWO" --network-zone=test
	named_machine "$NAME-3" --network-zone=other
	learn "$TWO"
	server=$(name_server_of "$ONE")
	assert_resolves "$V4" "$ONE" "$server" "$TWO"
	assert_resolves "$V4" "$ONE" "$server" "$TWO.floe"
	assert_resolves "$V6" "$ONE" "$server" "$TWO.floe" AAAA
	assert_resolves 203.0.113.80 "$ONE" "$server" www.example.net
	assert_resolves 2001:db8:3::80 "$ONE" "$server" six.example.net AAAA
	resolve "$ONE" "$server" no.example.net
	assert_eq 1 "$STATUS" "status of a name that nobody knows"
	# Names of machines are nobody else's business, least of all servers' outside.
	resolve "$ONE" "$server" "$NAME-3.floe"
	assert_eq 1 "$STATUS" "status of the name of a machine elsewhere"
	assert_no_match "$NAME" "$(<names-server)" "what a server outside was asked"
	machine_down "$TWO"
	resolve "$ONE" "$server" "$TWO.floe"
	assert_eq 1 "$STATUS" "status of the name of a machine that is gone"
	run at client "${TRAFFIC[@]}" resolve "$HOST4" "$ONE.floe"
	assert_ne 0 "$STATUS" "status of asking from outside"
}

# The host's resolver listens on its loopback only, as systemd-resolved, dnsmasq and unbound do.
check_loopback_resolver() { # ADDRESS
	echo "nameserver $1" >/etc/resolv.conf
	serve_names_at host "$1" www.example.net=203.0.113.80 six.example.net=2001:db8:3::80
	named_machine "$ONE"
	assert_no_match '^nameserver (127\.|::1)' "$(cat "/proc/${PLACES[$ONE]}/root/etc/resolv.conf")"
	assert_resolves 203.0.113.80 "$ONE" "$(name_server_of "$ONE")" www.example.net
	assert_resolves 2001:db8:3::80 "$ONE" "$(name_server_of "$ONE")" six.example.net AAAA
	resolve "$ONE" "$(name_server_of "$ONE")" no.example.net
	assert_eq 1 "$STATUS" "status of a name that nobody knows"
	machine_down "$ONE"
}

test_names_where_the_hosts_resolver_is_on_its_loopback() {
	local address
	world_make
	own_etc ''
	for address in 127.0.0.53 127.0.0.1 ::1; do
		check_loopback_resolver "$address"
		kill "$STARTED"
		wait "$STARTED" 2>/dev/null || true
	done
}

# Who asks the host's end of its link asks the relay, whoever has port 53 of the host's addresses.
test_names_beside_a_published_port_53() {
	world_make
	own_resolv_conf "nameserver $SERVER4"
	serve_names_at server "$SERVER4" www.example.net=203.0.113.80
	named_machine "$ONE" --network-zone=test
	named_machine "$TWO" -p udp:53:53
	serve_names_at "$TWO" :: www.example.net=203.0.113.81
	learn "$ONE"
	assert_resolves 203.0.113.80 "$ONE" "$GW4" www.example.net
	assert_resolves 203.0.113.80 "$ONE" "$GW6" www.example.net
	assert_resolves 203.0.113.81 "$ONE" "$HOST4" www.example.net
	assert_resolves 203.0.113.81 client "$HOST6" www.example.net
}

run_tests
