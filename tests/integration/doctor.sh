#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# floe doctor: what it says is so, here and where something was taken away.
# shellcheck source=tests/lib.sh disable=SC2317
. "$(dirname "$0")/../lib.sh"

state() { # NAME, with the JSON on standard input
	jq -r --arg name "$1" '.findings[] | select(.name == $name).state'
}

validate() {
	python3 -c 'import json, jsonschema, sys
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.validate(json.load(sys.stdin), schema, jsonschema.Draft202012Validator)' \
		"$TOP/docs/doctor.schema.json"
}

test_here() {
	run_ok floe doctor
	assert_match 'A NixOS container can boot here' "$OUTPUT"
	run_ok floe doctor --json
	validate <<<"$OUTPUT"
	assert_eq true "$(jq .can_boot_nixos <<<"$OUTPUT")"
	assert_eq '' "$(jq -r '.findings[].name' <<<"$OUTPUT" | sort | uniq -d)" 'names twice'
	for name in kernel privileges user-namespaces overlay module-image gpgv; do
		assert_eq fine "$(state $name <<<"$OUTPUT")" "$name"
	done
}

test_without_privileges() {
	run setpriv --bounding-set=-sys_admin,-net_admin --inh-caps=-all floe doctor --json
	assert_eq 1 "$STATUS" status
	validate <<<"$OUTPUT"
	assert_eq missing "$(state privileges <<<"$OUTPUT")"
	assert_match 'lacks CAP_SYS_ADMIN, CAP_NET_ADMIN' "$OUTPUT"
	assert_eq false "$(jq .can_boot_nixos <<<"$OUTPUT")"
	run setpriv --reuid=65534 --clear-groups floe doctor
	assert_eq 1 "$STATUS" status
	assert_match 'missing +privileges .*run as root' "$(tr '\n' ' ' <<<"$OUTPUT")"
}

test_without_user_namespaces() {
	local before
	before=$(</proc/sys/user/max_user_namespaces)
	# Of this sandbox it is the host's own setting: covered, not changed.
	echo 0 >zero
	mount --bind zero /proc/sys/user/max_user_namespaces
	run_ok floe doctor --json
	umount /proc/sys/user/max_user_namespaces
	assert_eq limited "$(state user-namespaces <<<"$OUTPUT")"
	assert_eq "$before" "$(</proc/sys/user/max_user_namespaces)"
}

test_without_modules_and_programs() {
	cp "$BUILD/floe" .
	run_ok ./floe doctor --json
	assert_eq limited "$(state module-pull <<<"$OUTPUT")"
	assert_match 'pull.so for pulling images' "$OUTPUT"
	assert_eq limited "$(state module-image <<<"$OUTPUT")"
	mount -t tmpfs -o size=1m tmpfs /var/lib/machines
	run_ok floe doctor
	umount /var/lib/machines
	assert_match 'limited +images +tmpfs' "$OUTPUT"
	assert_match 'limited +space +only [0-9] MiB' "$OUTPUT"
}

run_tests
