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

# shellcheck source=net-firewalls.bash
. "$TOP/tests/integration/net-firewalls.bash"
# shellcheck source=net-nspawn.bash
. "$TOP/tests/integration/net-nspawn.bash"

PYTHON=$(python3 -c 'import sys; print(sys.executable)') # not a shim that looks for it each time
TRAFFIC=("$PYTHON" -I -S "$TOP/tests/integration/net-traffic.py")

export XTABLES_LOCKFILE=$SANDBOX/xtables.lock # not one in /run

declare -A PLACES  # name of a place -> process in its network namespace
declare -A BUSY    # name of a place -> what at_background started there
ETC=               # set while /etc is the test's own
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
	[[ ! $ETC ]] || umount -l /etc
	ETC=
}

# The host's /etc as this test alone sees it, with a line in resolv.conf, until world_end.
own_etc() { # LINE
	mkdir -p "$TEST_DIR"/etc-{upper,work}
	mount -t overlay -o "lowerdir=/etc,upperdir=$TEST_DIR/etc-upper,workdir=$TEST_DIR/etc-work" \
		etc /etc
	ETC=own
	rm -f /etc/resolv.conf
	echo "$1" >/etc/resolv.conf
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

# The first global address of a machine, as it sees it: one that can be used already.
address_of() { # MACHINE 4|6
	at "$1" ip -j "-$2" address show scope global |
		jq -r '[.[].addr_info[] | select(.local and (.tentative | not)) | .local][0] // empty'
}

# The address of the host that a machine has as its router.
gateway_of() { # MACHINE 4|6
	at "$1" ip -j "-$2" route show default | jq -r '.[0].gateway // empty'
}

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
	ask "${@:1:4}" -w 0.3
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
