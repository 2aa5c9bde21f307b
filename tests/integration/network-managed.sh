#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A machine's network on a host where nobody else looks after it: addresses, ways out and in, names,
# and what a machine must not reach, with real traffic through a router to a client and a server.
# shellcheck disable=SC2034 # settings of the harness
TEST_TIMEOUT=120
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/net-world.bash"

ONE=$NAME-1 TWO=$NAME-2

# The machine's addresses and those of its router: V4 V6 GW4 GW6.
learn() { # MACHINE
	V4=$(address_of "$1" 4) V6=$(address_of "$1" 6)
	GW4=$(gateway_of "$1" 4) GW6=$(gateway_of "$1" 6)
}

# The host's end of a machine's link.
outside_of() { # MACHINE
	ip -j -d link show type veth | jq -r --arg name "$1" \
		'.[] | select(.ifname == "ve-" + $name or .altnames == ["ve-" + $name]) | .ifname'
}

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

# ---- Ports ---------------------------------------------------------------------------------------

ports_world() {
	world_make
	machine_up "$ONE" -p 8080:80 -p udp:5300:53 -p 9000-9002:80-82 -p 7070 \
		-p 127.0.0.1:8081:80 -p '[::1]:8082:80' -p "$HOST4:8083:80" -p "[$HOST6]:8084:80" \
		-p udp:127.0.0.1:5301:53
	serve_at "$ONE" tcp:80 tcp:81 tcp:82 udp:53
	machine_up "$TWO"
	learn "$ONE"
}

# Clients outside are seen as what they are.
test_ports_from_outside() {
	local address
	ports_world
	for address in "$HOST4,$CLIENT4" "$HOST6,$CLIENT6"; do
		assert_answer client tcp "${address%,*}" 8080 "${address#*,}"
		assert_answer client udp "${address%,*}" 5300 "${address#*,}"
		assert_answer client tcp "${address%,*}" 9000 "${address#*,}"
		assert_answer client tcp "${address%,*}" 9001 "${address#*,}"
		assert_answer client tcp "${address%,*}" 9002 "${address#*,}"
		assert_no_answer client tcp "${address%,*}" 9003
		assert_no_answer client tcp "${address%,*}" 80
		assert_no_answer client tcp "${address%,*}" 5300
		assert_no_answer client udp "${address%,*}" 8080
		# Nobody listens inside: the client hears so.
		assert_refusal client tcp "${address%,*}" 7070
	done
	assert_answer client tcp "$HOST4" 8083 "$CLIENT4"
	assert_answer client tcp "$HOST6" 8084 "$CLIENT6"
	assert_no_answer client tcp "$HOST6" 8083
	assert_no_answer client tcp "$HOST4" 8084
	# What is for localhost only.
	assert_no_answer client tcp "$HOST4" 8081
	assert_no_answer client tcp "$HOST6" 8082
	assert_no_answer client udp "$HOST4" 5301
	machine_down "$ONE"
	assert_refusal client tcp "$HOST4" 8080
	assert_refusal client tcp "$HOST6" 8080
}

test_ports_from_the_host_itself() {
	local address
	ports_world
	for address in 127.0.0.1 ::1 "$HOST4" "$HOST6" "$GW4" "$GW6" 127.5.5.5; do
		assert_answer host tcp "$address" 8080
		assert_answer host udp "$address" 5300
		assert_answer host tcp "$address" 9002
		assert_refusal host tcp "$address" 7070
		assert_refusal host tcp "$address" 9003
	done
	assert_answer host tcp localhost 8080
	assert_answer host tcp 127.0.0.1 8081
	assert_answer host udp 127.0.0.1 5301
	assert_answer host tcp ::1 8082
	assert_refusal host tcp ::1 8081
	assert_refusal host tcp 127.0.0.1 8082
	assert_refusal host tcp "$HOST4" 8081
	assert_answer host tcp "$HOST4" 8083
	assert_refusal host tcp 127.0.0.1 8083
	assert_refusal host tcp "$HOST6" 8083
	assert_answer host tcp "$HOST6" 8084
	# An address that is another's, in the same place: the port there is not ours.
	serve_at server tcp:8080
	assert_answer host tcp "$SERVER4" 8080 "$HOST4"
	assert_match " $SERVER4$" "$ANSWER" "who answers port 8080 of the server"
	assert_answer "$TWO" tcp "$SERVER4" 8080 "$HOST4"
	assert_match " $SERVER4$" "$ANSWER" "who answers port 8080 of the server"
	assert_answer "$ONE" tcp "$SERVER6" 8080 "$HOST6"
	assert_match " $SERVER6$" "$ANSWER" "who answers port 8080 of the server"
	machine_down "$ONE"
	assert_refusal host tcp 127.0.0.1 8080
	assert_refusal host tcp ::1 8080
}

test_ports_from_other_machines_and_itself() {
	local from address
	ports_world
	for from in "$ONE" "$TWO"; do
		for address in "$HOST4" "$HOST6" "$GW4" "$GW6" "$(gateway_of "$from" 4)" \
			"$(gateway_of "$from" 6)"; do
			assert_answer "$from" tcp "$address" 8080
			assert_match " ($V4|$V6)$" "$ANSWER" "who answers"
			assert_answer "$from" udp "$address" 5300
		done
		assert_no_answer "$from" tcp "$HOST4" 8081
		assert_no_answer "$from" tcp "$(gateway_of "$from" 4)" 8081
	done
	# Without a port between them they reach each other as hosts do.
	assert_answer "$TWO" tcp "$V4" 80 "$(address_of "$TWO" 4)"
	assert_answer "$TWO" tcp "$V6" 80 "$(address_of "$TWO" 6)"
	# Inside, localhost is the machine's own.
	assert_refusal "$ONE" tcp 127.0.0.1 8080
	assert_answer "$ONE" tcp 127.0.0.1 80
}

# The kernel here may lack SCTP: that the packets arrive is what rules can do.
test_sctp_ports() {
	world_make
	machine_up "$ONE" -p sctp:3868:3869
	learn "$ONE"
	at_background "$ONE" "${TRAFFIC[@]}" listen "$TEST_DIR/ready" 132 >heard
	wait_for 10 test -e ready
	send_frame router to-host "$(mac_of router to-host)" "$(mac_of host uplink)" \
		"$CLIENT4" "$HOST4" sctp 3868
	wait_for 5 grep -qx "$CLIENT4" heard
	send_frame router to-host "$(mac_of router to-host)" "$(mac_of host uplink)" \
		192.0.2.1 "$HOST4" sctp 3869
	sleep 0.3
	assert_eq "$CLIENT4" "$(<heard)"
	machine_down "$ONE"
}

# Strict reverse path filters are what distributions set.
test_ports_with_strict_reverse_paths() {
	world_make
	sysctl -q -w net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1
	machine_up "$ONE" -p 8080:80
	serve_at "$ONE" tcp:80
	assert_answer host tcp 127.0.0.1 8080
	assert_answer host tcp ::1 8080
	assert_answer client tcp "$HOST4" 8080 "$CLIENT4"
	assert_answer "$ONE" tcp "$HOST4" 8080
	machine_down "$ONE"
	sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
}

# Others' rules come and go while connections live.
test_connections_live_through_others_starts_and_stops() {
	local i pids=()
	world_make
	machine_up "$ONE" -p 5202-5203
	iperf_at "$ONE" 5202
	iperf_at "$ONE" 5203
	at_background client iperf3 -J -c "$HOST4" -p 5202 -t 3 >outside.json
	pids+=("$STARTED")
	at_background host iperf3 -J -c 127.0.0.1 -p 5203 -t 3 >local.json
	pids+=("$STARTED")
	for ((i = 0; i < 10; i++)); do
		machine_up "$TWO" -p $((6000 + i)):80
		machine_down "$TWO"
	done
	for i in 0 1; do
		wait "${pids[i]}" || fail "a transfer failed: $(jq -r .error {outside,local}.json)"
	done
	# Not one second without traffic.
	assert_eq true "$(jq -s 'all(.[].intervals[].sum.bytes; . > 0)' outside.json local.json)"
	machine_down "$ONE"
}

# ---- Conflicts -----------------------------------------------------------------------------------

refused_start() { # REGEX OPTION...
	MACHINES+=("$TWO") # lest it is left running when it is not refused
	assert_refused "$1" floe start "$TWO" -D "$ROOT" --read-only --boot=no --notify-ready=no \
		"${@:2}" /bin/sleep 1000
}

test_a_port_has_one_owner() {
	local option
	world_make
	machine_up "$ONE" -p 8080:80 -p udp:5300-5310:53-63 -p 127.0.0.1:8081:80
	network_snapshot before
	for option in 8080 8080:90 127.0.0.1:8080:80 "[::1]:8080:80" "$HOST4:8080:80" 8070-8090:80-100 \
		udp:5310 8081 127.0.0.1:8081; do
		refused_start "$ONE" -p "$option"
	done
	assert_network_unchanged before
	machine_up "$TWO" -p udp:8080:80 -p "$HOST4:8081:80" -p '[::1]:8081:80' -p tcp:5300
	machine_down "$TWO"
	machine_down "$ONE"
	machine_up "$TWO" -p 8080:80
	machine_down "$TWO"
}

# A process that listens is named. What only concerns other addresses is no conflict.
test_ports_of_processes_are_left_to_them() {
	world_make
	serve_at host tcp:7000 udp:7001 tcp:7002@127.0.0.1 tcp:7003@::1 "tcp:7004@$HOST4"
	network_snapshot before
	refused_start "7000.*python.*$STARTED|7000.*$STARTED.*python" -p 7000:80
	refused_start "7001.*($STARTED|python)" -p udp:7001:80
	refused_start "7002.*($STARTED|python)" -p 7002:80
	refused_start "7002.*($STARTED|python)" -p 127.0.0.1:7002:80
	refused_start "7003.*($STARTED|python)" -p 7003:80
	refused_start "7004.*($STARTED|python)" -p "$HOST4:7004:80"
	refused_start "7000.*($STARTED|python)" -p 6990-7010:80-100
	refused_start "7000.*($STARTED|python)" -p "$HOST4:7000:80"
	assert_network_unchanged before
	machine_up "$TWO" -p udp:7000:80 -p tcp:7001:80 -p "$HOST4:7002:80" -p 127.0.0.1:7003:80 \
		-p 127.0.0.1:7004:80
	assert_answer host tcp 127.0.0.1 7002
	assert_match ' 127.0.0.1$' "$ANSWER"
	machine_down "$TWO"
}

# ---- What a machine must not reach ---------------------------------------------------------------

# Services of the host that listen on its loopback: not over any address, nor by frames that no
# honest machine sends, from inside or from outside.
test_the_hosts_loopback_is_its_own() {
	local gateway mac target source
	world_make
	machine_up "$ONE" -p 8080:80 -p 127.0.0.1:8081:80 -p '[::1]:8082:80'
	machine_up "$TWO"
	serve_at "$ONE" tcp:80 udp:80
	serve_at host tcp:7000@127.0.0.1 udp:7000@127.0.0.1 tcp:7000@::1 udp:7000@::1
	assert_answer host udp 127.0.0.1 7000
	assert_answer host udp ::1 7000
	assert_eq 2 "$(served host)"
	assert_answer host tcp 127.0.0.1 8080
	learn "$ONE"
	for target in "$GW4" "$HOST4" "$GW6" "$HOST6"; do
		assert_no_answer "$ONE" tcp "$target" 7000
		assert_no_answer "$ONE" udp "$target" 7000
		assert_no_answer client tcp "$target" 7000
	done
	gateway=$(mac_of host "$(outside_of "$ONE")")
	mac=$(mac_of "$ONE" host0)
	for target in 127.0.0.1 127.1.2.3; do
		for source in "$V4" 127.0.0.1 127.9.9.9 "$GW4" "$HOST4"; do
			send_frame "$ONE" host0 "$mac" "$gateway" "$source" "$target" udp 7000
		done
	done
	for source in "$V6" ::1 "$GW6"; do
		send_frame "$ONE" host0 "$mac" "$gateway" "$source" ::1 udp 7000
	done
	for source in 127.0.0.1 127.9.9.9; do
		send_frame "$ONE" host0 "$mac" "$gateway" "$source" "$GW4" udp 7000
	done
	for source in "$CLIENT4" 127.0.0.1; do
		send_frame router to-host "$(mac_of router to-host)" "$(mac_of host uplink)" \
			"$source" 127.0.0.1 udp 7000
	done
	# With a route to it inside, real connections are tried as well.
	at "$ONE" ip route add 127.0.0.0/8 via "$GW4" dev host0 table 77
	at "$ONE" ip rule add to 127.0.0.0/8 lookup 77 pref 1
	at "$ONE" ip rule add lookup local pref 2
	at "$ONE" ip rule delete pref 0
	at "$ONE" sysctl -q -w net.ipv4.conf.all.route_localnet=1
	assert_no_answer "$ONE" tcp 127.0.0.1 7000
	assert_no_answer "$ONE" udp 127.0.0.1 7000
	assert_eq 2 "$(served host)" "number of datagrams on the host's loopback"
}

# Ports of the host's loopback are not to be reached by frames for 127.0.0.1 from elsewhere either.
test_ports_of_localhost_are_local() {
	local gateway
	world_make
	machine_up "$ONE" -p udp:127.0.0.1:8081:80 -p 'udp:[::1]:8082:80'
	serve_at "$ONE" udp:80
	assert_answer host udp 127.0.0.1 8081
	assert_answer host udp ::1 8082
	machine_up "$TWO"
	learn "$TWO"
	gateway=$(mac_of host "$(outside_of "$TWO")")
	send_frame "$TWO" host0 "$(mac_of "$TWO" host0)" "$gateway" "$V4" 127.0.0.1 udp 8081
	send_frame "$TWO" host0 "$(mac_of "$TWO" host0)" "$gateway" "$V6" ::1 udp 8082
	send_frame router to-host "$(mac_of router to-host)" "$(mac_of host uplink)" \
		"$CLIENT4" 127.0.0.1 udp 8081
	send_frame router to-host "$(mac_of router to-host)" "$(mac_of host uplink)" \
		"$CLIENT6" ::1 udp 8082
	sleep 0.3
	assert_eq 2 "$(served "$ONE")" "number of datagrams at the machine"
}

# The honest frame shows that the others would arrive.
test_isolated_machines_speak_for_themselves_only() {
	local gateway mac two
	world_make
	serve_at server udp:9
	machine_up "$ONE" --isolate -p 8080:80
	machine_up "$TWO"
	two=$(address_of "$TWO" 4)
	learn "$ONE"
	serve_at "$ONE" tcp:80 udp:9
	serve_at "$TWO" tcp:80 udp:9
	gateway=$(mac_of host "$(outside_of "$ONE")")
	mac=$(mac_of "$ONE" host0)
	sniff_at router to-host
	send_frame "$ONE" host0 "$mac" "$gateway" "$V4" "$SERVER4" udp 9
	wait_for 5 grep -q "^udp 9 $HOST4 " served-server
	send_frame "$ONE" host0 "$mac" "$gateway" "$V6" "$SERVER6" udp 9
	wait_for 5 grep -q "^udp 9 $HOST6 " served-server
	sniffed=$(wc -l <sniffed-router-to-host)
	send_frame "$ONE" host0 02:00:00:00:00:99 "$gateway" "$V4" "$SERVER4" udp 9
	send_frame "$ONE" host0 02:00:00:00:00:99 "$gateway" "$V6" "$SERVER6" udp 9
	for source in "$two" "$HOST4" "$CLIENT4" "${V4%.*}.$((${V4##*.} + 1))" "$GW4" 10.255.255.1; do
		send_frame "$ONE" host0 "$mac" "$gateway" "$source" "$SERVER4" udp 9
	done
	# Within its own /64 a machine makes itself as many addresses as it likes.
	for source in "$(address_of "$TWO" 6)" "$HOST6" "$CLIENT6" fd00::1 "$GW6"; do
		send_frame "$ONE" host0 "$mac" "$gateway" "$source" "$SERVER6" udp 9
	done
	# Nothing between machines, whoever begins, by their own addresses or by names of others.
	assert_no_answer "$ONE" tcp "$two" 80
	assert_no_answer "$TWO" tcp "$V4" 80
	assert_no_answer "$TWO" tcp "$V6" 80
	assert_no_answer "$ONE" udp "$(address_of "$TWO" 6)" 9
	assert_no_ping "$ONE" "$two"
	assert_no_ping "$TWO" "$V4"
	assert_eq 2 "$(served server)" "number of datagrams at the server"
	assert_eq 0 "$(served "$TWO")" "number of asks at the other machine"
	assert_eq 0 "$(served "$ONE")" "number of asks at the isolated machine"
	assert_no_match "02:00:00:00:00:99|$two|10\.255\.255\.1" "$(<sniffed-router-to-host)"
	# Everything else works.
	assert_answer "$ONE" udp "$SERVER4" 9 "$HOST4"
	assert_answer "$ONE" udp "$SERVER6" 9 "$HOST6"
	assert_answer client tcp "$HOST4" 8080 "$CLIENT4"
	assert_answer host tcp 127.0.0.1 8080
	assert_answer host tcp ::1 8080
	assert_ping host "$V4"
	assert_ping "$ONE" "$GW6"
}

# ---- Zones and names -----------------------------------------------------------------------------

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

own_resolv_conf() { # LINE
	cp -a /etc etc
	mount --bind etc /etc
	rm -f /etc/resolv.conf
	echo "$1" >/etc/resolv.conf
	trap 'world_end; umount -l /etc' EXIT
}

# The tree's own resolv.conf is replaced: a tree for this test, and a copy of it for each machine.
named_machine() { # NAME OPTION...
	MACHINES+=("$1")
	run_ok floe start "$1" -D "$ROOT" --ephemeral --boot=no --notify-ready=no "${@:2}" \
		/bin/sleep 100000
	place_of_machine "$1"
}

# The first name server that a machine is told of.
name_server_of() { # MACHINE
	awk '$1 == "nameserver" { print $2; exit }' "/proc/${PLACES[$1]}/root/etc/resolv.conf"
}

test_names_between_machines_of_a_zone() {
	local server
	world_make
	own_resolv_conf "nameserver $SERVER4"
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
	own_resolv_conf "nameserver $1"
	serve_names_at host "$1" www.example.net=203.0.113.80 six.example.net=2001:db8:3::80
	named_machine "$ONE"
	assert_no_match '^nameserver (127\.|::1)' "$(cat "/proc/${PLACES[$ONE]}/root/etc/resolv.conf")"
	assert_resolves 203.0.113.80 "$ONE" "$(name_server_of "$ONE")" www.example.net
	assert_resolves 2001:db8:3::80 "$ONE" "$(name_server_of "$ONE")" six.example.net AAAA
	resolve "$ONE" "$(name_server_of "$ONE")" no.example.net
	assert_eq 1 "$STATUS" "status of a name that nobody knows"
	machine_down "$ONE"
	umount -l /etc
	trap world_end EXIT
}

test_names_where_the_hosts_resolver_is_on_its_loopback() {
	local address
	world_make
	for address in 127.0.0.53 127.0.0.1 ::1; do
		check_loopback_resolver "$address"
		kill "$STARTED"
		wait "$STARTED" 2>/dev/null || true
		rm -rf etc
	done
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

# ---- Beside others -------------------------------------------------------------------------------

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
	world_make
	trap 'firewalls_end; world_end' EXIT
	firewall_nftables
	own_resolv_conf 'nameserver 127.0.0.53'
	trap 'firewalls_end; world_end; umount -l /etc' EXIT
	serve_names_at host 127.0.0.53 www.example.net=203.0.113.80
	named_machine "$ONE"
	assert_resolves 203.0.113.80 "$ONE" "$(name_server_of "$ONE")" www.example.net
	machine_down "$ONE"
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
