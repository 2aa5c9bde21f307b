# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A small world for tests of the network: the namespace that the test runs in plays the host, and
# others play a router, a client and a server outside. To be sourced after lib.sh and machine.bash.
#
#	host       192.0.2.2     2001:db8:1::2   link "uplink", with the router as default route
#	router     192.0.2.1     2001:db8:1::1   knows no way to what is behind the host
#	client     198.51.100.2  2001:db8:2::2
#	server     203.0.113.2   2001:db8:3::2
#
# A place is "host", one of those, or the name of a running machine.

# shellcheck disable=SC2034 # for the scripts that source this
HOST4=192.0.2.2 HOST6=2001:db8:1::2
CLIENT4=198.51.100.2 CLIENT6=2001:db8:2::2
SERVER4=203.0.113.2 SERVER6=2001:db8:3::2

PYTHON=$(python3 -c 'import sys; print(sys.executable)') # not a shim that looks for it each time
TRAFFIC=("$PYTHON" -I -S "$TOP/tests/integration/net-traffic.py")

export XTABLES_LOCKFILE=$SANDBOX/xtables.lock # not one in /run

declare -A PLACES  # name of a place -> process in its network namespace
declare -A BUSY    # name of a place -> what at_background started there
WORLD_PROCESSES=() # what world_end ends
MACHINES=()        # machines started by machine_up

# ---- Places ------------------------------------------------------------------------------------

place_make() { # NAME
	unshare --net sleep 1000 &
	PLACES[$1]=$!
	WORLD_PROCESSES+=($!)
	wait_for 5 place_is_apart "$!"
	at "$1" sysctl -q -w net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
	at "$1" ip link set lo up
}

place_is_apart() { # PID
	[[ $(readlink "/proc/$1/ns/net") != "$(readlink /proc/self/ns/net)" ]]
}

# Runs a command with the network of a place, and all else of the host.
at() { # PLACE COMMAND...
	local ENTER
	enter_place "$1"
	"${ENTER[@]}" "${@:2}"
}

# The same in the background, as a process of its own: STARTED is its pid, and world_end its end.
at_background() { # PLACE COMMAND...
	local ENTER
	enter_place "$1"
	"${ENTER[@]}" "${@:2}" &
	STARTED=$!
	WORLD_PROCESSES+=("$STARTED")
	BUSY[$1]+=" $STARTED"
}

# Sets ENTER to the words before a command that enters a place.
enter_place() { # PLACE
	ENTER=()
	[[ $1 == host ]] || ENTER=(nsenter --target "${PLACES[$1]}" --net --)
}

# A pair of links between two places, both ends with addresses and up.
world_link() { # PLACE LINK ADDRESS,... PLACE LINK ADDRESS,...
	local pid=${PLACES[$4]} address i
	local names=("$1" "$2" "$3" "$4" "$5" "$6")
	at "$1" ip link add "$2" type veth peer name "$5" netns "$pid"
	for i in 0 3; do
		for address in ${names[i + 2]//,/ }; do
			at "${names[i]}" ip address add "$address" dev "${names[i + 1]}"
		done
		at "${names[i]}" ip link set "${names[i + 1]}" up
	done
}

# Makes all of it; world_end is for the trap of the test.
world_make() {
	trap world_end EXIT
	place_make router
	place_make client
	place_make server
	sysctl -q -w net.ipv6.conf.default.accept_dad=0
	world_link host uplink 192.0.2.2/24,2001:db8:1::2/64 \
		router to-host 192.0.2.1/24,2001:db8:1::1/64
	world_link router to-client 198.51.100.1/24,2001:db8:2::1/64 \
		client wan 198.51.100.2/24,2001:db8:2::2/64
	world_link router to-server 203.0.113.1/24,2001:db8:3::1/64 \
		server wan 203.0.113.2/24,2001:db8:3::2/64
	at router sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	world_route host 192.0.2.1 2001:db8:1::1
	world_route client 198.51.100.1 2001:db8:2::1
	world_route server 203.0.113.1 2001:db8:3::1
}

world_route() { # PLACE ROUTER4 ROUTER6
	at "$1" ip route add default via "$2"
	at "$1" ip -6 route add default via "$3"
}

# The link goes before the namespaces, whose end would take it later. Sysctls of the host that the
# world or a failed test has changed are put back. Addresses that machines remember are meant to stay.
world_end() {
	machines_down
	ip link delete uplink 2>/dev/null || true
	if ((${#WORLD_PROCESSES[@]})); then
		kill -KILL "${WORLD_PROCESSES[@]}" 2>/dev/null || true
		wait "${WORLD_PROCESSES[@]}" 2>/dev/null || true
	fi
	sysctl -q -w net.ipv6.conf.default.accept_dad=1 net.ipv4.ip_forward=0 \
		net.ipv6.conf.all.forwarding=0
	rm -rf /var/lib/floe/addresses
	WORLD_PROCESSES=()
}

# ---- Machines ----------------------------------------------------------------------------------

# Starts machines of the tree $ROOT that sleep; the tree is theirs together, so it is read-only.
machine_up() { # NAME OPTION...
	local name=$1
	shift
	MACHINES+=("$name")
	run_ok floe start "$name" -D "$ROOT" --read-only --boot=no --notify-ready=no "$@" \
		/bin/sleep 100000
	place_of_machine "$name"
}

place_of_machine() { # NAME
	PLACES[$1]=$(machine_field "$1" .leader)
}

# What floe says of a machine.
machine_field() { # NAME JQ-FILTER
	floe list --json | jq -r --arg name "$1" ".[] | select(.name == \$name) | $2"
}

# What the test runs in its network ends before: its namespace would outlive the machine.
machine_down() { # NAME
	if [[ ${BUSY[$1]:-} ]]; then
		kill ${BUSY[$1]} 2>/dev/null || true
		wait ${BUSY[$1]} 2>/dev/null || true
		unset "BUSY[$1]"
	fi
	run_ok floe terminate "$1"
	unset "PLACES[$1]"
}

# Ends a machine's monitor as nobody should, and waits until it is gone: then the record is a dead one's.
kill_monitor() { # NAME
	local pid
	pid=$(machine_field "$1" .monitor)
	kill -KILL "$pid"
	wait_for 5 is_gone "$pid"
}

is_gone() { # PID
	[[ ! -e /proc/$1 || $(awk '{ sub(/.*\) /, ""); print $1 }' "/proc/$1/stat") == Z ]]
}

machines_down() {
	((${#MACHINES[@]})) || return 0
	floe terminate "${MACHINES[@]}" >/dev/null 2>&1 || true
	floe gc >/dev/null 2>&1 || true
	MACHINES=()
}

# The first global address of a machine, as it sees it.
address_of() { # MACHINE 4|6
	at "$1" ip -j "-$2" address show scope global |
		jq -r '[.[].addr_info[] | select(.local) | .local][0] // empty'
}

# The address of the host that a machine has as its router.
gateway_of() { # MACHINE 4|6
	at "$1" ip -j "-$2" route show default | jq -r '.[0].gateway // empty'
}

# ---- Debian's systemd-nspawn, to compare with ----------------------------------------------------

# It makes cgroups below its own and leaves them: it gets some of its own, which are taken away.
nspawn_cgroups() {
	local tops
	mapfile -t tops < <(awk '{ for (i = 7; $i != "-"; i++) } $(i + 1) == "cgroup2" ||
		$(i + 3) ~ /name=systemd/ { print $5 }' /proc/self/mountinfo)
	((${#tops[@]} == 0)) || printf '%s\n' "${tops[@]/%//floe-nspawn-${SANDBOX##*.}}"
}

# Runs it in the background: its pid is in NSPAWN, its output in the file "nspawn-NAME" of the test.
nspawn_up() { # NAME OPTION... COMMAND...
	local name=$1 group
	shift
	mkdir -p /run/systemd
	(
		for group in $(nspawn_cgroups); do
			mkdir -p "$group" && echo "$BASHPID" >"$group/cgroup.procs" || exit 1
		done
		SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_LOCK=0 exec systemd-nspawn -q \
			-M "$name" --register=no --keep-unit --console=pipe "$@"
	) >"$TEST_DIR/nspawn-$name" 2>&1 </dev/null &
	NSPAWN=$!
	WORLD_PROCESSES+=("$NSPAWN")
	wait_for 20 nspawn_leader "$NSPAWN"
	PLACES[$name]=$(nspawn_leader "$NSPAWN")
}

# Prints the process of a manager that is PID 1 of another pid namespace, once it runs a command.
nspawn_leader() { # PID
	local child ids
	for child in $(cat "/proc/$1"/task/*/children 2>/dev/null); do
		ids=$(sed -n 's/^NSpid:[[:space:]]*//p' "/proc/$child/status" 2>/dev/null) || continue
		[[ $ids != *[[:space:]]1 || $(readlink "/proc/$child/exe") == */systemd-nspawn ]] ||
			{ echo "$child" && return; }
		nspawn_leader "$child" && return
	done
	return 1
}

nspawn_down() {
	kill "$NSPAWN" 2>/dev/null || true
	wait "$NSPAWN" 2>/dev/null || true
	rm -rf /run/systemd
	nft delete table ip io.systemd.nat 2>/dev/null || true
	nft delete table ip6 io.systemd.nat 2>/dev/null || true
	nspawn_cgroups | while read -r group; do
		find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
	done
}

# ---- Traffic -----------------------------------------------------------------------------------

# Answers on ports of a place until the world ends; who asked is told to the asker, and is logged
# in the file "served-PLACE" of the test.
serve_at() { # PLACE PROTOCOL:PORT[@ADDRESS]...
	local place=$1 ready=$TEST_DIR/ready-$1-$RANDOM
	shift
	at_background "$place" "${TRAFFIC[@]}" serve "$ready" "$@" >>"$TEST_DIR/served-$place" \
		2>"$ready.errors"
	wait_for 10 test -e "$ready"
}

# A server of iperf3 for transfers that are big.
iperf_at() { # PLACE PORT
	local log=$TEST_DIR/iperf-$1-$2
	at_background "$1" iperf3 -s -p "$2" --forceflush >"$log" 2>&1
	wait_for 10 grep -q listening "$log"
}

# Lines that the servers of a place have logged: how often it was asked.
served() { # PLACE
	wc -l <"$TEST_DIR/served-$1"
}

# Asks and leaves the answer "PEER LOCAL" in ANSWER, where PEER is who the server saw; STATUS 1 is a
# refusal and 2 silence.
ask() { # PLACE PROTOCOL ADDRESS PORT [OPTION...]
	run at "$1" "${TRAFFIC[@]}" ask "${@:5}" "$2" "$3" "$4"
	ANSWER=$OUTPUT
}

# Expects an answer, and if told so from a server that saw PEER.
assert_answer() { # PLACE PROTOCOL ADDRESS PORT [PEER]
	ask "${@:1:4}"
	((STATUS == 0)) || fail "$1 gets no answer from $2 port $4 of $3: $ERRORS"
	[[ $# -lt 5 ]] || assert_eq "$5" "${ANSWER% *}" "who asked port $4 of $3 from $1"
}

# Expects none. Silence is waited for as long as a slow answer may take; where a refusal is due it
# comes at once.
assert_no_answer() { # PLACE PROTOCOL ADDRESS PORT
	ask "${@:1:4}" -w 0.5
	((STATUS != 0)) || fail "$1 gets an answer from $2 port $4 of $3: $ANSWER"
}

assert_refusal() { # PLACE PROTOCOL ADDRESS PORT
	ask "$@"
	assert_eq 1 "$STATUS" "status of asking $2 port $4 of $3 from $1 ($ERRORS)"
}

pings() { # PLACE ADDRESS [OPTION...]
	at "$1" busybox ping -q -c 1 -W 3 "${@:3}" "$2" >/dev/null 2>&1
}

assert_ping() { # PLACE ADDRESS [OPTION...]
	pings "$@" || fail "$1 gets no echo from $2 (${*:3})"
}

assert_no_ping() { # PLACE ADDRESS
	! at "$1" busybox ping -q -c 1 -W 1 "$2" >/dev/null 2>&1 || fail "$1 gets an echo from $2"
}

send_frame() { # PLACE LINK SOURCE-MAC TARGET-MAC SOURCE TARGET KIND [PORT]
	at "$1" "${TRAFFIC[@]}" frame "${@:2}"
}

mac_of() { # PLACE LINK
	at "$1" ip -j link show "$2" | jq -r '.[0].address'
}

# Asks a name server, from a place; the addresses are in OUTPUT.
resolve() { # PLACE SERVER NAME [TYPE]
	run at "$1" "${TRAFFIC[@]}" resolve "${@:2}"
}

assert_resolves() { # EXPECTED PLACE SERVER NAME [TYPE]
	resolve "${@:2}"
	((STATUS == 0)) || fail "$2 cannot resolve $4 by $3: $ERRORS"
	assert_eq "$1" "$OUTPUT" "address of $4 by $3"
}

# A name server in a place that knows these names; what it is asked goes to the file "names-PLACE".
serve_names_at() { # PLACE ADDRESS NAME=ADDRESS...
	local ready=$TEST_DIR/ready-names-$RANDOM
	at_background "$1" "${TRAFFIC[@]}" dns "$ready" "${@:2}" >>"$TEST_DIR/names-$1" \
		2>"$ready.errors"
	wait_for 10 test -e "$ready"
}

# Whatever arrives at a link of a place goes to the file "sniffed-PLACE-LINK".
sniff_at() { # PLACE LINK
	local ready=$TEST_DIR/ready-sniff-$RANDOM
	at_background "$1" "${TRAFFIC[@]}" sniff "$ready" "$2" >"$TEST_DIR/sniffed-$1-$2"
	wait_for 10 test -e "$ready"
}

# ---- Firewalls of others -----------------------------------------------------------------------

# What Docker writes for a network and a published port; PROGRAM is iptables-nft or iptables-legacy.
firewall_docker() { # PROGRAM
	ip link add docker0 type bridge
	ip address add 172.17.0.1/16 dev docker0
	ip link set docker0 up
	sysctl -q -w net.ipv4.ip_forward=1
	"$1-restore" <<-'END'
		*nat
		:DOCKER - [0:0]
		-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
		-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
		-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
		-A DOCKER -i docker0 -j RETURN
		-A DOCKER ! -i docker0 -p tcp -m tcp --dport 7777 -j DNAT --to-destination 172.17.0.2:77
		COMMIT
		*filter
		:FORWARD DROP [0:0]
		:DOCKER - [0:0]
		:DOCKER-ISOLATION-STAGE-1 - [0:0]
		:DOCKER-ISOLATION-STAGE-2 - [0:0]
		:DOCKER-USER - [0:0]
		-A FORWARD -j DOCKER-USER
		-A FORWARD -j DOCKER-ISOLATION-STAGE-1
		-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		-A FORWARD -o docker0 -j DOCKER
		-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
		-A FORWARD -i docker0 -o docker0 -j ACCEPT
		-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 77 -j ACCEPT
		-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
		-A DOCKER-ISOLATION-STAGE-1 -j RETURN
		-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
		-A DOCKER-ISOLATION-STAGE-2 -j RETURN
		-A DOCKER-USER -j RETURN
		COMMIT
	END
}

# What firewalld has for its zone "public" with the nftables back end: whatever no zone allows is
# rejected, in the input and in the forward hook.
firewall_firewalld() {
	nft -f - <<-'END'
		table inet firewalld {
			chain mangle_PREROUTING {
				type filter hook prerouting priority mangle + 10; policy accept;
			}
			chain nat_PREROUTING {
				type nat hook prerouting priority dstnat + 10; policy accept;
			}
			chain nat_POSTROUTING {
				type nat hook postrouting priority srcnat + 10; policy accept;
			}
			chain filter_INPUT {
				type filter hook input priority filter + 10; policy accept;
				ct state { established, related } accept
				ct status dnat accept
				iifname "lo" accept
				ct state invalid drop
				jump filter_IN_public
				reject with icmpx admin-prohibited
			}
			chain filter_FORWARD {
				type filter hook forward priority filter + 10; policy accept;
				ct state { established, related } accept
				ct status dnat accept
				iifname "lo" accept
				ct state invalid drop
				reject with icmpx admin-prohibited
			}
			chain filter_OUTPUT {
				type filter hook output priority filter + 10; policy accept;
				ct state { established, related } accept
				oifname "lo" accept
			}
			chain filter_IN_public {
				meta l4proto { icmp, ipv6-icmp } accept
				tcp dport 22 accept
				ip6 daddr fe80::/64 udp dport 546 accept
			}
		}
	END
}

# A hand-written /etc/nftables.conf of a server, NixOS's default included: input is closed, nothing
# is said of forwarding.
firewall_nftables() {
	nft -f - <<-'END'
		table inet filter {
			chain input {
				type filter hook input priority filter; policy drop;
				iif "lo" accept
				ct state established,related accept
				icmp type echo-request accept
				icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, nd-router-solicit } accept
				tcp dport 22 counter accept
			}
			chain forward {
				type filter hook forward priority filter; policy accept;
			}
			chain output {
				type filter hook output priority filter; policy accept;
			}
		}
	END
}

firewalls_end() {
	local program
	nft flush ruleset
	for program in iptables-legacy ip6tables-legacy; do
		printf '*nat\nCOMMIT\n*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n' |
			"$program-restore"
	done
	ip link delete docker0 2>/dev/null || true
}

# ---- Snapshots ---------------------------------------------------------------------------------

# All of the host's network that must be the same, byte for byte, before and after machines.
# Counters count and neighbours come and go: these are left out.
network_snapshot() { # FILE
	{
		echo "--- nft"
		nft -j -s list ruleset
		for program in iptables-legacy ip6tables-legacy; do
			echo "--- $program"
			"$program-save" | sed '/^#/d; s/ \[[0-9]*:[0-9]*\]$//'
		done
		echo "--- links"
		ip -d -j link show | jq -c '.[] | del(.linkinfo.info_data | objects |
			(.hello_timer, .gc_timer, .tcn_timer, .topology_change_timer, .fdb_n_learned))'
		bridge -j link show
		echo "--- addresses, routes, rules"
		ip -j address show | jq -c '.[] | [.ifname, .addr_info]'
		ip -4 route show table all
		ip -6 route show table all
		ip rule show
		ip -6 rule show
		echo "--- sysctls"
		network_sysctls
	} >"$1"
}

# Write-only files, and what counts or is drawn by chance at each reading, say nothing.
network_sysctls() {
	find /proc/sys/net -type f -perm -400 ! -name nf_conntrack_count ! -name stable_secret \
		-exec grep -H '' {} + | sort
}

assert_network_unchanged() { # FILE
	local deadline=$((${EPOCHREALTIME/./} + 3000000))
	while ((${EPOCHREALTIME/./} < deadline)); do
		network_snapshot "$1.now"
		cmp -s "$1" "$1.now" && return 0
		sleep 0.05
	done
	fail "the host's network is not as before:
$(diff "$1" "$1.now" | cut -c -300)"
}
