#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a machine's network costs: the time that a link with addresses, routes and two ports adds to a
# start, against ip and nft commands and systemd-nspawn; what goes through a published port, from
# outside and from localhost, against plain rules and netavark (podman's); and whether starts take
# longer where many machines are. Needs root; everything is in namespaces of its own.
#
# Settings: BUILD, ROUNDS=40, PAUSE=20 (ms between two starts), SECONDS_EACH=1 (of a transfer),
# MANY="1 10 100", PARTS="starts crowd parallel ports"
set -euo pipefail

# Nothing of this is seen by the host's network, and the kernel takes it away at the end.
[[ ${BENCH_NETWORK:-} ]] || BENCH_NETWORK=own exec unshare --net "$0"
# shellcheck source=tests/bench/common.bash
. "$(dirname "$0")/common.bash"
: "${ROUNDS:=40}" "${PAUSE:=20}" "${SECONDS_EACH:=1}" "${MANY:=1 10 100}"
: "${PARTS:=starts crowd parallel ports}"
TIMER=$BUILD/tests/bench/timer
NETAVARK=/usr/lib/podman/netavark
[[ -x $TIMER ]] || die "$TIMER is missing: make bench"
for tool in ip nft iperf3 jq python3; do
	type -P "$tool" >/dev/null || die "$tool is missing: make check installs it"
done
enter_sandbox
ip link set lo up
ROOT=$WORK/root
make_root "$ROOT" 0
NAME=bench-$$
PYTHON=$(python3 -c 'import sys; print(sys.executable)')
export XTABLES_LOCKFILE=$WORK/xtables.lock

# ---- What a network adds to a start --------------------------------------------------------------

# The acts of a manager that is a script: a namespace, and when asked for what floe does with -n and
# two ports. The end of the namespace takes the link along.
make_scripts() {
	cat >"$WORK/namespace" <<-'END'
		#!/bin/bash
		set -eu
		coproc HOLDER { exec unshare --net sh -c 'echo; read -r _'; }
		holder=$HOLDER_PID
		read -r _ <&"${HOLDER[0]}"
		[ "${1:-}" != network ] || . "$0-network"
		echo >&"${HOLDER[1]}"
		wait "$holder"
		[ "${1:-}" != network ] || nft delete table inet commands
	END
	cat >"$WORK/namespace-network" <<-'END'
		ip link add ve-commands type veth peer name host0 netns "$holder"
		ip -batch - <<X
		address add 10.200.0.1/28 dev ve-commands
		address add fd00:200::1/64 dev ve-commands nodad
		link set ve-commands up
		X
		nsenter -t "$holder" -n ip -batch - <<X
		link set lo up
		address add 10.200.0.2/28 dev host0
		address add fd00:200::2/64 dev host0 nodad
		link set host0 up
		route add default via 10.200.0.1
		route add ::/0 via fd00:200::1
		X
		nft -f - <<X
		table inet commands {
			map ports4 { type inet_proto . inet_service : ipv4_addr . inet_service
				elements = { tcp . 8080 : 10.200.0.2 . 80, udp . 5300 : 10.200.0.2 . 53 } }
			map ports6 { type inet_proto . inet_service : ipv6_addr . inet_service
				elements = { tcp . 8080 : fd00:200::2 . 80, udp . 5300 : fd00:200::2 . 53 } }
			chain in { type nat hook prerouting priority dstnat;
				fib daddr type local dnat ip to meta l4proto . th dport map @ports4
				fib daddr type local dnat ip6 to meta l4proto . th dport map @ports6; }
			chain local { type nat hook output priority -100;
				fib daddr type local dnat ip to meta l4proto . th dport map @ports4
				fib daddr type local dnat ip6 to meta l4proto . th dport map @ports6; }
			chain out { type nat hook postrouting priority srcnat;
				ip saddr 10.200.0.0/28 oifname != "ve-commands" masquerade
				ip6 saddr fd00:200::/64 oifname != "ve-commands" masquerade; }
		}
		X
	END
	chmod +x "$WORK/namespace"
}

# systemd-nspawn leaves cgroups below its own: it gets some that can be told from others'.
nspawn_groups() {
	awk -v name="floe-bench-$$" '{ for (i = 7; $i != "-"; i++) } $(i + 1) == "cgroup2" ||
		$(i + 3) ~ /name=systemd/ { print $5 "/" name }' /proc/self/mountinfo
}

make_nspawn() {
	local group
	echo '#!/bin/sh' >"$WORK/nspawn"
	for group in $(nspawn_groups); do
		echo "mkdir -p $group && echo \$\$ >$group/cgroup.procs" >>"$WORK/nspawn"
	done
	echo 'exec systemd-nspawn "$@"' >>"$WORK/nspawn"
	chmod +x "$WORK/nspawn"
}

column_of() { # min|p50|cpu CASE, of the file "times"
	awk -v column="$1" -v name="$2" 'BEGIN { at["min"] = 2; at["p50"] = 3; at["cpu"] = 5 }
		$1 == name { print $at[column] }' "$WORK/times"
}

# What a case takes more than its base: in the median, at best, and of the processor.
added() { # TITLE CASE BASE
	local column difference=()
	[[ $(column_of p50 "$2") && $(column_of p50 "$3") ]] || return 0
	for column in p50 min cpu; do
		difference+=("$(awk -v with="$(column_of $column "$2")" -v base="$(column_of $column "$3")" \
			'BEGIN { printf "%.2f", with - base }')")
	done
	printf '%-46s %+8.2f %+8.2f %+8.2f\n' "$1" "${difference[@]}"
}

bench_starts() {
	local group cases=() ports=(-p 8080:80 -p udp:5300:53)
	local nspawn=("$WORK/nspawn" --register=no --keep-unit -q -D "$ROOT" -M "$NAME")
	make_scripts
	cases=(floe "$BUILD/floe" run -q -D "$ROOT" --private-network /bin/true
		-- floe-network "$BUILD/floe" run -q -D "$ROOT" -n "${ports[@]}" /bin/true
		-- floe-zone "$BUILD/floe" run -q -D "$ROOT" --network-zone=z "${ports[@]}" /bin/true
		-- script "$WORK/namespace" -- script-network "$WORK/namespace" network)
	if type -P systemd-nspawn >/dev/null; then
		mkdir -p /run/systemd
		make_nspawn
		cases+=(-- nspawn "${nspawn[@]}" --private-network /bin/true
			-- nspawn-network "${nspawn[@]}" -n "${ports[@]}" /bin/true)
	fi
	echo "a link, addresses and routes of both families and two ports, added to starting /bin/true"
	"$TIMER" "$ROUNDS" "$PAUSE" "${cases[@]}" | tee "$WORK/times"
	printf '%-46s %8s %8s %8s\n' "ms more" p50 min cpu
	added "floe -n with two ports" floe-network floe
	added "floe in a zone of its own with two ports" floe-zone floe
	added "ip and nft commands, as much" script-network script
	added "nspawn -n with two ports, no addresses" nspawn-network nspawn
	nft delete table ip io.systemd.nat 2>/dev/null || true
	nft delete table ip6 io.systemd.nat 2>/dev/null || true
	for group in $(nspawn_groups); do
		find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
	done
}

# ---- What goes through a port ----------------------------------------------------------------------

# A namespace that serves: iperf3 and an echo of single bytes. Prints the pid that holds it.
server_namespace() {
	local pid
	unshare --net sleep 1000 >/dev/null &
	pid=$!
	PROCESSES+=("$pid")
	until [[ $(readlink "/proc/$pid/ns/net") != "$(readlink /proc/self/ns/net)" ]]; do
		sleep 0.01
	done
	HOLDER=$pid
	nsenter -t "$pid" -n ip link set lo up
}

serve_in() { # PID
	nsenter -t "$1" -n iperf3 -s -p 80 >/dev/null 2>&1 &
	PROCESSES+=($!)
	nsenter -t "$1" -n "$PYTHON" -c 'import socket
server = socket.create_server(("", 81))
while True:
    peer = server.accept()[0]
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while data := peer.recv(1):
        peer.send(data)' &
	PROCESSES+=($!)
	sleep 0.5
}

# A client outside, one hop away, as if on the same wire.
make_client() {
	server_namespace
	CLIENT=$HOLDER
	ip link add uplink type veth peer name wan netns "$CLIENT"
	ip address add 192.0.2.2/24 dev uplink
	ip link set uplink up
	nsenter -t "$CLIENT" -n sh -c 'ip address add 192.0.2.9/24 dev wan && ip link set wan up'
}

# By rules alone: the least that a port can cost.
publish_by_rules() {
	server_namespace
	ip link add ve-rules type veth peer name host0 netns "$HOLDER"
	ip address add 10.201.0.1/28 dev ve-rules
	ip link set ve-rules up
	nsenter -t "$HOLDER" -n sh -c 'ip address add 10.201.0.2/28 dev host0 && ip link set host0 up &&
		ip route add default via 10.201.0.1'
	sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.conf.ve-rules.route_localnet=1
	nft -f - <<-'X'
		table ip rules {
			chain in { type nat hook prerouting priority dstnat;
				fib daddr type local tcp dport { 7080, 7081 } dnat to 10.201.0.2 : tcp dport map { 7080 : 80, 7081 : 81 }; }
			chain local { type nat hook output priority -100;
				fib daddr type local tcp dport { 7080, 7081 } dnat to 10.201.0.2 : tcp dport map { 7080 : 80, 7081 : 81 }; }
			chain out { type nat hook postrouting priority srcnat;
				ip saddr 127.0.0.0/8 oifname "ve-rules" masquerade; }
		}
	X
	serve_in "$HOLDER"
}

publish_by_netavark() {
	server_namespace
	cat >"$WORK/netavark.json" <<-'X'
		{ "container_id": "bench", "container_name": "bench",
		  "port_mappings": [ { "host_ip": "", "host_port": 6080, "container_port": 80,
		    "protocol": "tcp", "range": 2 } ],
		  "networks": { "podman": { "static_ips": [ "10.88.0.2" ], "interface_name": "eth0" } },
		  "network_info": { "podman": { "name": "podman", "driver": "bridge",
		    "id": "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9",
		    "network_interface": "podman0", "internal": false, "ipv6_enabled": false,
		    "dns_enabled": false, "ipam_options": { "driver": "host-local" },
		    "subnets": [ { "subnet": "10.88.0.0/16", "gateway": "10.88.0.1" } ] } } }
	X
	"$NETAVARK" --config "$WORK" setup "/proc/$HOLDER/ns/net" <"$WORK/netavark.json" >/dev/null
	serve_in "$HOLDER"
}

publish_by_floe() {
	"$BUILD/floe" start "$NAME" -D "$ROOT" --boot=no --notify-ready=no -p 8080-8081:80-81 \
		/bin/sleep 1000
	serve_in "$("$BUILD/floe" list --json | jq -r '.[0].leader')"
}

# Gbit/s of a transfer.
throughput() { # ADDRESS PORT [iperf3 OPTION...], in the namespace of ENTER
	"${ENTER[@]}" iperf3 -J -c "$1" -p "$2" -t "$SECONDS_EACH" "${@:3}" |
		jq '.end.sum_received.bits_per_second / 1e9'
}

# Microseconds from a byte to its echo, the median of 2000; and to a new connection's first, of 200.
latency() { # ADDRESS PORT, in the namespace of ENTER
	"${ENTER[@]}" "$PYTHON" -c 'import socket, statistics, sys, time
def echo(peer):
    start = time.perf_counter()
    peer.send(b"x")
    peer.recv(1)
    return time.perf_counter() - start
def connect():
    start = time.perf_counter()
    peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    echo(peer)
    took = time.perf_counter() - start
    peer.close()
    return took
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
echoes = statistics.median(echo(peer) for _ in range(2000))
peer.close()
time.sleep(0.05)
print(f"{echoes * 1e6:.1f} {statistics.median(connect() for _ in range(200)) * 1e6:.1f}")' "$@"
}

median() {
	sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# Three rounds, in each of which all ways take their turn.
measure_ports() { # TITLE ADDRESS, in the namespace of ENTER
	local way port rest
	rm -f "$WORK"/way.*
	for _ in 1 2 3; do
		for way in "${WAYS[@]}"; do
			port=${way#*=} way=${way%=*}
			throughput "$2" "$port" >>"$WORK/way.$way.to"
			throughput "$2" "$port" -R >>"$WORK/way.$way.from"
			latency "$2" $((port + 1)) >"$WORK/latency"
			read -r echoes connects <"$WORK/latency"
			echo "$echoes" >>"$WORK/way.$way.echo"
			echo "$connects" >>"$WORK/way.$way.connect"
		done
	done
	printf '\n%-26s %10s %10s %10s %10s\n' "$1" "to Gbit/s" "from" "echo us" "connect us"
	for way in "${WAYS[@]}"; do
		way=${way%=*}
		printf '%-26s %10.2f %10.2f %10.1f %10.1f' "$way" "$(median <"$WORK/way.$way.to")" \
			"$(median <"$WORK/way.$way.from")" "$(median <"$WORK/way.$way.echo")" \
			"$(median <"$WORK/way.$way.connect")"
		rest=''
		[[ $way == floe ]] || for kind in to from echo connect; do
			rest+=$(awk -v a="$(median <"$WORK/way.floe.$kind")" \
				-v b="$(median <"$WORK/way.$way.$kind")" 'BEGIN { printf " %.2f", a / b }')
		done
		echo "${rest:+   floe/$way =$rest}"
	done
}

bench_ports() {
	make_client
	publish_by_floe
	publish_by_rules
	WAYS=(floe=8080 rules=7080)
	if [[ -x $NETAVARK ]]; then
		publish_by_netavark
		WAYS+=(netavark=6080)
	else
		echo "netavark: not compared, it is not installed"
	fi
	ENTER=(nsenter -t "$CLIENT" -n)
	measure_ports "a port from outside" 192.0.2.2
	ENTER=()
	measure_ports "a port of localhost" 127.0.0.1
	"$BUILD/floe" terminate "$NAME"
}

# ---- Many machines -------------------------------------------------------------------------------

# Milliseconds for one start and end among COUNT machines with two ports each.
bench_crowd() {
	local count=0 wanted first='' column values
	printf '\n%-26s %8s %8s %8s   %s\n' "start and end, two ports" p50 min cpu "ratio to the first"
	for wanted in $MANY; do
		for (( ; count < wanted; count++)); do
			"$BUILD/floe" start "$NAME-$count" -D "$ROOT" --read-only --boot=no \
				--notify-ready=no -p $((10000 + count)):80 -p udp:$((10000 + count)):53 \
				/bin/sleep 1000
		done
		"$TIMER" "$ROUNDS" "$PAUSE" floe "$BUILD/floe" run -q -D "$ROOT" --read-only -n \
			-M "$NAME-x" -p 8080:80 -p udp:5300:53 /bin/true >"$WORK/times"
		values=''
		for column in p50 min cpu; do values+="$(column_of $column floe) "; done
		first=${first:-$values}
		printf '%s\n' "$first $values" | awk -v n="$wanted" '{ printf \
			"%-26s %8.2f %8.2f %8.2f   %.2f %.2f %.2f\n", n " machines running", \
			$4, $5, $6, $4 / $1, $5 / $2, $6 / $3 }'
	done
	"$BUILD/floe" list --json | jq -r '.[].name' | xargs "$BUILD/floe" terminate
}

# Eight at a time against one after another: our own locks must not make a queue of them.
bench_parallel() {
	local start alone together i
	start=${EPOCHREALTIME/./}
	for ((i = 0; i < 32; i++)); do
		"$BUILD/floe" run -q -D "$ROOT" --read-only -n -M "$NAME-$i" -p $((9000 + i)):80 /bin/true
	done
	alone=$((${EPOCHREALTIME/./} - start))
	start=${EPOCHREALTIME/./}
	seq 0 31 | xargs -P 8 -I{} sh -c \
		'"$1" run -q -D "$2" --read-only -n -M "$3-$4" -p "$((9000 + $4)):80" /bin/true' - \
		"$BUILD/floe" "$ROOT" "$NAME" {}
	together=$((${EPOCHREALTIME/./} - start))
	awk -v a="$alone" -v t="$together" 'BEGIN { printf "\n32 starts and ends with a port: one by " \
		"one %.0f ms, eight at a time %.0f ms, ratio %.2f\n", a / 1000, t / 1000, t / a }'
}

for part in $PARTS; do
	"bench_$part"
done
