#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the machine shares with the host by files: resolv.conf, time zone, journal, credentials.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"

# The host's files are of the test's own making: its /etc is a layer over the real one.
make_host() {
	own_root
	mkdir upper work
	mount -t overlay overlay -o "lowerdir=/etc,upperdir=$PWD/upper,workdir=$PWD/work" /etc
	trap leave_host EXIT
	rm -f /etc/resolv.conf /etc/localtime
	echo '# of the host' >/etc/resolv.conf
	ln -s /usr/share/zoneinfo/Europe/Berlin /etc/localtime
	echo 0123456789abcdef0123456789abcdef >/etc/machine-id
}

leave_host() {
	umount /etc
	rm -rf /run/systemd/resolve
	rmdir /run/systemd 2>/dev/null || true
}

make_resolved() {
	mkdir -p /run/systemd/resolve
	echo '# the stub' >/run/systemd/resolve/stub-resolv.conf
	echo '# the uplink' >/run/systemd/resolve/resolv.conf
}

# What the machine reads, and whether it is a mount of the host's.
assert_resolv() { # TEXT bind|file MODE
	script_inside --resolv-conf="$3" 'cat /etc/resolv.conf
		grep -q " /etc/resolv.conf " /proc/self/mountinfo && echo bind || echo file'
	assert_eq "$1"$'\n'"$2" "$OUTPUT" "resolv.conf in mode $3"
}

resolv_modes() {
	echo '# of the tree' >"$ROOT/etc/resolv.conf"
	assert_resolv '# of the tree' file off
	assert_resolv '# of the host' bind bind-host
	assert_resolv '# the uplink' bind bind-uplink
	assert_resolv '# the stub' bind bind-stub
	assert_eq '# of the tree' "$(<"$ROOT/etc/resolv.conf")"
	assert_resolv '# of the host' file copy-host
	assert_resolv '# the uplink' file replace-uplink
	assert_resolv '# the stub' file copy-stub
	assert_resolv "$(</usr/lib/systemd/resolv.conf)" file replace-static
	assert_inside none --resolv-conf=delete 'test -e /etc/resolv.conf || echo none'
	assert_absent "$ROOT/etc/resolv.conf"
}

test_resolv_conf() {
	make_host
	make_resolved
	in_both_modes resolv_modes
	assert_refused 'resolv-conf' machine --resolv-conf=nonsense true
}

test_resolv_conf_that_is_a_link() {
	make_host
	ln -sfn ../run/link.conf "$ROOT/etc/resolv.conf"
	# A copy leaves a link alone, replacing does not.
	assert_inside '../run/link.conf' --resolv-conf=copy-host 'readlink /etc/resolv.conf'
	assert_inside '# of the host' --resolv-conf=replace-host 'cat /etc/resolv.conf'
	[[ ! -L $ROOT/etc/resolv.conf ]] || fail "the link is still there"
}

test_resolv_conf_auto() {
	make_host
	assert_resolv '# of the host' file auto
	assert_inside '# of the host' 'cat /etc/resolv.conf'
	make_resolved
	assert_resolv '# the stub' file auto
	script_inside --read-only 'cat /etc/resolv.conf; grep -c " /etc/resolv.conf " /proc/self/mountinfo'
	assert_eq $'# the stub\n1' "$OUTPUT"
	rm "$ROOT/etc/resolv.conf"
	assert_inside none --private-network 'test -e /etc/resolv.conf || echo none'
}

test_a_missing_resolv_conf_is_said() {
	make_host
	run_ok floe run -D "$ROOT" --resolv-conf=bind-uplink true
	assert_match 'the host has no such resolv.conf' "$ERRORS"
}

zones() {
	local link=../usr/share/zoneinfo/Europe/Berlin
	mkdir -p "$ROOT/usr/share/zoneinfo/Europe"
	rm -f "$ROOT/etc/localtime"
	assert_inside none --timezone=off 'test -e /etc/localtime || echo none'
	assert_inside "$link" --timezone=symlink 'readlink /etc/localtime'
	assert_inside none --timezone=delete 'test -e /etc/localtime -o -L /etc/localtime || echo none'
	script_inside --timezone=copy 'sha256sum </etc/localtime; test -L /etc/localtime || echo file'
	assert_eq "$(sha256sum </etc/localtime)"$'\nfile' "$OUTPUT" "a copied time zone"
	script_inside --timezone=bind 'sha256sum </etc/localtime; grep -c " /etc/localtime " /proc/self/mountinfo'
	assert_eq "$(sha256sum </etc/localtime)"$'\n1' "$OUTPUT" "a bound time zone"
	# Where the tree has the zone, a link to its own.
	cp /usr/share/zoneinfo/Europe/Berlin "$ROOT/usr/share/zoneinfo/Europe"
	assert_inside "$link" 'readlink /etc/localtime'
	rm -r "$ROOT/usr/share/zoneinfo"
	assert_inside file 'test -L /etc/localtime || echo file'
}

test_timezone() {
	make_host
	in_both_modes zones
	rm /etc/localtime
	assert_inside none 'test -e /etc/localtime || echo none'
	assert_refused 'timezone' machine --timezone=nowhere true
}

ID=11112222333344445555666677778888

make_journal() {
	make_host
	mkdir journal
	mount --bind journal /var/log/journal
	trap 'umount /var/log/journal; leave_host' EXIT
	echo $ID >"$ROOT/etc/machine-id"
}

test_link_journal_host() {
	make_journal
	local MODE
	for MODE in pick no; do
		script_inside --link-journal=host "mkdir -p /var/log/journal/$ID; echo $MODE >/var/log/journal/$ID/file"
		assert_eq "$MODE" "$(<"/var/log/journal/$ID/file")"
		assert_eq 0:0 "$(stat -c %u:%g "/var/log/journal/$ID/file")"
	done
	# With that directory auto binds it, too.
	script_inside --link-journal=auto "cat /var/log/journal/$ID/file"
	assert_eq no "$OUTPUT"
	script_inside --link-journal=no "cat /var/log/journal/$ID/file 2>/dev/null || echo none"
	assert_eq none "$OUTPUT"
}

test_link_journal_guest() {
	make_journal
	script_inside -j "echo inside >/var/log/journal/$ID/file"
	assert_eq "$ROOT/var/log/journal/$ID" "$(readlink "/var/log/journal/$ID")"
	assert_eq inside "$(<"/var/log/journal/$ID/file")"
	inside --link-journal=guest true
	inside --link-journal=try-guest true
}

test_link_journal_that_cannot_be() {
	make_journal
	cp /etc/machine-id "$ROOT/etc/machine-id"
	assert_refused "cannot link the machine's journal: the tree has the host's own machine-id" \
		machine --link-journal=host true
	inside --link-journal=try-host true
	assert_eq '' "$(ls /var/log/journal)" "what is in the host's journal"
	rm "$ROOT/etc/machine-id"
	assert_refused 'no machine-id yet' machine --link-journal=guest true
	assert_refused 'cannot be combined with --ephemeral' machine -x --link-journal=guest true
}

test_link_journal_of_a_host_without_one() {
	make_journal
	mkdir log
	mount --bind log /var/log
	trap 'umount /var/log /var/log/journal; leave_host' EXIT
	assert_refused 'keeps no journal' machine --link-journal=host true
	inside --link-journal=try-guest true
	assert_absent log/journal
}

credentials() {
	# shellcheck disable=SC2016 # expanded inside
	CREDENTIALS_DIRECTORY=$PWD script_inside --load-credential="one:$PWD/secret" --load-credential=two:secret \
		--set-credential='three:a\nb\x41' --load-credential="four:$PWD/served" '
		cd $CREDENTIALS_DIRECTORY && pwd
		sha256sum <one; cat two | wc -c; cat three; echo; cat four
		stat -c "%a %u:%g" one . ; echo x 2>/dev/null >one || echo read-only'
	assert_eq "/run/host/credentials
$(sha256sum <secret)
5000
a
bA
served at last
400 0:0
700 0:0
read-only" "$OUTPUT"
	assert_refused 'readable by root inside alone' machine --set-credential=x:secret -u user true
}

serve() {
	python3 - <<-'END' &
		import socket
		s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
		s.bind("served")
		s.listen()
		s.settimeout(20)
		for i in range(2):
		    c = s.accept()[0]
		    c.sendall(b"served ")
		    c.sendall(b"at last\n")
		    c.close()
	END
	wait_for 10 test -S served
}

test_credentials() {
	head -c 5000 /dev/urandom >secret
	chmod 600 secret
	serve
	in_both_modes credentials
	wait
	assert_inside unset 'echo ${CREDENTIALS_DIRECTORY-unset}'
	assert_refused "credential" machine --load-credential="one:$PWD/none" true
	assert_match 'No such file' "$ERRORS"
	assert_refused 'set-credential' machine --set-credential=bad/name:x true
}

test_credentials_do_not_touch_a_disk() {
	assert_inside ramfs --set-credential=x:secret \
		'sed -n "s/.* \/run\/host\/credentials .* - \([^ ]*\) .*/\1/p" /proc/self/mountinfo'
	assert_no_match 'secret' "$(floe plan -D "$ROOT" --set-credential=x:secret true)" "the plan"
}

run_tests
