#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# DHCP and router advertisements on a veth between two network namespaces of the test's own: real
# clients on one end, what a monitor runs on the other, a link that goes down or away, and floods.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/link.bash"

HERE=$TOP/tests/integration
CORPUS=$TOP/tests/fuzz/corpus
SERVICES=$SANDBOX/link-services

${CC:-cc} -std=gnu17 -D_GNU_SOURCE -O1 -I"$TOP" -o "$SERVICES" "$HERE/link-services.c" \
	"$BUILD/libfloe.a" -lcap || exit 1

serve() { # SETTING...
	"$SERVICES" ve-x server=10.1.2.1 address=10.1.2.2 router=10.1.2.1 dns=10.1.2.1 dns=192.0.2.53 \
		host=web domain=floe.internal mtu=1400 source6=fe80::ff:fe00:1 prefix6=fd00:1:2:3:: \
		dns6=fd00:1:2:3::1 mtu6=1400 "$@" >served 2>&1 &
	SERVER=$!
	wait_for 5 grep -q ready served
}

stop_serving() {
	kill "$SERVER"
	wait "$SERVER"
	SERVER=
}

# Prints one of the server's counters, as of now.
counter() { # NAME
	local lines
	lines=$(wc -l <served)
	kill -USR1 "$SERVER"
	wait_for 5 more_lines_than "$lines"
	tail -n 1 served | tr ' ' '\n' | sed -n "s/^$1=//p"
}

more_lines_than() { # COUNT
	(($(wc -l <served) > $1))
}

counter_is_at_least() { # NAME NUMBER
	(($(counter "$1") >= $2))
}

link_and_server() { # SETTING...
	link_make
	serve "$@"
	inside ip link set host0 up
}

# ---- What a client must have in the end --------------------------------------------------------

assert_names() {
	local text
	text=$(inside cat /etc/resolv.conf)
	assert_match '(domain|search) floe\.internal' "$text"
	assert_match 'nameserver 10\.1\.2\.1' "$text"
	assert_match 'nameserver 192\.0\.2\.53' "$text"
}

assert_mtu() {
	assert_match 'mtu 1400' "$(inside ip link show host0; inside ip -4 route show default)"
}

# ---- Clients -----------------------------------------------------------------------------------

test_udhcpc() {
	link_and_server
	udhcpc -q
	assert_addressed
	assert_names
	assert_mtu
	assert_match 'hostname=web' "$(inside cat /run/udhcpc.bound)"
	assert_match 'lease=3600' "$(inside cat /run/udhcpc.bound)"
	assert_eq '1 1 0' "$(counter offer) $(counter ack) $(counter nak)"
}

test_udhcpc_that_hears_broadcasts_only() {
	link_and_server
	udhcpc -q -B
	assert_addressed
}

# The lease is renewed by a socket of the kernel's, which leaves the checksum to the link.
test_udhcpc_renews_and_releases() {
	link_and_server
	udhcpc -p /run/udhcpc.pid
	assert_addressed
	assert_eq 1 "$(counter ack)"
	inside sh -c 'kill -USR1 "$(cat /run/udhcpc.pid)"'
	wait_for 5 counter_is_at_least ack 2
	wait_for 5 inside test -e /run/udhcpc.renew
	assert_addressed
	assert_match 'ip=10.1.2.2' "$(inside cat /run/udhcpc.renew)"
	inside sh -c 'kill -USR2 "$(cat /run/udhcpc.pid)"'
	wait_for 5 counter_is_at_least released 1
	assert_eq '1 0 0' "$(counter offer) $(counter nak) $(counter ignored)"
}

test_dhclient() {
	link_and_server
	inside dhclient -1 host0
	assert_addressed
	assert_names
	assert_mtu
	assert_match "^web" "$(inside hostname)" "the host name"
	inside dhclient -r host0
	wait_for 5 counter_is_at_least released 1
}

test_dhcpcd() {
	link_and_server
	inside dhcpcd -4 -w -q host0
	assert_addressed
	assert_names
	assert_mtu
	assert_match "^web" "$(inside hostname)" "the host name"
	# RFC 4039: Debian's asks for a rapid commit.
	assert_eq '0 1' "$(counter offer) $(counter ack)"
	inside dhcpcd -4 -n host0
	wait_for 10 counter_is_at_least ack 2
	assert_addressed
	inside dhcpcd -4 -k host0
	wait_for 5 counter_is_at_least released 1
}

# A client that finds its address in use says so.
test_a_declined_address() {
	link_and_server
	ip address add 10.1.2.2/32 dev ve-x
	inside dhcpcd -4 -b -q host0
	wait_for 15 counter_is_at_least declined 1
	ip address delete 10.1.2.2/32 dev ve-x
	wait_for 25 has_address 10.1.2.2/28
}

# A client with an address set by hand asks for the rest only.
test_a_client_that_informs_itself() {
	link_and_server
	inside dhcpcd -4 -w -q --inform=10.1.2.5/28 host0
	assert_names
	has_address 10.1.2.5/28
	assert_eq '0 1' "$(counter offer) $(counter ack)"
}

lease_has() { # LINE
	inside sh -c 'cat /run/systemd/netif/leases/*' | grep -qx "$1"
}

# As an image has it: networkd's own file for host0, in a container.
test_networkd() {
	link_and_server lease=6
	networkd
	assert_addressed
	local line
	for line in HOSTNAME=web DOMAINNAME=floe.internal 'DNS=10.1.2.1 192.0.2.53' \
		SERVER_ADDRESS=10.1.2.1 T1=3 T2=5; do
		wait_for 5 lease_has "$line"
	done
	wait_for 10 has_ipv6_address
	wait_for 10 inside grep -q '^DNS=.*fd00:1:2:3::1' /run/systemd/netif/links/2
	wait_for 10 counter_is_at_least ack 3
	assert_addressed
	assert_eq '1 0' "$(counter offer) $(counter nak)"
}

# It asks for the MTU only when told to.
test_networkd_with_the_mtu() {
	link_and_server
	inside mkdir -p /run/systemd/network/80-container-host0.network.d
	printf '[DHCPv4]\nUseMTU=yes\n' |
		inside tee /run/systemd/network/80-container-host0.network.d/mtu.conf >/dev/null
	networkd
	assert_addressed
	wait_for 5 lease_has MTU=1400
	assert_mtu
}

# RFC 3442: the router is on the link, but in no network of the client's.
test_a_network_of_one_address() {
	link_and_server prefix=32
	networkd
	wait_for 15 has_address 10.1.2.2/32
	wait_for 5 has_default_route 10.1.2.1
	inside busybox ping -q -c 1 -W 2 10.1.2.1 >/dev/null
}

# A machine that comes back to another network than it left is told so at once.
moved_client() { # COMMAND...
	link_make
	serve address=10.1.2.9
	inside ip link set host0 up
	inside "$@"
	wait_for 15 has_address 10.1.2.9/28
	inside sh -c 'kill -KILL $(pidof dhclient dhcpcd)'
	inside ip address flush dev host0
	stop_serving
	serve
	inside rm -f /run/dhclient.pid /run/dhcpcd/host0-4.pid /run/dhcpcd/host0.pid
	inside "$@"
	assert_addressed
	assert_eq 1 "$(counter nak)"
}

test_dhclient_of_another_network() {
	moved_client dhclient -1 host0
}

test_dhcpcd_of_another_network() {
	moved_client dhcpcd -4 -w -q host0
}

# ---- IPv6 --------------------------------------------------------------------------------------

test_the_kernel_configures_itself() {
	link_and_server
	wait_for 15 has_ipv6_address
	assert_match 'fd00:1:2:3:0:ff:fe00:2/64' "$(inside ip -6 address show dev host0)"
	assert_match 'valid_lft forever' "$(inside ip -6 address show dev host0)"
	assert_match 'via fe80::ff:fe00:1 .* mtu 1400 ' "$(inside ip -6 route show default)"
	assert_match 'fd00:1:2:3::/64 dev host0' "$(inside ip -6 route)"
	inside busybox ping -q -c 1 -W 2 fd00:1:2:3::1 >/dev/null
	assert_eq 0 "$(counter ignored6)"
	counter_is_at_least unicast 1
}

# At the start all nodes are told, without being asked.
test_a_host_that_does_not_ask() {
	link_make
	inside sysctl -q net.ipv6.conf.host0.router_solicitations=0
	inside ip link set host0 up
	wait_for 10 has_carrier
	serve
	wait_for 15 has_ipv6_address
	assert_eq '1 0' "$(counter multicast) $(counter unicast)"
}

# ---- The link ----------------------------------------------------------------------------------

test_a_link_that_goes_down_and_up() {
	link_and_server
	ip link set ve-x down
	sleep 0.5
	local turns
	turns=$(counter turns)
	sleep 0.5
	# Both look for it once a second while it is down; the question itself takes a turn.
	(($(counter turns) - turns <= 4)) || fail "busy while the link is down"
	ip link set ve-x up
	udhcpc -q
	assert_addressed
}

test_a_link_that_goes_away() {
	link_and_server
	ip link delete ve-x
	wait "$SERVER"
	assert_match '^gone$' "$(sed -n 2p served)"
	SERVER=
}

test_what_cannot_be_served_is_refused() {
	link_make
	local settings=(server=10.1.2.1 address=10.1.2.2 source6=fe80::1 prefix6=fd00::)
	assert_fail "$SERVICES" none "${settings[@]}"
	assert_match 'cannot serve DHCP on link \? .*: No such device' "$ERRORS"
	assert_fail "$SERVICES" lo "${settings[@]}"
	assert_match 'cannot serve DHCP on link lo .*not an Ethernet link' "$ERRORS"
	assert_fail setpriv --bounding-set=-net_raw "$SERVICES" ve-x "${settings[@]}"
	assert_match 'cannot serve DHCP on link ve-x .*it takes CAP_NET_RAW' "$ERRORS"
	assert_fail "$SERVICES" ve-x "${settings[@]}" prefix=33
	assert_match 'prefix of 33 bits' "$ERRORS"
	assert_fail "$SERVICES" ve-x "${settings[@]}" source6=fd00::1
	assert_match 'link-local' "$ERRORS"
}

# ---- Hostile machines --------------------------------------------------------------------------

# 100,000 frames: what they cost the host does not depend on how many there are, only on how long
# they come: 50 a second are looked at.
test_a_flood_is_bounded_and_survived() {
	link_and_server
	local before=${EPOCHREALTIME/./} seconds cpu
	cpu=$(counter cpu_ms)
	inside python3 "$HERE/hostile-frames.py" host0 100000 "$CORPUS"/dhcp/* "$CORPUS"/ra/* >sent
	seconds=$(((${EPOCHREALTIME/./} - before) / 1000000 + 1))
	assert_eq 100000 "$(<sent)"
	cpu=$(($(counter cpu_ms) - cpu))
	echo "took $seconds s, the server $cpu ms"
	((cpu <= 20 + seconds * 20)) || fail "the flood of $seconds s cost $cpu ms"
	(($(counter turns) <= 200 + seconds * 150)) || fail "woken too often: $(counter turns)"
	udhcpc -q
	assert_addressed
	wait_for 15 has_ipv6_address
}

# What passes over the link is none of our business: the filter sees to it in the kernel.
test_other_traffic_costs_nothing() {
	link_and_server
	inside ip address add 10.1.2.2/28 dev host0
	wait_for 15 has_ipv6_address
	local turns
	turns=$(counter turns)
	inside busybox ping -q -c 1 -W 2 10.1.2.1 >/dev/null
	inside busybox ping -6 -q -c 1 -W 2 fd00:1:2:3::1 >/dev/null
	inside python3 -c 'import socket
for family, host in (socket.AF_INET, "10.1.2.1"), (socket.AF_INET6, "fd00:1:2:3::1"):
	udp = socket.socket(family, socket.SOCK_DGRAM)
	for _ in range(1000):
		udp.sendto(b"x" * 300, (host, 53))'
	assert_eq $((turns + 1)) "$(counter turns)" "turns"
}

# On a bridge a server is for one machine: another's floods and requests are not even seen.
test_another_client_is_not_answered() {
	link_and_server client=02:00:00:00:00:02
	inside ip link set host0 address 02:00:00:00:00:03
	run udhcpc -q -t 2
	assert_ne 0 "$STATUS" "status"
	assert_eq '0 0' "$(counter offer) $(counter ignored)"
	inside ip link set host0 address 02:00:00:00:00:02
	udhcpc -q
	assert_addressed
}

run_tests
