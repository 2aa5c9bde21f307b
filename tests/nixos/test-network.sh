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
own_etc() {
	cp -a /etc etc
	mount --bind etc /etc
	rm -f /etc/resolv.conf
	echo 'nameserver 127.0.0.53' >/etc/resolv.conf
	serve_names_at host 127.0.0.53 "www.example.net=$SERVER4"
}

drop_all() {
	world_end
	umount -l /etc
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

# Waits as long as a client may take that asks in vain: nspawn's are given the same time.
wait_for_addresses() {
	local try
	for ((try = 0; try < 60; try++)); do
		has_global 4 && has_global 6 && return
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

# The client inside holds a lease of its own; what floe had set before is not all there is.
check_lease() { # CLIENT
	case $1 in
	tarball)
		wait_for 15 inside grep -q '^SERVER_ADDRESS=10\.' -r /run/systemd/netif/leases
		inside networkctl status host0 >status
		assert_match 'State: routable \(configured\)' "$(<status)"
		;;
	dhcpcd)
		wait_for 15 inside test -s /var/lib/dhcpcd/host0.lease
		assert_match 'dhcp_server_identifier=.?10\.' "$(inside dhcpcd -4 -U host0)"
		;;
	esac
}

check_floe() { # CLIENT
	run_ok floe start "$WEB" -p 8080:80 -p udp:5300:53
	place_of_machine "$WEB"
	MACHINES=("$WEB")
	facts >facts.floe
	check_lease "$1"
	# After the client has done what it does, everything is as before.
	facts >facts.again
	diff facts.floe facts.again || fail "the client has changed what works"
	assert_eq "" "$(inside systemctl --failed --no-legend --plain)" "failed units"
	assert_match "$(address_of "$WEB" 4)" "$(machine_field "$WEB" '.addresses | tostring')"
	assert_eq "" "$(grep '=no' facts.floe || true)" "what does not work"
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
	own_etc
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

# Boots again and again: the address stays, and the client is content with it.
test_addresses_stay_over_reboots() {
	local first
	world_make
	own_etc
	trap drop_all EXIT
	run_ok floe import-tar "$IMAGE/dhcpcd.tar.xz" "$WEB"
	run_ok floe start "$WEB" -p 8080:80
	MACHINES=("$WEB")
	place_of_machine "$WEB"
	wait_for_addresses
	first=$(address_of "$WEB" 4)
	assert_match '^10\.' "$first"
	run inside systemctl reboot
	wait_for 60 has_other_leader
	place_of_machine "$WEB"
	wait_for 60 is_up
	wait_for_addresses
	check_lease dhcpcd
	assert_eq "$first" "$(address_of "$WEB" 4)" "address after a reboot"
	serve_at "$WEB" tcp:80
	assert_answer client tcp "$HOST4" 8080 "$CLIENT4"
	kill "$STARTED"
	run_ok floe stop "$WEB"
}

has_other_leader() {
	[[ $(machine_field "$WEB" '.leader // empty') != "${PLACES[$WEB]}" &&
		$(machine_field "$WEB" .state) == ready ]]
}

run_tests
