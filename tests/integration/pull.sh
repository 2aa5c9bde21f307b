#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Pulling images from a server on loopback: the whole verified image, or none and a reason.
TEST_TIMEOUT=120
# shellcheck source=tests/lib.sh disable=SC2317
. "$(dirname "$0")/../lib.sh"

MACHINES=/var/lib/machines

# Serves $TEST_DIR/www: an archive root.tar.xz with its checksum.
start_server() {
	mkdir -p www tree/usr
	head -c 300000 /dev/urandom >tree/usr/random
	seq 100000 >tree/usr/numbers
	tar -cf - -C tree . | xz -0 >www/root.tar.xz
	(cd www && sha256sum root.tar.xz >SHA256SUMS)
	python3 "$TOP/tests/integration/http-server.py" www port log &
	SERVER=$!
	wait_for 20 test -e port
	URL=http://127.0.0.1:$(<port)
}

stop_server() {
	kill "$SERVER"
	wait "$SERVER" || true
}

pull() { # URL [ARGUMENT...]
	run timeout 60 floe pull-tar "$@"
}

assert_pulled() { # NAME
	((STATUS == 0)) || fail "pulling $1 failed: $ERRORS"
	diff -r tree "$MACHINES/$1" || fail "$1 is not what was served"
	run_ok floe remove "$1"
	assert_eq '' "$(ls -A "$MACHINES")" "$MACHINES"
}

assert_refused() { # PATTERN
	((STATUS == 1)) || fail "status should be 1, is $STATUS: $ERRORS"
	assert_match "$1" "$ERRORS"
	assert_eq 1 "$(wc -l <<<"$ERRORS")" 'lines of the message'
	assert_eq '' "$(ls -A "$MACHINES")" "$MACHINES"
}

test_pull() {
	start_server
	pull "$URL/root.tar.xz" --verify=no
	assert_pulled root
	pull "$URL/root.tar.xz?token=1#x" named --verify=checksum
	assert_pulled named
	pull "$URL/redirect/root.tar.xz" --verify=no
	assert_pulled root
	pull "$URL/chunked/root.tar.xz" --verify=no
	assert_pulled root
	mkdir "$MACHINES/root"
	pull "$URL/root.tar.xz" --verify=no
	assert_eq 1 "$STATUS" status
	assert_match 'already is an image' "$ERRORS"
	pull "$URL/root.tar.xz" --verify=no --force --read-only
	assert_match '^....i' "$(lsattr -d "$MACHINES/root")"
	assert_pulled root
	stop_server
}

test_connections_that_are_cut() {
	start_server
	cp www/SHA256SUMS www/root.tar.xz.sha256
	pull "$URL/cut/root.tar.xz" --verify=no
	assert_pulled root
	assert_match 'bytes=[0-9]+-' "$(<log)" 'ranges that were asked for'
	pull "$URL/cut-whole/root.tar.xz" --verify=no
	assert_pulled root
	pull "$URL/flaky/root.tar.xz" --verify=no
	assert_pulled root
	pull "$URL/changing/root.tar.xz" --verify=no
	assert_refused 'changed on the server'
	stop_server
}

test_checksums() {
	local digest
	start_server
	digest=$(cut -d' ' -f1 www/SHA256SUMS)
	for line in "$digest *root.tar.xz" "$digest  ./root.tar.xz" "SHA256 (root.tar.xz) = ${digest^^}"; do
		printf '%s\r\n' "# list" "${digest//[0-9]/0}  other" "$line" >www/SHA256SUMS
		pull "$URL/root.tar.xz" --verify=checksum
		assert_pulled root
	done
	mv www/SHA256SUMS www/root.tar.xz.sha256
	pull "$URL/root.tar.xz" --verify=checksum
	assert_pulled root
	mv www/root.tar.xz.sha256 www/SHA256SUMS
	sed -i 's/^SHA.*//' www/SHA256SUMS
	pull "$URL/root.tar.xz" --verify=checksum
	assert_refused 'has no checksum of "root.tar.xz"'
	echo "${digest//[0-9]/0}  root.tar.xz" >www/SHA256SUMS
	pull "$URL/root.tar.xz" --verify=checksum
	assert_refused "checksum of .* is wrong: expected ${digest//[0-9]/0}, found $digest"
	echo "$digest  root.tar.xz" >>www/SHA256SUMS
	pull "$URL/root.tar.xz" --verify=checksum
	assert_refused 'has different checksums'
	rm www/SHA256SUMS
	pull "$URL/root.tar.xz" --verify=checksum
	assert_refused 'there is no .*/SHA256SUMS and no root.tar.xz.sha256.*--verify=no'
	head -c 2M /dev/zero >www/SHA256SUMS
	pull "$URL/root.tar.xz" --verify=checksum
	assert_refused 'SHA256SUMS is larger than'
	stop_server
}

# Makes a key; prints nothing.
make_key() { # NAME
	mkdir -m 700 "home-$1"
	gpg --homedir "home-$1" --batch --quiet --pinentry-mode loopback --passphrase '' \
		--quick-generate-key "$1" ed25519 sign never 2>/dev/null
	gpg --homedir "home-$1" --batch --quiet --export >"$1.gpg"
}

sign() { # NAME [OPTION...]
	gpg --homedir "home-$1" --batch --quiet --yes --pinentry-mode loopback --passphrase '' \
		"${@:2}" --detach-sign www/SHA256SUMS
}

test_signatures() {
	start_server
	make_key alice
	make_key mallory
	pull "$URL/root.tar.xz" --keyring="$PWD/alice.gpg"
	assert_refused 'no signature of .*SHA256SUMS on the server.*--verify=checksum'
	sign alice -o www/SHA256SUMS.gpg
	pull "$URL/root.tar.xz" --keyring="$PWD/alice.gpg"
	assert_pulled root
	sign mallory -o www/SHA256SUMS.gpg
	pull "$URL/root.tar.xz" --keyring="$PWD/alice.gpg"
	assert_refused 'signature of .*SHA256SUMS is not by a key of .*alice.gpg: .*No public key'
	rm www/SHA256SUMS.gpg
	sign alice --armor -o www/SHA256SUMS.asc
	mkdir -p /etc/floe
	cp alice.gpg /etc/floe/import-pubring.gpg
	pull "$URL/root.tar.xz"
	assert_pulled root
	rm -r /etc/floe
	# Signed, and then changed.
	sed 's/^/ /' -i www/SHA256SUMS
	sha256sum <www/root.tar.xz | sed 's/-/root.tar.xz/' >>www/SHA256SUMS
	pull "$URL/root.tar.xz" --keyring="$PWD/alice.gpg"
	assert_refused 'BAD signature'
	pull "$URL/root.tar.xz" --keyring="$PWD/nobody.gpg"
	assert_refused 'cannot read the keyring'
	head -c 100 /dev/urandom >www/SHA256SUMS.asc
	pull "$URL/root.tar.xz" --keyring="$PWD/alice.gpg"
	assert_refused 'signature of .* is not by'
	# What is signed is checked before the archive is asked for.
	rm log
	pull "$URL/root.tar.xz" --keyring="$PWD/alice.gpg"
	assert_no_match 'root.tar.xz' "$(<log)" 'what was asked for'
	stop_server
	gpgconf --homedir home-alice --kill all
	gpgconf --homedir home-mallory --kill all
}

test_servers_that_do_not_serve() {
	start_server
	pull "$URL/missing.tar.xz" --verify=no
	assert_refused 'server has no .*missing.tar.xz .status 404'
	pull "$URL/denied/root.tar.xz" --verify=no
	assert_refused 'status 403'
	pull "$URL/loop/root.tar.xz" --verify=no
	assert_refused 'redirects'
	pull "$URL/away/root.tar.xz" --verify=no
	assert_refused 'cannot fetch .*rotocol'
	pull "$URL/dribble/root.tar.xz" --verify=no --timeout=1
	assert_refused 'too slow; --timeout'
	pull "$URL/silent/root.tar.xz" --verify=no --timeout=1
	assert_refused 'silent or too slow'
	stop_server
	pull "$URL/root.tar.xz" --verify=no --timeout=1
	assert_refused 'cannot fetch .*onnect'
}

test_limits() {
	start_server
	pull "$URL/root.tar.xz" --verify=no --max-size=100K
	assert_refused 'root.tar.xz is larger than the limit of 102400 bytes'
	pull "$URL/endless/zeros.tar" --verify=no --max-size=5M
	assert_refused 'more than the limit|larger than the limit'
	pull "$URL/chunked/root.tar.xz" --verify=no --max-size=500K
	assert_refused 'more than the limit of 512000 bytes'
	stop_server
}

test_archives_that_are_no_good() {
	start_server
	head -c 200000 www/root.tar.xz >www/short.tar.xz
	pull "$URL/short.tar.xz" --verify=no
	assert_refused 'ends early'
	echo 'no archive' >www/text.tar
	pull "$URL/text.tar" --verify=no
	assert_refused 'not a tar archive'
	: >www/empty.tar
	pull "$URL/empty.tar" --verify=no
	assert_refused 'empty'
	stop_server
}

test_bad_requests() {
	pull ftp://127.0.0.1/root.tar.xz --verify=no
	assert_refused 'no URL of http'
	pull /etc/passwd --verify=no
	assert_refused 'no URL of http.*import-tar'
	pull 'http://127.0.0.1/a b' --verify=no
	assert_refused 'blanks'
	pull http://127.0.0.1/ --verify=no
	assert_refused 'no image name'
	pull http://127.0.0.1:1/x.tar --verify=perhaps
	assert_refused 'expected signature, checksum or no'
}

test_proxy() {
	start_server
	pull http://example.invalid/root.tar.xz --verify=no --proxy="$URL"
	assert_pulled root
	assert_match 'http://example.invalid/root.tar.xz' "$(<log)" 'what the proxy was asked for'
	export http_proxy=$URL
	pull http://example.invalid/root.tar.xz --verify=checksum
	assert_pulled root
	stop_server
}

test_interrupted() {
	local pid status=0
	start_server
	floe pull-tar "$URL/dribble/root.tar.xz" --verify=no >messages 2>&1 &
	pid=$!
	has_tree() { [[ $(find "$MACHINES" -path '*/.#floe-import-root-*/tree') ]]; }
	wait_for 10 has_tree
	kill -INT "$pid"
	wait "$pid" || status=$?
	assert_eq 1 "$status" status
	assert_match 'cancelled; nothing of it is left' "$(<messages)"
	assert_eq '' "$(ls -A "$MACHINES")"
	stop_server
}

test_killed_at_random() {
	local i pid
	start_server
	for i in {1..15}; do
		floe pull-tar "$URL/root.tar.xz" image --verify=checksum >messages 2>&1 &
		pid=$!
		sleep "0.0$((RANDOM % 100))"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" || true
		if [[ -e $MACHINES/image ]]; then
			diff -r tree "$MACHINES/image" || fail "half an image"
			floe remove image
		fi
		run_ok floe clean
		assert_eq '' "$(ls -A "$MACHINES")" 'what is left'
	done
	stop_server
}

# Without the module or gpgv all else works, and what is missing is said.
test_without_the_module() {
	cp "$BUILD/floe" .
	run env -i PATH="$PATH" ./floe pull-tar http://127.0.0.1:1/x.tar --verify=no
	assert_eq 1 "$STATUS" status
	assert_match 'cannot load the module .*pull.so for pulling images.*libcurl' "$ERRORS"
}

run_tests
