#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Beside the rules of others: theirs stay as they are, ours work as far as theirs let them, and where
# they do not floe says so.
# shellcheck disable=SC2034 # settings of the harness
TEST_TIMEOUT=120
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/net-world.bash"

ONE=$NAME-1 TWO=$NAME-2

# What others have said stays as it is, byte for byte, while machines run and afterwards.
without_floe() { # FILE
	{
		nft -s list ruleset | awk '/^table inet floe \{/ { skip = 1 } !skip { print } /^}/ { skip = 0 }'
		iptables-legacy-save | sed '/^#/d; s/ \[[0-9]*:[0-9]*\]$//'
		ip6tables-legacy-save | sed '/^#/d; s/ \[[0-9]*:[0-9]*\]$//'
	} >"$1"
}

# Where rules of others drop what is forwarded no rule of ours can save it: then floe says whose they
# are. What does not pass their chain works all the same.
beside() { # yes|no FIREWALL...
	local forwards=$1
	shift
	world_make
	trap 'firewalls_end; world_end' EXIT
	"$@" 2>/dev/null
	network_snapshot before
	without_floe others
	serve_at server tcp:80 udp:9
	machine_up "$ONE" -p 8080:80 --dns="$SERVER4"
	[[ $forwards == yes ]] || assert_match '(chain|table).*[Ff][Oo][Rr][Ww][Aa][Rr][Dd]' "$ERRORS"
	serve_at "$ONE" tcp:80
	without_floe others.now
	diff others others.now || fail "the rules of others have changed"
	assert_answer host tcp 127.0.0.1 8080
	assert_answer host tcp ::1 8080
	assert_answer host tcp "$HOST4" 8080
	assert_ping host "$(address_of "$ONE" 4)"
	[[ $forwards == no ]] || check_forwarding
	machine_up "$TWO" --network-zone=zone -p 8081:80
	machine_up "$NAME-3" --network-zone=zone
	serve_at "$TWO" tcp:80
	assert_answer host tcp 127.0.0.1 8081
	[[ $forwards == no ]] || check_zone_forwarding
	without_floe others.now
	diff others others.now || fail "the rules of others have changed"
	machine_down "$ONE"
	machine_down "$TWO"
	machine_down "$NAME-3"
	assert_network_unchanged before
}

check_forwarding() {
	assert_answer "$ONE" tcp "$SERVER4" 80 "$HOST4"
	assert_answer "$ONE" tcp "$SERVER6" 80 "$HOST6"
	assert_answer "$ONE" udp "$SERVER4" 9 "$HOST4"
	assert_answer client tcp "$HOST4" 8080 "$CLIENT4"
	assert_answer client tcp "$HOST6" 8080 "$CLIENT6"
	assert_answer "$ONE" tcp "$HOST4" 8080
}

check_zone_forwarding() {
	assert_answer "$NAME-3" tcp "$(address_of "$TWO" 4)" 80 "$(address_of "$NAME-3" 4)"
	assert_answer "$NAME-3" tcp "$HOST4" 8081
	assert_answer client tcp "$HOST4" 8081 "$CLIENT4"
}

test_beside_docker_with_iptables_nft() {
	beside no firewall_docker iptables-nft
}

test_beside_docker_with_iptables_legacy() {
	beside no firewall_docker iptables-legacy
}

test_beside_firewalld() {
	beside no firewall_firewalld
}

test_beside_rules_of_ones_own() {
	beside yes firewall_nftables
}

# Names and leases still come from the host, whatever its input chain drops.
test_names_and_leases_behind_a_closed_input() {
	local machine
	world_make
	trap 'firewalls_end; world_end' EXIT
	firewall_nftables
	own_etc 'nameserver 127.0.0.53'
	serve_names_at host 127.0.0.53 www.example.net=203.0.113.80
	named_machine "$ONE"
	named_machine "$TWO" --network-zone=test
	named_machine "$NAME-3" --network-zone=test
	assert_resolves 203.0.113.80 "$ONE" "$(name_server_of "$ONE")" www.example.net
	for machine in "$ONE" "$TWO" "$NAME-3"; do
		assert_resolves 203.0.113.80 "$machine" "$(gateway_of "$machine" 4)" www.example.net
		assert_resolves 203.0.113.80 "$machine" "$(gateway_of "$machine" 6)" www.example.net
	done
	machine_down "$ONE"
}

run_tests
