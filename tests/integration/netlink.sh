#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What netlink/ asks of the kernel, in namespaces of its own, as ip(8), nft(8) and packets see it.
TEST_TIMEOUT=60
. "$(dirname "$0")/../lib.sh"

TOOL=$SANDBOX/netlink-tool
"${CC:-cc}" -std=gnu17 -D_GNU_SOURCE -o "$TOOL" "$TOP"/tests/integration/netlink-{tool,nft}.c \
	"$BUILD/libfloe.a" -lmnl || exit 1
TRAFFIC=$TOP/tests/integration/netlink-traffic.py

tool() { # [-n NAMESPACE] VERB ARGUMENT...: what it prints is in OUTPUT
	run "$TOOL" "$@"
	((STATUS == 0))
}

# Expects the refusal of a verb in these words, an extended regular expression.
refused() { # REGEX VERB ARGUMENT...
	local regex=$1
	shift
	assert_status 1 "$TOOL" "$@"
	assert_match "$regex" "$OUTPUT"
}

# Makes a namespace held by a process, PIDS[NAME], which ends with the test.
declare -A PIDS
namespace() { # NAME
	unshare --net sleep 300 &
	PIDS[$1]=$!
	wait_for 5 eval "[[ \$(readlink /proc/$!/ns/net) != $(readlink /proc/self/ns/net) ]]"
	nsenter -t "$!" -n ip link set lo up
}

within() { # NAME COMMAND...
	local pid=${PIDS[$1]}
	shift
	nsenter -t "$pid" -n "$@"
}

end_namespaces() {
	local pids
	mapfile -t pids < <(jobs -p)
	kill "${pids[@]}"
	wait "${pids[@]}" 2>/dev/null || true
}

attribute() { # LINK JQ-FILTER [NAMESPACE]
	${3:+within "$3"} ip -d -j link show "$1" | jq -r ".[0] | $2"
}

test_a_pair_is_made_inside_with_one_message() {
	namespace inside
	tool veth ve-web 02:00:00:00:00:01 host0 02:00:00:00:00:02 "${PIDS[inside]}" 1400
	assert_eq 'veth 02:00:00:00:00:01 1400 true' \
		"$(attribute ve-web '"\(.linkinfo.info_kind) \(.address) \(.mtu) \(.flags|any(.=="UP"))"')"
	assert_eq 'veth 02:00:00:00:00:02 1400 false' \
		"$(attribute host0 '"\(.linkinfo.info_kind) \(.address) \(.mtu) \(.flags|any(.=="UP"))"' inside)"
	assert_fail ip link show host0
	refused '^cannot create the veth link ve-web: File exists' \
		veth ve-web - host1 - "${PIDS[inside]}" 0
	assert_fail within inside ip link show host1
	refused 'cannot create the veth link ve-two: File exists' \
		veth ve-two - host0 - "${PIDS[inside]}" 0
	assert_fail ip link show ve-two
	# By a descriptor of the namespace, too.
	tool veth ve-three - host3 - "/proc/${PIDS[inside]}/ns/net" 0
	within inside ip link show host3
	tool delete ve-three
	assert_fail within inside ip link show host3
	# The end of the namespace takes both ends of a pair.
	end_namespaces
	wait_for 5 eval '! ip link show ve-web 2>/dev/null'
}

test_ports_of_a_bridge() {
	tool bridge vz-net
	tool veth vb-one - one - - 0
	tool change vb-one master vz-net
	assert_eq vz-net "$(attribute vb-one .master)"
	tool isolate vb-one yes
	assert_match 'isolated on' "$(bridge -d link show dev vb-one)"
	tool isolate vb-one no
	assert_match 'isolated off' "$(bridge -d link show dev vb-one)"
	tool change vb-one release -
	assert_eq null "$(attribute vb-one .master)"
	refused 'cannot isolate bridge port' isolate vb-one yes
	tool delete vb-one
	tool delete vz-net
}

test_links_that_share_another() {
	namespace inside
	tool veth parent - other - - 0
	tool change parent state up
	tool shared macvlan mv-parent parent 0 -
	assert_eq 'macvlan bridge parent' \
		"$(attribute mv-parent '"\(.linkinfo.info_kind) \(.linkinfo.info_data.mode) \(.link)"')"
	tool delete mv-parent
	tool shared macvlan mv-parent parent 0 "${PIDS[inside]}"
	assert_eq bridge "$(attribute mv-parent .linkinfo.info_data.mode inside)"
	refused 'tag of a VLAN is 1 to 4094, not 0' shared vlan vl parent 0 -
	tool delete parent
	end_namespaces
}

# Kernels may lack these kinds; then ip(8) cannot make them either, and the error says so.
check_kind() { # KIND TAG IP-ARGUMENT...
	local kind=$1 tag=$2
	shift 2
	tool veth parent - other - - 0
	if ip link add link parent name probe type "$kind" "$@" 2>/dev/null; then
		ip -d -j link show probe | jq '.[0].linkinfo' >expected
		ip link delete probe
		tool shared "$kind" made parent "$tag" -
		ip -d -j link show made | jq '.[0].linkinfo' >actual
		tool delete made
		diff expected actual
	else
		refused "cannot create the $kind link made: Operation not supported \(kernel: Unknown \
device type\); the kernel was built without it" shared "$kind" made parent "$tag" -
	fi
	tool delete parent
}

test_ipvlan() { check_kind ipvlan 0 mode l2; }
test_vlan() { check_kind vlan 7 id 7; }

test_links_are_changed_moved_and_returned() {
	namespace inside
	tool veth first - second - - 0
	tool change first mtu 1300
	tool change first mac 02:00:00:00:00:09
	tool change first name renamed
	assert_eq '1300 02:00:00:00:00:09' "$(attribute renamed '"\(.mtu) \(.address)"')"
	tool change renamed state up
	tool change renamed state down
	assert_eq false "$(attribute renamed '.flags|any(.=="UP")')"
	tool move renamed "${PIDS[inside]}" eth0
	assert_fail ip link show renamed
	assert_eq 02:00:00:00:00:09 "$(attribute eth0 .address inside)"
	tool -n "/proc/${PIDS[inside]}/ns/net" move eth0 /proc/self/ns/net renamed
	assert_eq 02:00:00:00:00:09 "$(attribute renamed .address)"
	refused 'cannot be the name of a network link' change renamed name 'with space'
	refused 'cannot be the name of a network link' change renamed name sixteen-bytes-xx
	refused 'cannot set up network link [0-9]+: Invalid argument \(kernel: mtu ' \
		change renamed mtu 10
	tool delete renamed
	end_namespaces
}

test_alternative_names() {
	tool veth ve-really-l3QgY - other - - 0
	tool altname add ve-really-l3QgY ve-really-long-name
	tool find ve-really-long-name
	assert_match '^[0-9]+ ve-really-l3QgY kind=veth .* altname=ve-really-long-name$' "$OUTPUT"
	refused 'File exists' altname add other ve-really-long-name
	tool altname delete ve-really-l3QgY ve-really-long-name
	refused 'cannot find the network link ve-really-long-name: No such device' \
		find ve-really-long-name
	tool delete ve-really-l3QgY
}

test_lists_of_links_agree() {
	tool bridge br0
	tool veth one - two - - 0
	tool change one master br0
	tool links
	assert_eq "$(ip -j link show | jq -r '.[] | "\(.ifindex) \(.ifname) \(.mtu)"')" \
		"$(sed -E 's/ kind=.* mtu=([0-9]+) .*/ \1/' <<<"$OUTPUT")"
	assert_match " one kind=veth master=$(attribute br0 .ifindex) " "$OUTPUT"
	tool delete one
	tool delete br0
}

test_changes_are_notified() {
	tool watch br-watched
	assert_eq $'changed br-watched\ngone br-watched' "$(uniq <<<"$OUTPUT")"
}

test_addresses() {
	tool veth one - two - - 0
	tool addr add one 10.1.0.1/28 -
	tool addr add one fd00:1::1/64 -
	tool addr add one 10.2.0.1/32 10.2.0.2/32
	tool addrs one
	assert_eq $'10.1.0.1/28 peer=none\n10.2.0.1/32 peer=10.2.0.2\nfd00:1::1/64 peer=none' \
		"$(sed 's/ nodad=.//' <<<"$OUTPUT" | grep -v ^fe80)"
	assert_match 'fd00:1::1/64 peer=none nodad=1' "$OUTPUT"
	assert_match 'inet 10.1.0.1/28 brd 10.1.0.15 ' "$(ip addr show one)"
	assert_match 'inet 10.2.0.1 peer 10.2.0.2/32 ' "$(ip addr show one)"
	refused '^cannot add the address 10.1.0.1/28 of network link [0-9]+: File exists' \
		addr add one 10.1.0.1/28 -
	tool addr replace one 10.1.0.1/28 -
	refused 'the prefix of 10.1.0.1 is longer' addr add one 10.1.0.1/33 -
	refused 'other address family' addr add one 10.1.0.1/32 fd00::1/128
	tool addr delete one 10.1.0.1/28 -
	refused '^cannot delete the address 10.1.0.1/28 .*: Cannot assign requested address' \
		addr delete one 10.1.0.1/28 -
	# More than what fits into the socket's buffer of answers at once.
	tool addrs-many one 1000
	assert_eq 1000 "$(ip -4 -o addr show one | grep -c '10\.200\.')"
	tool delete one
}

test_routes() {
	tool veth one - two - - 0
	tool change one state up
	tool change two state up
	tool addr add one 10.1.0.1/28 -
	tool addr add one fd00:1::1/64 -
	tool route add 0.0.0.0/0 10.1.0.2 one 0 -
	tool route add ::/0 fd00:1::2 one 0 -
	tool route add 172.16.0.0/12 - one 300 -
	tool route add 10.9.0.0/16 10.99.0.1 one 0 onlink
	assert_eq 'default via 10.1.0.2 proto static ' "$(ip route show default dev one)"
	assert_eq '172.16.0.0/12 dev one proto static scope link ' "$(ip route show table 300)"
	assert_match 'via 10.99.0.1 proto static onlink' "$(ip route show 10.9.0.0/16 dev one)"
	assert_match 'default via fd00:1::2' "$(ip -6 route show default)"
	tool routes 4 300
	assert_eq "172.16.0.0/12 via=none link=$(attribute one .ifindex) table=300" "$OUTPUT"
	tool routes 6 254
	assert_match 'none/0 via=fd00:1::2 ' "$OUTPUT"
	refused '^cannot add the route to 10.8.0.0/16 \(gateway 10.99.0.1, link 0\): .*Nexthop has invalid' \
		route add 10.8.0.0/16 10.99.0.1 - 0 -
	refused 'mixes IPv4 and IPv6' route add 10.8.0.0/16 fd00::1 - 0 -
	tool route replace 0.0.0.0/0 10.1.0.3 one 0 -
	assert_match 'via 10.1.0.3' "$(ip route show default)"
	tool route delete 0.0.0.0/0 10.1.0.3 one 0 -
	assert_eq '' "$(ip route show default)"
	tool delete one
}

# What nft(8) makes of it, in its own words.
test_tables_are_listed_by_nft() {
	local listed
	tool nft-all
	nft list ruleset >before
	listed=$(<before)
	assert_match 'comment "one of everything"' "$listed"
	assert_match 'elements = \{ 10.0.0.4-10.0.0.9, 240.0.0.0/4 \}' "$listed"
	assert_match 'elements = \{ 10.0.0.4-10.0.0.9 . 1000-2000 \}' "$listed"
	assert_match 'elements = \{ "ve-web" : jump machine \}' "$listed"
	assert_match '1449 : 0x000001c1' "$listed"
	assert_match 'ct state established,related counter .* accept comment "known connections"' "$listed"
	assert_match 'iifname != "ve-\*" ip saddr != 192.0.2.0/24 tcp dport 8000-8999 jump machine' "$listed"
	assert_match 'ip6 daddr 2001:db8::1 udp sport 53 return' "$listed"
	assert_match 'ip saddr != @ranges drop' "$listed"
	assert_match 'ip daddr . tcp dport @pairs goto machine' "$listed"
	assert_match 'iifname vmap @links' "$listed"
	assert_match 'meta mark set tcp dport map @marks ct mark set meta mark' "$listed"
	assert_match 'meta l4proto tcp snat ip to 198.51.100.7:4000' "$listed"
	assert_match 'snat ip6 to 2001:db8::7' "$listed"
	assert_match 'meta l4proto udp notrack' "$listed"
	assert_match 'hook forward priority filter - 5; policy drop' "$listed"
	# It can be loaded again as it was listed.
	nft delete table inet floe-test
	nft -f before
	nft list ruleset | diff before -
	tool nft-delete
	assert_eq '' "$(nft list ruleset)"
}

test_tables_are_read_back() {
	refused '^cannot find the nftables table floe-test: No such file or directory' nft-show floe-test
	tool nft-all
	tool nft-show floe-test
	echo "$OUTPUT" >first
	assert_match '^table floe-test "one of everything" use=8' "$OUTPUT"
	assert_match 'chain forward type=filter hook=2 priority=-5 policy=0' "$OUTPUT"
	assert_match 'set ranges flags=4 key=4 data=0 elements=3' "$OUTPUT"
	assert_match 'set marks flags=8 key=2 data=4 elements=450' "$OUTPUT"
	assert_match 'rule forward "known connections" [0-9a-f]+' "$OUTPUT"
	# Made anew it is the same, expression by expression.
	tool nft-all
	tool nft-show floe-test
	assert_eq "$(<first)" "$OUTPUT"
	nft insert rule inet floe-test machine drop
	tool nft-show floe-test
	assert_ne "$(<first)" "$OUTPUT"
	tool nft-delete
}

test_transactions_are_whole_and_touch_no_other_table() {
	nft add table ip others '{ chain c { type filter hook input priority 0; ip saddr 1.2.3.4 counter drop; }; }'
	nft list ruleset >others
	tool nft-all
	nft list ruleset >before
	refused '^nftables table floe-test: cannot add a rule to the chain forward: No such file' nft-refused
	nft list ruleset | diff before -
	tool nft-ports 10.1.0.2 fd00:1::2 out
	assert_fail nft list chain inet floe-test machine
	tool nft-element add 6 99
	refused 'cannot delete elements from the set ports4: No such file' nft-element delete 6 98
	assert_match 'tcp . 99 : 10.1.0.2 . 80' "$(nft list map inet floe-test ports4)"
	tool nft-element delete 6 99
	assert_no_match 'tcp . 99 ' "$(nft list map inet floe-test ports4)"
	tool nft-delete
	nft list ruleset | diff others -
	refused 'floe-test: cannot delete it: No such file' nft-delete
	nft delete table ip others
}

# Several times what a socket sends at once, and what a dump tells at once.
test_large_transactions() {
	tool nft-many 40000
	tool nft-show floe-test
	assert_match 'set marks flags=8 key=2 data=4 elements=40000' "$OUTPUT"
	tool nft-delete
}

test_without_privileges_the_error_says_so() {
	mount --bind "$TOOL" /bin/false
	run setpriv --reuid 65534 --clear-groups /bin/false bridge br0
	umount /bin/false
	assert_eq 1 "$STATUS"
	assert_match '^cannot create the bridge link br0: Operation not permitted.*CAP_NET_ADMIN' "$OUTPUT"
}

# As `make static` links it where there is no libmnl.a.
test_static_programs_need_no_libmnl() {
	"${CC:-cc}" -std=gnu17 -D_GNU_SOURCE -static -o static-tool \
		"$TOP"/tests/integration/netlink-{tool,nft}.c "$TOP/netlink/static/mnl.c" "$BUILD/libfloe.a"
	"$TOOL" nft-all
	"$TOOL" nft-show floe-test >shared
	./static-tool nft-all
	./static-tool nft-show floe-test | diff shared -
	./static-tool nft-delete
	./static-tool bridge br0
	assert_eq bridge "$(attribute br0 .linkinfo.info_kind)"
	./static-tool delete br0
}

# outside (192.0.2.2, 2001:db8::2) -- router: this namespace -- machine (10.1.0.2, fd00:1::2)
build_network() {
	namespace outside
	namespace machine
	tool veth out - eth0 - "${PIDS[outside]}" 0
	tool veth ve-machine - host0 - "${PIDS[machine]}" 0
	tool addr add out 192.0.2.1/24 -
	tool addr add out 2001:db8::1/64 -
	tool addr add ve-machine 10.1.0.1/28 -
	tool addr add ve-machine fd00:1::1/64 -
	configure "${PIDS[outside]}" eth0 192.0.2.2/24 2001:db8::2/64 '' ''
	configure "${PIDS[machine]}" host0 10.1.0.2/28 fd00:1::2/64 10.1.0.1 fd00:1::1
	echo 1 >/proc/sys/net/ipv4/ip_forward
	echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
}

configure() { # PID LINK ADDRESS4 ADDRESS6 GATEWAY4 GATEWAY6
	local at=/proc/$1/ns/net
	tool -n "$at" change "$2" state up
	tool -n "$at" addr add "$2" "$3" -
	tool -n "$at" addr add "$2" "$4" -
	[[ ! $5 ]] || tool -n "$at" route add 0.0.0.0/0 "$5" "$2" 0 -
	[[ ! $6 ]] || tool -n "$at" route add ::/0 "$6" "$2" 0 -
}

serve() { # NAMESPACE ADDRESS PORT
	nsenter -t "${PIDS[$1]}" -n python3 "$TRAFFIC" serve "$2" "$3" "$TEST_DIR/ready-$1-${2//[:.]/-}" &
	wait_for 10 test -e "$TEST_DIR/ready-$1-${2//[:.]/-}"
}

ask_outside() { within outside python3 "$TRAFFIC" ask "$@"; }
ask_machine() { within machine python3 "$TRAFFIC" ask "$@"; }

test_ports_and_masquerading_pass_traffic() {
	local protocol
	build_network
	tool nft-ports 10.1.0.2 fd00:1::2 out
	serve machine 10.1.0.2 80
	serve machine fd00:1::2 80
	serve outside 192.0.2.2 7000
	serve outside 2001:db8::2 7000
	for protocol in tcp udp; do
		# Published, the client's own address kept.
		assert_eq 192.0.2.2 "$(ask_outside "$protocol" 192.0.2.1 8080)" "$protocol"
		assert_eq 2001:db8::2 "$(ask_outside "$protocol" 2001:db8::1 8080)" "$protocol"
		# From the host, to an address of its own.
		assert_eq 10.1.0.1 "$(python3 "$TRAFFIC" ask "$protocol" 10.1.0.1 8080)" "$protocol"
		# Going out with the host's address.
		assert_eq 192.0.2.1 "$(ask_machine "$protocol" 192.0.2.2 7000)" "$protocol"
		assert_eq 2001:db8::1 "$(ask_machine "$protocol" 2001:db8::2 7000)" "$protocol"
	done
	# What is not published is not there.
	assert_fail ask_outside tcp 192.0.2.1 8081
	# Known connections aside, nothing is translated any more when the table is gone.
	tool nft-delete
	assert_fail ask_outside tcp 192.0.2.1 8080
	assert_eq '' "$(nft list ruleset)"
	end_namespaces
	wait_for 5 eval '! ip link show out 2>/dev/null && ! ip link show ve-machine 2>/dev/null'
}

# The table is replaced again and again while a client asks: no request may find it missing.
test_replacement_leaves_no_gap() {
	build_network
	tool nft-ports 10.1.0.2 fd00:1::2 out
	serve machine 10.1.0.2 80
	(
		while [[ ! -e stop ]]; do
			"$TOOL" nft-ports 10.1.0.2 fd00:1::2 out && echo >>replaced
		done
	) &
	for _ in {1..40}; do
		ask_outside tcp 192.0.2.1 8080 >>answers
	done
	touch stop
	wait $!
	assert_eq 40 "$(wc -l <answers)"
	(($(wc -l <replaced) >= 40)) || fail "replaced $(wc -l <replaced) times only"
	tool nft-delete
	end_namespaces
	wait_for 5 eval '! ip link show out 2>/dev/null && ! ip link show ve-machine 2>/dev/null'
}

# What systemd-nspawn calls its links here, against what is derived. It leaves a cgroup in the version
# 2 hierarchy: in one of ours, that can be told from others'.
NSPAWN_CGROUP=$(awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) == "cgroup2") { print $5; exit } }' \
	/proc/self/mountinfo)
NSPAWN_CGROUP=${NSPAWN_CGROUP:+$NSPAWN_CGROUP/floe-netlink-$RANDOM$RANDOM}

# On a hybrid host it also makes them in the hierarchy of systemd.
remove_nspawn_cgroups() {
	find /sys/fs/cgroup -depth -type d -path "*/${NSPAWN_CGROUP##*/}*" -exec rmdir {} +
}

nspawn_links() { # MACHINE
	busybox_root "root-$1"
	(
		[[ ! $NSPAWN_CGROUP ]] || echo "$BASHPID" >"$NSPAWN_CGROUP/cgroup.procs" || exit 1
		exec systemd-nspawn -q -D "root-$1" -M "$1" -n --register=no --keep-unit --as-pid2 \
			--console=pipe /bin/busybox sh -c 'cat /sys/class/net/host0/address; sleep 300'
	) >"inside-$1" 2>"log-$1" </dev/null &
	wait_for 20 grep -q : "inside-$1"
	ip -j link show type veth | jq -r '.[] | "\(.ifname) \(.altnames[0] // "-") \(.address)"' >"outside-$1"
	kill "$!"
	wait "$!" || true
	wait_for 5 eval '[[ ! $(ip -o link show type veth) ]]'
}

test_names_and_macs_are_those_of_nspawn() {
	local id machine name altname host container
	# Its own: the real one is left alone.
	id=00112233445566778899aabbccddeeff
	echo "$id" >machine-id
	mount --bind machine-id /etc/machine-id
	[[ ! $NSPAWN_CGROUP ]] || mkdir "$NSPAWN_CGROUP"
	for machine in web exactly-12-x exactly-13-xy really-long-name really-long-long-name-2; do
		nspawn_links "$machine"
		"$TOOL" names ve- "$machine" "$id" "$machine" >derived
		read -r name altname host container _ <derived
		assert_eq "$(<"outside-$machine")" "$name $altname $host" "links of $machine"
		assert_eq "$(<"inside-$machine")" "$container" "MAC inside $machine"
	done
	umount /etc/machine-id
	rm -r /run/systemd
	[[ ! $NSPAWN_CGROUP ]] || remove_nspawn_cgroups
	# nixpkgs' containers-names expects these.
	"$TOOL" names ve- really-long-name "$id" x | grep '^ve-really-l3QgY '
	"$TOOL" names ve- really-long-long-name-2 "$id" x | grep '^ve-really-lFYWO '
}

run_tests
