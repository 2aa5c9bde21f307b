#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The process that serves a link: what it may still do, that it ends when it should, and that real
# clients get addresses and names from it, whatever resolver the host has and whatever a machine
# sends. The rules for port 53 of the link are the test's own.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/link.bash"

HERE=$TOP/tests/integration
CORPUS=$TOP/tests/fuzz/corpus
HELPER=$SANDBOX/link-helper

${CC:-cc} -std=gnu17 -D_GNU_SOURCE -O1 -I"$TOP" -o "$HELPER" "$HERE/link-helper.c" \
	"$BUILD/libfloe.a" -lcap -lpthread || exit 1

# ---- The host's side ---------------------------------------------------------------------------

# An /etc of the test's own, whose resolv.conf it may change.
host_etc() {
	cp -a /etc host-etc
	rm -f host-etc/resolv.conf
	mount --bind host-etc /etc
}

set_resolvers() { # ADDRESS...
	printf 'nameserver %s\n' "$@" >/etc/resolv.conf.new
	mv /etc/resolv.conf.new /etc/resolv.conf
}

# A resolver that answers at ADDRESS only, for example.org with ANSWER. It knows one answer that is
# too long for UDP.
host_resolver() { # ADDRESS [ANSWER]
	local long place=(--listen-address="$1")
	[[ $1 != *%* ]] || place=(--interface="${1#*%}")
	long=$(printf '%0250d' 0)
	dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file --no-resolv --no-hosts --user=root \
		--edns-packet-max=4096 "${place[@]}" --bind-interfaces --address="/example.org/${2:-192.0.2.7}" \
		--txt-record="long.example.net,$long,$long,$long,$long,$long,$long" 2>dnsmasq.log &
	RESOLVERS+=($!)
	wait_for 5 dig +short +tries=1 +time=1 @"$1" example.org
}

# TCP to port 53 of the link, and nobody else's, leads to the process; UDP is read off the link, and
# not answered by the kernel.
lead_names() {
	nft -f - <<-END
		table inet test {
			chain names {
				type nat hook prerouting priority dstnat;
				iifname "ve-x" meta nfproto ipv4 tcp dport 53 redirect to :$PORT4
				iifname "ve-x" meta nfproto ipv6 tcp dport 53 redirect to :$PORT6
			}
			chain here {
				type filter hook input priority raw;
				iifname "ve-x" udp dport 53 drop
			}
		}
	END
}

# As NixOS has it without being asked, but for DHCP's port, which nobody has to let in.
close_input() {
	nft -f - <<-END
		table inet test {
			chain input {
				type filter hook input priority filter; policy drop;
				iifname "lo" accept
				ct state { established, related } accept
				meta l4proto { icmp, ipv6-icmp } accept
				log prefix "refused " drop
			}
		}
	END
}

value_of() { # KEY, of what the program said
	sed -n "s/^$1=//p" served
}

start_helper() { # COMMAND..., whose output is what the program says
	"$@" >served 2>&1 &
	SERVER=$!
	wait_for 15 grep -q ready served
	PORT4=$(value_of port4) PORT6=$(value_of port6) PID=$(value_of pid)
}

ALL=(dhcp ra dns4=10.1.2.1 dns6=fd00:1:2:3::1 names=names)

clean_up() {
	nft delete table inet test 2>/dev/null || true
	kill "${RESOLVERS[@]}" 2>/dev/null || true
	link_remove
	umount -l /etc
}

# The machine's side is there before the host's /etc is another one.
link_and_helper() { # SETTING...
	RESOLVERS=()
	mkdir names
	printf '10.1.2.2\nfd00:1:2:3::2\n' >names/web
	echo 10.1.9.2 >names/Data.base
	link_make
	host_etc
	trap clean_up EXIT
	start_helper "$HELPER" ve-x "${@:-${ALL[@]}}"
	[[ $PORT4 == 0 ]] || lead_names
	inside ip link set host0 up
}

static_addresses() {
	inside ip address add 10.1.2.2/28 dev host0
	inside ip route add default via 10.1.2.1
	inside ip address add fd00:1:2:3::2/64 dev host0 nodad
}

lookup() { # OPTION...
	inside dig +short +tries=2 +time=3 "$@"
}

is_gone() { # PID
	[[ ! -e /proc/$1 ]]
}

# ---- What is left of it ------------------------------------------------------------------------

status_of() { # PID KEY
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr -s '[:space:]' ' ' | sed 's/ $//'
}

assert_powerless() { # PID
	local key
	for key in CapInh CapPrm CapEff CapBnd CapAmb; do
		assert_eq 0000000000000000 "$(status_of "$1" $key)" "$key"
	done
	assert_eq 1 "$(status_of "$1" NoNewPrivs)" "NoNewPrivs"
	assert_eq 2 "$(status_of "$1" Seccomp)" "Seccomp"
	assert_eq 1 "$(status_of "$1" Threads)" "Threads"
}

assert_nobody() { # PID
	assert_powerless "$1"
	assert_eq '65534 65534 65534 65534' "$(status_of "$1" Uid)" "Uid"
	assert_eq '65534 65534 65534 65534' "$(status_of "$1" Gid)" "Gid"
	assert_eq '' "$(status_of "$1" Groups)" "Groups"
}

test_it_is_nobody_and_may_do_nothing() {
	link_and_helper
	assert_nobody "$PID"
	assert_eq '' "$(value_of note)"
	# SIGKILL, SIGSTOP and the C library's two cannot be blocked.
	assert_eq fffffffe7ffbfeff "$(status_of "$PID" SigBlk)" "SigBlk"
	assert_eq / "$(readlink "/proc/$PID/cwd")" "the working directory"
	assert_eq 0:0 "$(stat -c %u:%g "/proc/$PID/mem")" "the owner of its memory"
	assert_eq "$PID" "$(ps -o sid= -p "$PID" | tr -d ' ')" "the session"
	assert_match 'Max processes +0 +0 ' "$(<"/proc/$PID/limits")"
	assert_match 'Max file size +0 +0 ' "$(<"/proc/$PID/limits")"
	assert_match 'Max core file size +0 +0 ' "$(<"/proc/$PID/limits")"
	assert_match 'Max open files +64 +64 ' "$(<"/proc/$PID/limits")"
}

# Two packet sockets, two more and two that listen for DNS, the directory.
test_it_has_its_own_descriptors_only() {
	link_and_helper
	exec 9<"$CORPUS/ra/advertisement"
	local kinds
	kinds=$(find "/proc/$PID/fd" -type l -printf '%l\n' | sed 's/:.*//' | sort | uniq -c | tr -s ' ')
	assert_eq " 1 $TEST_DIR/names 6 socket" "$(echo "$kinds" | tr '\n' ' ' | tr -s ' ' | sed 's/ $//')"
	# Its monitor keeps the packet sockets, so that neither end waits for the kernel to close them.
	assert_eq 4 "$(find "/proc/$SERVER/fd" -type l -printf '%l\n' | grep -c socket:)"
}

test_its_name_is_told() {
	link_and_helper "${ALL[@]}" name=a-machine.of-a-long-name
	assert_eq 'floe: a-mac net' "$(<"/proc/$PID/comm")"
	assert_eq 'floe: a-machine.of-a-long-name net' "$(ps -o args= -p "$PID" | sed 's/ *$//')"
}

# Prints how many of the program's secrets are in a process's memory.
secrets_of() { # PID
	python3 "$HERE/memory-find.py" "$1" 'the secret [a-z ]*is known'
}

# What the monitor had in its memory is not where hostile packets are read.
test_it_keeps_no_memory_of_its_monitor() {
	link_and_helper
	assert_eq 3 "$(secrets_of "$SERVER")" "secrets of the monitor"
	assert_eq 0 "$(secrets_of "$PID")" "secrets of the process"
	local dirty pss
	assert_no_match '[0-9] rw-s' "$(<"/proc/$PID/maps")"
	dirty=$(awk '/^Private_Dirty/ { print $2 }' "/proc/$PID/smaps_rollup")
	pss=$(awk '/^Pss:/ { print $2 }' "/proc/$PID/smaps_rollup")
	echo "$pss KiB of its share, $dirty KiB of its own"
	((dirty < 200)) || fail "$dirty KiB of memory"
}

# The calling thread may be any, of which the process keeps what describes it.
test_it_starts_from_any_thread() {
	link_and_helper "${ALL[@]}" threads
	assert_nobody "$PID"
	assert_eq 0 "$(secrets_of "$PID")" "secrets of the process"
	host_resolver 127.0.0.1
	set_resolvers 127.0.0.1
	udhcpc -q
	assert_addressed
	assert_eq 192.0.2.7 "$(lookup @10.1.2.1 www.example.org)"
	assert_eq 10.1.2.2 "$(lookup @10.1.2.1 web)"
}

test_other_system_calls_kill_it() {
	local call
	for call in none socket-inet open-read ioctl-flags; do
		run_ok "$HELPER" filtered $call
	done
	for call in socket-unix socket-packet socket-without-dns open-write open-create ioctl-other \
		getpid mmap clone execve kill bind; do
		# SIGSYS
		assert_status 159 "$HELPER" filtered $call
	done
}

# As when the process itself does something that it never does: one of its calls is replaced.
test_a_strange_system_call_ends_the_process() {
	link_and_helper
	strace -qq -o trace -p "$PID" -e inject=poll,ppoll:error=EINTR:syscall=getpid &
	local tracer=$!
	wait_for 5 is_traced
	static_addresses
	wait_for 10 lookup_wakes
	wait "$tracer" || true
	wait "$SERVER"
	assert_match '^ended$' "$(tail -n 1 served)"
	assert_match 'killed by SIGSYS' "$(<trace)"
}

is_traced() {
	[[ $(status_of "$PID" TracerPid) != 0 ]]
}

lookup_wakes() {
	lookup +tries=1 +time=1 @10.1.2.1 web || true
	is_gone "$PID"
}

# Where nobody cannot be had, all the rest goes.
test_a_user_namespace_without_nobody() {
	mkdir names
	start_helper unshare --user --map-root-user --net sh -c "ip link set lo up
		ip link add ve-x address 02:00:00:00:00:01 type veth peer name host0
		exec '$HELPER' ve-x dhcp dns4=10.1.2.1 names=names"
	assert_match "keeps the monitor's user and group: there is no 65534" "$(value_of note)"
	assert_powerless "$PID"
	kill "$SERVER"
	wait "$SERVER"
	assert_absent "/proc/$PID"
}

test_a_monitor_that_may_not_change_users() {
	RESOLVERS=()
	link_make
	start_helper setpriv --bounding-set=-setuid,-setgid,-setpcap "$HELPER" ve-x dhcp
	assert_match 'CAP_SETUID and CAP_SETGID' "$(value_of note)"
	assert_eq 0000000000000000 "$(status_of "$PID" CapEff)"
	assert_eq 0000000000000000 "$(status_of "$PID" CapPrm)"
	assert_eq 1 "$(status_of "$PID" NoNewPrivs)"
	inside ip link set host0 up
	udhcpc -q
	assert_addressed
}

test_what_cannot_be_served_is_refused() {
	link_make
	assert_fail "$HELPER" none dhcp
	assert_match 'cannot serve DHCP on link .*No such device' "$ERRORS"
	assert_fail "$HELPER" none dns4=10.1.2.1
	assert_match 'cannot serve DNS on link .*No such device' "$ERRORS"
	assert_fail setpriv --bounding-set=-net_raw "$HELPER" ve-x dhcp
	assert_match 'it takes CAP_NET_RAW' "$ERRORS"
	assert_fail "$HELPER" ve-x ra client=03:00:00:00:00:01
	assert_match "MAC address is that of a group" "$ERRORS"
}

# ---- Its end -----------------------------------------------------------------------------------

test_it_is_stopped_and_reaped() {
	link_and_helper
	kill "$SERVER"
	wait "$SERVER"
	assert_absent "/proc/$PID"
}

test_it_dies_with_its_monitor() {
	link_and_helper
	kill -KILL "$SERVER"
	wait_for 5 is_gone "$PID"
}

# Others end services and terminals by signals to all in them: the monitor decides.
test_it_outlives_signals_to_everybody() {
	link_and_helper
	local signal
	for signal in TERM INT HUP QUIT USR1 ALRM PIPE; do
		kill -$signal "$PID"
	done
	static_addresses
	assert_eq 10.1.2.2 "$(lookup @10.1.2.1 web)"
	assert_eq S "$(status_of "$PID" State | cut -c 1)"
}

ends_with_the_link() { # SETTING...
	link_and_helper "$@"
	ip link delete ve-x
	wait "$SERVER"
	assert_match '^ended$' "$(tail -n 1 served)"
	assert_absent "/proc/$PID"
}

test_it_ends_with_the_link() {
	ends_with_the_link
}

test_it_ends_with_the_link_of_dns_alone() {
	ends_with_the_link dns4=10.1.2.1
}

# ---- Addresses ---------------------------------------------------------------------------------

test_udhcpc() {
	link_and_helper
	udhcpc -q
	assert_addressed
	wait_for 15 has_ipv6_address
}

test_dhcpcd() {
	link_and_helper
	inside dhcpcd -w -q host0
	assert_addressed
	wait_for 15 has_ipv6_address
}

test_networkd() {
	link_and_helper
	networkd
	assert_addressed
	wait_for 10 has_ipv6_address
}

has_address_of() { # LINK ADDRESS
	inside ip -o address show dev "$1" | grep -v tentative | grep -q "inet6\? $2"
}

# The addresses in all answers to one query, which is not connected: the kernel says as well that it
# has no such port.
answers_to_all() { # NAME
	inside python3 -c 'import socket, sys
name = sys.argv[1].encode()
query = bytes([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, len(name)]) + name + bytes([0, 0, 1, 0, 1])
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.settimeout(2)
udp.sendto(query, ("10.1.2.1", 53))
try:
	while True:
		print(socket.inet_ntoa(udp.recv(2000)[-4:]))
except TimeoutError:
	pass' "$1"
}

# Two machines on a bridge, each with a process of its own, at one address.
test_two_machines_on_a_bridge() {
	RESOLVERS=()
	client_namespaces
	trap 'ip link delete br-x; link_remove' EXIT
	ip link add br-x address 02:00:00:00:00:01 type bridge
	ip link add vb-2 type veth peer name host0 address 02:00:00:00:00:02 netns "$CLIENT"
	ip link add vb-3 type veth peer name host1 address 02:00:00:00:00:03 netns "$CLIENT"
	local link second
	for link in vb-2 vb-3; do
		ip link set $link master br-x up
	done
	ip address add 10.1.2.1/28 dev br-x
	ip link set br-x up
	inside sysctl -qw net.ipv4.conf.all.arp_ignore=1
	mkdir names.2 names.3
	echo 10.1.9.2 >names.2/web
	echo 10.1.9.3 >names.3/web
	start_helper "$HELPER" br-x dhcp ra dns4=10.1.2.1 names=names.2 client=02:00:00:00:00:02
	mv served served.2
	second=$SERVER
	start_helper "$HELPER" br-x dns4=10.1.2.1 ra names=names.3 client=02:00:00:00:00:03
	assert_ne "$(sed -n 's/^port4=//p' served.2)" "$PORT4"
	inside ip link set host0 up
	inside ip link set host1 up
	udhcpc -q
	assert_addressed
	run inside udhcpc -i host1 -s "$UDHCPC_SCRIPT" -t 2 -T 1 -n -q
	assert_ne 0 "$STATUS" "status"
	# Each is answered by its own, and by nobody else.
	assert_eq 10.1.9.2 "$(answers_to_all web)"
	inside ip link set host0 down
	inside ip address add 10.1.2.3/28 dev host1
	assert_eq 10.1.9.3 "$(answers_to_all web)"
	inside ip address flush dev host1
	inside ip link set host0 up
	wait_for 15 has_address_of host1 fd00:1:2:3:
	# With the second process gone nobody tells the second machine anything.
	kill "$SERVER"
	wait "$SERVER"
	inside ip link set host1 down
	inside ip link set host1 up
	inside ip link set host0 down
	inside ip link set host0 up
	wait_for 20 has_address_of host0 fd00:1:2:3:
	run has_address_of host1 fd00:1:2:3:
	assert_ne 0 "$STATUS" "status"
	SERVER=$second
}

# ---- Names -------------------------------------------------------------------------------------

# As the machine's own programs ask, after they were told whom by DHCP.
test_names_of_machines() {
	link_and_helper
	udhcpc -q
	assert_addressed
	wait_for 15 has_ipv6_address
	assert_match 'nameserver 10\.1\.2\.1' "$(inside cat /etc/resolv.conf)"
	assert_match '^10\.1\.2\.2 ' "$(inside getent ahostsv4 web)"
	assert_match '^10\.1\.2\.2 ' "$(inside getent ahostsv4 WEB.floe)"
	assert_match '^fd00:1:2:3::2 ' "$(inside getent ahostsv6 web.floe)"
	assert_match 'Address: 10\.1\.2\.2' "$(inside busybox nslookup web.floe 10.1.2.1)"
	assert_match 'Address.*10\.1\.9\.2' "$(inside busybox nslookup data.base.floe 10.1.2.1)"
	assert_eq fd00:1:2:3::2 "$(lookup @fd00:1:2:3::1 web AAAA)"
	assert_eq 10.1.9.2 "$(lookup +tcp @fd00:1:2:3::1 DATA.BASE.floe)"
	assert_match 'status: NXDOMAIN' "$(inside dig @10.1.2.1 other.floe)"
	assert_match 'status: NOERROR.*ANSWER: 0,' "$(inside dig @10.1.2.1 web MX | tr -d '\n')"
	assert_match 'status: BADVERS' "$(inside dig +edns=1 +noednsneg @10.1.2.1 web)"
	assert_match 'status: REFUSED|Transfer failed' "$(inside dig @10.1.2.1 floe AXFR)"
	# A machine that starts, moves, ends.
	echo 10.1.9.3 >names/new
	assert_eq 10.1.9.3 "$(lookup @10.1.2.1 new)"
	rm names/new
	assert_eq '' "$(lookup @10.1.2.1 new.floe)"
	# What it may not read is no reason to ask others.
	chmod 0 names/web
	assert_match 'status: SERVFAIL' "$(inside dig @10.1.2.1 web.floe)"
}

resolves_with() { # ADDRESS
	link_and_helper
	static_addresses
	host_resolver "$1"
	set_resolvers "$1"
	echo 'nameserver 10.1.2.1' | inside tee /etc/resolv.conf >/dev/null
	assert_match '^192\.0\.2\.7 ' "$(inside getent ahostsv4 www.example.org)"
	assert_match 'Address.*192\.0\.2\.7' "$(inside busybox nslookup www.example.org 10.1.2.1)"
	assert_eq 192.0.2.7 "$(lookup @fd00:1:2:3::1 www.example.org)"
	assert_eq 192.0.2.7 "$(lookup +tcp @10.1.2.1 www.example.org)"
	assert_eq 10.1.2.2 "$(lookup @10.1.2.1 web)"
}

test_a_resolver_at_127_0_0_1_only() {
	resolves_with 127.0.0.1
}

test_a_resolver_at_127_0_0_53_only() {
	resolves_with 127.0.0.53
}

test_a_resolver_at_the_ipv6_loopback_only() {
	resolves_with ::1
}

# Its address says on which link it is.
test_a_resolver_at_a_link_local_address() {
	RESOLVERS=()
	ip link add d0 type veth peer name d1
	ip link set d0 up
	ip link set d1 up
	ip address add fe80::53/64 dev d0 nodad
	link_and_helper
	trap 'clean_up; ip link delete d0' EXIT
	static_addresses
	host_resolver fe80::53%d0
	set_resolvers fe80::53%d0
	assert_eq 192.0.2.7 "$(lookup @10.1.2.1 www.example.org)"
	set_resolvers "fe80::53%$(ip -o link show d0 | cut -d: -f1)"
	assert_eq 192.0.2.7 "$(lookup @10.1.2.1 www.example.org)"
}

test_resolv_conf_changes_under_way() {
	link_and_helper
	static_addresses
	host_resolver 127.0.0.1 192.0.2.1
	host_resolver 127.0.0.2 192.0.2.2
	host_resolver ::1 192.0.2.3
	set_resolvers 127.0.0.1
	assert_eq 192.0.2.1 "$(lookup @10.1.2.1 example.org)"
	set_resolvers 127.0.0.2
	assert_eq 192.0.2.2 "$(lookup @10.1.2.1 example.org)"
	# A link to a file elsewhere, as resolvconf programs make it; and back.
	echo 'nameserver ::1' >elsewhere
	ln -sf "$TEST_DIR/elsewhere" /etc/resolv.conf
	chmod 755 "$SANDBOX" "$SANDBOX/test"
	assert_eq 192.0.2.3 "$(lookup @10.1.2.1 example.org)"
	rm /etc/resolv.conf
	assert_eq 192.0.2.1 "$(lookup @10.1.2.1 example.org)"
	# The first one is not there.
	set_resolvers 127.0.0.9 127.0.0.2
	assert_eq 192.0.2.2 "$(lookup @10.1.2.1 example.org)"
	assert_eq 192.0.2.2 "$(lookup +tcp @10.1.2.1 example.org)"
	set_resolvers 127.0.0.9
	assert_match 'status: SERVFAIL' "$(inside dig @10.1.2.1 example.org)"
	assert_match 'status: SERVFAIL' "$(inside dig +tcp @10.1.2.1 example.org)"
}

test_a_long_answer_comes_by_tcp() {
	link_and_helper
	static_addresses
	host_resolver 127.0.0.1
	set_resolvers 127.0.0.1
	local short
	short=$(inside dig +ignore +noedns @10.1.2.1 long.example.net TXT)
	assert_match 'flags: [a-z ]*tc' "$short"
	assert_eq 1500 "$(lookup +noedns @10.1.2.1 long.example.net TXT | tr -d '" \n' | wc -c)"
	assert_eq 1500 "$(lookup +bufsize=4000 @10.1.2.1 long.example.net TXT | tr -d '" \n' | wc -c)"
}

# Only the machine of the link is served, whatever the address that others send to.
test_nobody_else_is_answered() {
	link_and_helper
	static_addresses
	assert_eq 10.1.2.2 "$(lookup @10.1.2.1 web)"
	assert_eq 10.1.2.2 "$(lookup +tcp -p "$PORT4" @10.1.2.1 web)"
	ip link add ve-y type veth peer name other netns "$CLIENT"
	ip address add 10.1.3.1/28 dev ve-y
	ip link set ve-y up
	inside ip address add 10.1.3.2/28 dev other
	inside ip link set other up
	inside ip route add 10.1.2.1/32 via 10.1.3.1
	inside busybox ping -q -c 1 -W 2 10.1.2.1 >/dev/null
	run inside dig +tries=1 +time=1 -b 10.1.3.2 @10.1.2.1 web
	assert_ne 0 "$STATUS" "status of another machine's query"
	run inside dig +tcp +tries=1 +time=1 -b 10.1.3.2 -p "$PORT4" @10.1.2.1 web
	assert_ne 0 "$STATUS" "status of another machine's connection"
	ip link delete ve-y
}

# ---- Firewalls ---------------------------------------------------------------------------------

# What a machine asks the host's own address is for the process, and the host's firewall does not
# come before it.
test_a_closed_firewall() {
	link_and_helper
	close_input
	udhcpc -q
	assert_addressed
	wait_for 15 has_ipv6_address
	host_resolver 127.0.0.1
	set_resolvers 127.0.0.1
	assert_eq 10.1.2.2 "$(lookup @10.1.2.1 web)"
	assert_eq 10.1.2.2 "$(lookup @fd00:1:2:3::1 web)"
	assert_eq 192.0.2.7 "$(lookup @10.1.2.1 www.example.org)"
	assert_eq 192.0.2.7 "$(lookup @fd00:1:2:3::1 www.example.org)"
	assert_match '^192\.0\.2\.7 ' "$(inside getent ahostsv4 www.example.org)"
	# Connections are for the firewall to let in.
	run inside dig +tcp +tries=1 +time=1 @10.1.2.1 web
	assert_ne 0 "$STATUS" "status of a connection"
	nft insert rule inet test input iifname ve-x tcp dport "$PORT4" accept
	assert_eq 10.1.2.2 "$(lookup +tcp @10.1.2.1 web)"
}

# An address that the host has besides is not the process's.
test_other_addresses_are_the_hosts() {
	link_and_helper
	static_addresses
	ip address add 192.0.2.9/32 dev lo
	nft flush chain inet test here
	run inside dig +tries=1 +time=1 @192.0.2.9 web
	assert_ne 0 "$STATUS" "status of a query to another address"
	dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file --no-resolv --no-hosts --user=root \
		--listen-address=192.0.2.9 --bind-interfaces --address=/web/192.0.2.99 2>dnsmasq.log &
	RESOLVERS+=($!)
	wait_for 5 dig +short +tries=1 +time=1 @192.0.2.9 web
	assert_eq 192.0.2.99 "$(lookup @192.0.2.9 web)"
}

# ---- Long answers ------------------------------------------------------------------------------

texts_of() { # OPTION..., by UDP alone: how many letters came, and whether that was not all
	local said
	said=$(inside dig +ignore +bufsize=4096 +tries=2 +time=3 "$@" long.example.net TXT)
	sed -n 's/.*TXT\t"\(.*\)"$/\1/p' <<<"$said" | tr -d '" \n' | wc -c
	sed -n 's/.*flags:[a-z ]* \(tc\).*/\1/p' <<<"$said"
}

# What does not fit into the link's MTU is told to come by TCP, and does.
test_the_mtu_counts() {
	link_and_helper
	host_resolver 127.0.0.1
	set_resolvers 127.0.0.1
	static_addresses
	local server mtu
	for server in 10.1.2.1 fd00:1:2:3::1; do
		for mtu in 1500 9000; do
			ip link set ve-x mtu $mtu
			inside ip link set host0 mtu $mtu
			wait_for 5 lookup @$server web
			case $mtu in
			1500) assert_eq $'0\ntc' "$(texts_of @$server)" "$server $mtu" ;;
			9000) assert_eq 1500 "$(texts_of @$server)" "$server $mtu" ;;
			esac
			assert_eq 1500 "$(lookup +bufsize=4096 @$server long.example.net TXT |
				tr -d '" \n' | wc -c)"
		done
	done
}

# ---- Hostile machines --------------------------------------------------------------------------

cpu_ticks() { # PID
	awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"
}

# It is still the same process, and does what it is there for.
assert_serves() {
	assert_match 'floe: web net' "$(<"/proc/$PID/comm")"
	wait_for 20 resolves web 10.1.2.2
	wait_for 20 resolves www.example.org 192.0.2.7
}

resolves() { # NAME ADDRESS
	[[ $(lookup +tries=1 +time=2 @10.1.2.1 "$1") == "$2" ]]
}

test_hostile_queries_are_survived() {
	link_and_helper
	static_addresses
	host_resolver 127.0.0.1
	set_resolvers 127.0.0.1
	inside python3 "$HERE/hostile-names.py" 20000 "$CORPUS"/dns/* -- 10.1.2.1 fd00:1:2:3::1
	assert_serves
	assert_nobody "$PID"
}

# What it costs depends on how long a flood lasts, not on how much comes.
test_a_flood_starves_nothing() {
	link_and_helper
	host_resolver 127.0.0.1
	set_resolvers 127.0.0.1
	inside ip address add 10.1.2.2/28 dev host0
	local before=${EPOCHREALTIME/./} ticks seconds flood
	ticks=$(cpu_ticks "$PID")
	touch flooding
	inside python3 -c 'import os, socket
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
query = open("'"$CORPUS"'/dns/query-glibc", "rb").read().replace(b"floe", b"nets")
while os.path.exists("flooding"):
	try:
		udp.sendto(query, ("10.1.2.1", 53))
	except OSError: # while there is no address
		pass' &
	flood=$!
	inside python3 "$HERE/hostile-frames.py" host0 5000 "$CORPUS"/{dhcp,ra,udp}/* >sent
	inside ip -4 address flush dev host0
	udhcpc -q
	assert_addressed
	wait_for 15 has_ipv6_address
	ticks=$(($(cpu_ticks "$PID") - ticks))
	seconds=$(((${EPOCHREALTIME/./} - before) / 1000000 + 1))
	echo "$ticks ticks in $seconds s"
	((ticks <= 20 + seconds * 30)) || fail "the flood of $seconds s cost $ticks ticks"
	rm flooding
	wait "$flood"
	assert_serves
}

run_tests
