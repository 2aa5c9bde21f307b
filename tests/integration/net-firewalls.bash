# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Rule sets in the shape of others' firewalls, and a snapshot of all of the host's network. Sourced by
# net-world.bash.

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
	{
		find /proc/sys/net -type f -perm -400 ! -name nf_conntrack_count \
			! -name stable_secret -exec grep -H '' {} + 2>/dev/null || true # links may go
	} | sort
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
