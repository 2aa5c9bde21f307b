#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Machines with links, zones and ports, started, stopped and killed over and over and many at once,
# beside the rules of others: afterwards all of the host's network is what it was, byte for byte.
# shellcheck disable=SC2034 # settings of the harness
TEST_TIMEOUT=180 TEST_TASKS=2048 TEST_GRACE=5
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/net-world.bash"

# The harness shows what a test prints only when it fails; the times are for everybody.
exec 3>&1

say() {
	echo "        $*" >&3
}

milliseconds() {
	echo $((${EPOCHREALTIME/./} / 1000))
}

# A host with a way out, rules of others and forwarding that somebody else has turned on.
busy_host() {
	world_make
	trap 'firewalls_end; world_end' EXIT
	firewall_docker iptables-legacy
	iptables-legacy -P FORWARD ACCEPT
	nft -f - <<-'END'
		table inet floe-not-ours {
			map m { type inet_service : verdict; elements = { 8000 : accept }; }
		}
		table ip floe {
			chain c {
				type filter hook forward priority 5; policy accept;
				counter
			}
		}
	END
	network_snapshot before
}

# Starts machine NUMBER in one of five ways. All have ports of their own.
start_one() { # NUMBER
	local number=$1 options=()
	case $((number % 5)) in
	0) options=(-p $((20000 + number)):80) ;;
	1) options=(--network-zone=one -p $((20000 + number)):80 -p udp:$((20000 + number)):53) ;;
	2) options=(-p 127.0.0.1:$((20000 + number)):80 --isolate) ;;
	3) options=(--network-zone=two -p $((20000 + number))-$((20000 + number)):80-80) ;;
	4) options=(-n --network-veth-extra="ex$number" --address="10.9.$((number % 250)).2/24") ;;
	esac
	floe start "$NAME-$number" -D "$ROOT" --read-only --boot=no --notify-ready=no \
		"${options[@]}" /bin/sleep 100000
}

test_200_cycles_leave_nothing() {
	local i begin
	busy_host
	begin=$(milliseconds)
	for ((i = 0; i < 200; i++)); do
		start_one $i || fail "start $i failed"
		# Sometimes others are there as well, also of the same zone.
		if ((i % 4 != 3)); then
			continue
		fi
		floe terminate "$NAME"-{$((i - 3)),$((i - 2)),$((i - 1)),$i} || fail "end $i failed"
	done
	say "200 cycles in $(($(milliseconds) - begin)) ms"
	assert_network_unchanged before
}

test_50_killed_monitors_leave_nothing() {
	local i begin
	busy_host
	begin=$(milliseconds)
	for ((i = 0; i < 50; i++)); do
		start_one $i || fail "start $i failed"
		kill_monitor "$NAME-$i"
		case $((i % 3)) in
		0) floe gc || fail "gc $i failed" ;;
		1)
			# The next start of that name, which needs the same ports and addresses.
			start_one $i || fail "start after the kill of $i failed"
			floe terminate "$NAME-$i" || fail "end $i failed"
			;;
		2) ;; # left for later
		esac
	done
	floe gc
	say "50 killed monitors in $(($(milliseconds) - begin)) ms"
	assert_network_unchanged before
}

# At any moment of a start, not only when all is done.
test_starts_killed_at_any_moment_leave_nothing() {
	local i pid moments=''
	busy_host
	for ((i = 0; i < 40; i++)); do
		moment=$((RANDOM % 25000))
		moments+=" $moment"
		floe run -P -D "$ROOT" -M "$NAME-k" --network-zone=kill -p $((21000 + i % 2)):80 \
			--network-veth-extra=exk /bin/sleep 100 >/dev/null 2>&1 </dev/null &
		pid=$!
		sleep "0.$(printf %06d $moment)"
		kill -"$( ((i % 3)) && echo KILL || echo TERM)" "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		((i % 2)) || floe gc
	done
	floe gc
	echo "microseconds after the start:$moments"
	assert_network_unchanged before
}

# What a dead monitor published does not answer once it was cleaned up, and another may have it.
test_ports_of_the_dead_are_free() {
	busy_host
	machine_up "$NAME-1" -p 8080:80
	kill_monitor "$NAME-1"
	wait_for 5 has_no_leader "${PLACES[$NAME-1]}"
	machine_up "$NAME-2" -p 8080:80
	serve_at "$NAME-2" tcp:80
	assert_answer host tcp 127.0.0.1 8080
	machine_down "$NAME-2"
	floe gc
	assert_network_unchanged before
}

# One member of a zone is killed: the others go on, and the last takes the bridge along.
test_a_dead_member_of_a_living_zone() {
	busy_host
	machine_up "$NAME-1" --network-zone=zone -p 8080:80
	machine_up "$NAME-2" --network-zone=zone -p 8081:80
	serve_at "$NAME-2" tcp:80
	kill_monitor "$NAME-1"
	floe gc
	assert_answer client tcp "$HOST4" 8081 "$CLIENT4"
	assert_refusal client tcp "$HOST4" 8080
	machine_down "$NAME-2"
	assert_network_unchanged before
}

has_no_leader() { # PID
	[[ ! -e /proc/$1/ns/net ]]
}

# 100 with ports, each of which leads to its own machine, from the host and from outside. A greeting
# is the machine's name.
test_100_machines_at_once() {
	local i begin where expected=() names=()
	busy_host
	begin=$(milliseconds)
	for ((i = 0; i < 100; i++)); do
		MACHINES+=("$NAME-$i")
		expected+=("$((10000 + i))=$NAME-$i")
		names+=("$NAME-$i")
		where=(-n)
		((i % 4)) || where=(--network-zone=big)
		floe start "$NAME-$i" -D "$ROOT" --read-only --boot=no --notify-ready=no \
			"${where[@]}" -p $((10000 + i)):80 -p udp:$((10000 + i)):53 /bin/nc -ll -p 80 -e /bin/hostname ||
			fail "start $i failed"
	done
	say "100 starts in $(($(milliseconds) - begin)) ms"
	run_ok "${TRAFFIC[@]}" greetings 127.0.0.1 "${expected[@]}"
	run_ok at client "${TRAFFIC[@]}" greetings "$HOST4" "${expected[@]}"
	assert_eq 100 "$(floe list --json | jq '[.[].addresses[0]] | unique | length')" "addresses"
	begin=$(milliseconds)
	floe terminate "${names[@]}"
	say "ended in $(($(milliseconds) - begin)) ms"
	MACHINES=()
	assert_network_unchanged before
}

# Starts and ends at the same time do not lose each other's changes.
test_parallel_starts_and_ends() {
	local i round pids where expected=()
	busy_host
	for round in 1 2 3; do
		pids=() expected=()
		for ((i = 0; i < 12; i++)); do
			where=(-n)
			((i % 3)) || where=(--network-zone=many)
			floe start "$NAME-$i" -D "$ROOT" --read-only --boot=no --notify-ready=no \
				"${where[@]}" -p $((11000 + i)):80 /bin/nc -ll -p 80 -e /bin/hostname >"log-$i" 2>&1 &
			pids+=($!)
			expected+=("$((11000 + i))=$NAME-$i")
			MACHINES+=("$NAME-$i")
		done
		for ((i = 0; i < 12; i++)); do
			wait "${pids[i]}" || fail "start $i failed: $(<"log-$i")"
		done
		run_ok "${TRAFFIC[@]}" greetings 127.0.0.1 "${expected[@]}"
		pids=()
		for ((i = 0; i < 12; i++)); do
			floe terminate "$NAME-$i" &
			pids+=($!)
		done
		wait "${pids[@]}"
	done
	assert_network_unchanged before
}

# Somebody flushes everything while machines run: their ends still succeed, and leave nothing.
test_a_flushed_ruleset_is_no_obstacle() {
	busy_host
	machine_up "$NAME-1" -p 8080:80
	machine_up "$NAME-2" --network-zone=zone -p 8081:80
	nft delete table inet floe
	machine_up "$NAME-3" -p 8082:80
	serve_at "$NAME-3" tcp:80
	assert_answer host tcp 127.0.0.1 8082
	machine_down "$NAME-1"
	machine_down "$NAME-2"
	machine_down "$NAME-3"
	assert_network_unchanged before
}

# A process of the host's that has entered the machine's network keeps that alive, and with it the
# link: the next start of the machine goes on all the same.
test_a_namespace_that_outlives_its_machine() {
	local holder
	busy_host
	machine_up "$NAME-1" -p 8080:80
	at_background "$NAME-1" sleep 1000
	holder=$STARTED
	wait_for 5 is_within "$holder" "${PLACES[$NAME-1]}"
	unset "BUSY[$NAME-1]"
	machine_down "$NAME-1"
	machine_up "$NAME-1" -p 8080:80
	serve_at "$NAME-1" tcp:80
	assert_answer host tcp 127.0.0.1 8080
	machine_down "$NAME-1"
	kill "$holder"
	wait "$holder" 2>/dev/null || true
	assert_network_unchanged before
}

is_within() { # PID OTHER
	[[ $(readlink "/proc/$1/ns/net") == "$(readlink "/proc/$2/ns/net")" ]]
}

# The link of a living machine is deleted by hand, or renamed.
test_links_that_others_take_away() {
	local link
	busy_host
	machine_up "$NAME-1" -p 8080:80
	link=$(ip -o link show type veth | awk -F'[ :@]+' '$2 ~ /^ve-/ { print $2 }')
	ip link delete "$link"
	machine_down "$NAME-1"
	machine_up "$NAME-1" -p 8080:80
	ip link set "$link" down
	ip link set "$link" name renamed
	machine_down "$NAME-1"
	assert_network_unchanged before
}

run_tests
