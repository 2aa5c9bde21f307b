#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Ports of the host that lead into machines: from outside, from the host and its localhost, from
# machines; whose they are; and what neither they nor anything else lets a machine reach.
# shellcheck disable=SC2034 # settings of the harness
TEST_TIMEOUT=120
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/net-world.bash"

ONE=$NAME-1 TWO=$NAME-2

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

# A flow that began before there was anybody to answer finds its way when there is.
test_a_flow_that_was_there_first() {
	world_make
	at_background client "$PYTHON" -c 'import socket, sys
flow = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
flow.bind(("", 5555))
flow.settimeout(0.2)
while True:
    flow.sendto(b"?", (sys.argv[1], 5300))
    try:
        print(flow.recv(100).decode(), flush=True)
    except OSError:
        print("-", flush=True)' "$HOST4" >answers
	wait_for 5 test -s answers
	machine_up "$ONE" -p udp:5300:53
	serve_at "$ONE" udp:53
	wait_for 5 grep -q "^$CLIENT4 " answers
	machine_down "$ONE"
}

test_many_ports() {
	world_make
	network_snapshot before
	machine_up "$ONE" -p 20000-21999:10000-11999
	serve_at "$ONE" tcp:10000 tcp:11999 tcp:11234
	assert_answer client tcp "$HOST4" 20000 "$CLIENT4"
	assert_answer host tcp 127.0.0.1 21999
	assert_answer client tcp "$HOST6" 21234 "$CLIENT6"
	machine_down "$ONE"
	assert_network_unchanged before
}

# The host goes to another network while the machine runs.
test_a_link_that_comes_later() {
	world_make
	machine_up "$ONE" -p 8080:80
	serve_at "$ONE" tcp:80
	place_make late
	world_link host later 192.0.3.2/24,2001:db8:9::2/64 late wan 192.0.3.9/24,2001:db8:9::9/64
	assert_ping "$ONE" 192.0.3.9
	assert_ping "$ONE" 2001:db8:9::9
	assert_answer late tcp 192.0.3.2 8080 192.0.3.9
	assert_answer late tcp 2001:db8:9::2 8080 2001:db8:9::9
	machine_down "$ONE"
	ip link delete later
}

test_a_host_without_ipv6() {
	world_make
	sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	machine_up "$ONE" -p 8080:80
	serve_at "$ONE" tcp:80
	assert_answer client tcp "$HOST4" 8080 "$CLIENT4"
	assert_answer host tcp 127.0.0.1 8080
	machine_up "$TWO" --network-zone=zone -p 8081:80
	assert_ping "$TWO" "$SERVER4"
	machine_down "$ONE"
	machine_down "$TWO"
	sysctl -q -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0
}

test_without_a_user_namespace() {
	world_make
	machine_up "$ONE" --private-users=no -p 8080:80
	serve_at "$ONE" tcp:80
	assert_answer client tcp "$HOST4" 8080 "$CLIENT4"
	assert_answer host tcp ::1 8080
	assert_ping "$ONE" "$SERVER6"
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

run_tests
