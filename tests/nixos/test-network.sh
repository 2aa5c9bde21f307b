#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# NixOS-shaped images with networkd and with dhcpcd inside, on a host that has neither: by floe they
# get an address, reach the outside and are reached, and by systemd-nspawn they do not. What came of
# it is printed side by side.
# shellcheck disable=SC2034 # settings of the harness
TEST_TIMEOUT=180
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$TOP/tests/nixos/lib.sh"
# shellcheck source-path=SCRIPTDIR/../integration source=net-world.bash
. "$TOP/tests/integration/net-world.bash"

IMAGE=$(nixos_image) || exit 1
# Cgroups are the host's: no other test has a machine of this name.
WEB=net-$(tr '[:upper:]' '[:lower:]' <<<"${SANDBOX##*.}")
TREE=/var/lib/machines/$WEB

# The report is for everybody, not only for whom a test fails.
exec 3>&1

# The host's resolver listens on its loopback, as most do.
make_resolver() {
	own_etc 'nameserver 127.0.0.53'
	serve_names_at host 127.0.0.53 "www.example.net=$SERVER4"
}

drop_all() {
	world_end
	nixos_remove "$TREE"
}

# A command inside, whoever runs the machine.
inside() { # COMMAND...
	nsenter --target "${PLACES[$WEB]}" --all -- /run/current-system/sw/bin/env -i HOME=/root \
		TERM=dumb PATH=/run/wrappers/bin:/run/current-system/sw/bin "$@"
}

is_up() {
	[[ $(inside systemctl is-system-running 2>/dev/null) == @(running|degraded) ]]
}

yes_or_no() { # COMMAND...
	if "$@" >/dev/null 2>&1; then echo yes; else echo no; fi
}

answers() { # PLACE PROTOCOL ADDRESS PORT
	at "$1" "${TRAFFIC[@]}" ask -w 1 "${@:2}"
}

has_global() { # 4|6
	[[ $(address_of "$WEB" "$1") ]]
}

has_way_out() { # 4|6
	[[ $(inside ip "-$1" route show default) ]]
}

# An address is no source while it is looked for duplicates (RFC 4862, section 5.4).
is_settled() {
	[[ ! $(inside ip -6 address show scope global tentative) ]]
}

# Waits as long as a client may take that asks in vain: nspawn's are given the same time. A client
# that takes the link over drops what was set, and asks for it again.
wait_for_addresses() {
	local try
	for ((try = 0; try < 60; try++)); do
		has_global 4 && has_global 6 && has_way_out 4 && has_way_out 6 &&
			is_settled && return
		sleep 0.1
	done
}

# What can be done with the machine, a fact a line, each with the name that the report gives it.
facts() {
	wait_for_addresses
	serve_at "$WEB" tcp:80 udp:53
	echo "IPv4 address inside=$(yes_or_no has_global 4)"
	echo "IPv6 address inside=$(yes_or_no has_global 6)"
	echo "reaches the server outside by IPv4=$(yes_or_no answers "$WEB" tcp "$SERVER4" 80)"
	echo "reaches the server outside by IPv6=$(yes_or_no answers "$WEB" tcp "$SERVER6" 80)"
	echo "finds it by name=$(yes_or_no inside getent ahostsv4 www.example.net)"
	echo "port 8080 from outside by IPv4=$(yes_or_no answers client tcp "$HOST4" 8080)"
	echo "port 8080 from outside by IPv6=$(yes_or_no answers client tcp "$HOST6" 8080)"
	echo "port 8080 of 127.0.0.1=$(yes_or_no answers host tcp 127.0.0.1 8080)"
	echo "port 8080 of ::1=$(yes_or_no answers host tcp ::1 8080)"
	echo "UDP port 5300 of 127.0.0.1=$(yes_or_no answers host udp 127.0.0.1 5300)"
	kill "$STARTED"
}

report() { # TITLE
	{
		printf '        %-40s %-8s %s\n' "$1" floe systemd-nspawn
		paste -d = facts.floe facts.nspawn | awk -F= '{ printf "        %-40s %-8s %s\n", $1, $2, $4 }'
	} >&3
}

# The client inside has taken the link over and holds a lease: what floe had set before is not all
# there is.
check_lease() { # CLIENT
	case $1 in
	tarball)
		wait_for 15 inside grep -q '^SERVER_ADDRESS=10\.' -r /run/systemd/netif/leases
		wait_for 15 is_routable
		;;
	dhcpcd)
		wait_for 15 has_dhcpcd_lease
		;;
	esac
}

is_routable() {
	inside networkctl status host0 | grep -q 'State: routable (configured)'
}

has_dhcpcd_lease() {
	inside dhcpcd -4 -U host0 | grep -q 'dhcp_server_identifier=.\?10\.'
}

check_floe() { # CLIENT
	run_ok floe start "$WEB" -p 8080:80 -p udp:5300:53
	place_of_machine "$WEB"
	MACHINES=("$WEB")
	check_lease "$1"
	facts >facts.floe
	assert_eq "" "$(inside systemctl --failed --no-legend --plain)" "failed units"
	assert_match "$(address_of "$WEB" 4)" "$(machine_field "$WEB" '.addresses | tostring')"
	assert_eq "" "$(grep '=no' facts.floe || true)" "what does not work"
	check_reboot "$1"
	run_ok floe stop "$WEB"
}

check_nspawn() {
	mkdir -p "$TREE/usr"
	nspawn_up "$WEB" -D "$TREE" -n -p 8080:80 -p udp:5300:53 --kill-signal=SIGRTMIN+3 /sbin/init
	wait_for 60 is_up
	facts >facts.nspawn
	nspawn_down
	assert_eq "" "$(grep '=yes' facts.nspawn || true)" "what works under nspawn without networkd"
}

side_by_side() { # CLIENT TITLE
	world_make
	make_resolver
	trap drop_all EXIT
	serve_at server tcp:80
	run_ok floe import-tar "$IMAGE/$1.tar.xz" "$WEB"
	network_snapshot before
	check_floe "$1"
	assert_network_unchanged before
	check_nspawn
	report "$2"
}

test_an_image_with_networkd() {
	side_by_side tarball "an image with networkd inside, under"
}

test_an_image_with_dhcpcd() {
	side_by_side dhcpcd "an image with dhcpcd inside, under"
}

# The machine comes back as another one of the same name: with its address, which its client is
# content with, and with its ports.
check_reboot() { # CLIENT
	local first
	first=$(address_of "$WEB" 4)
	run inside systemctl reboot
	wait_for 60 has_other_leader
	place_of_machine "$WEB"
	wait_for 60 is_up
	wait_for_addresses
	check_lease "$1"
	assert_eq "$first" "$(address_of "$WEB" 4)" "address after a reboot"
	serve_at "$WEB" tcp:80
	assert_answer client tcp "$HOST4" 8080 "$CLIENT4"
	kill "$STARTED"
}

has_other_leader() {
	[[ $(machine_field "$WEB" '.leader // empty') != "${PLACES[$WEB]}" &&
		$(machine_field "$WEB" .state) == ready ]]
}

run_tests
