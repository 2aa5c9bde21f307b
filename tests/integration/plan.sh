#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# floe plan: ten plans of this host, as text and as JSON that follows docs/plan.schema.json.
. "$(dirname "$0")/../lib.sh"

SCHEMA=$TOP/docs/plan.schema.json
VALIDATE=$TOP/tests/integration/validate-plan.py

busybox_root "$SANDBOX/tree"
mkdir -p "$SANDBOX"/{low,up,data} "$SANDBOX/nixos"/{nix/store,sbin,etc}
printf '#!/bin/sh\n' >"$SANDBOX/nixos/sbin/init"
chmod +x "$SANDBOX/nixos/sbin/init"
mkdir "$SANDBOX/nixos/bin"
cp "$SANDBOX/tree/bin/busybox" "$SANDBOX/nixos/bin/sh"

# One plan a line, in words of the shell; the first word names it.
PLANS="
command		-D $SANDBOX/tree /bin/true
shell		-D $SANDBOX/tree
pid2		-D $SANDBOX/tree -a --private-network /bin/sh -c id
user		-D $SANDBOX/tree -u user -E A=b --chdir /tmp /bin/id
boot		-D $SANDBOX/nixos -b --private-network --console=pipe
no-userns	-D $SANDBOX/tree --private-users=no --private-network /bin/true
ephemeral	-D $SANDBOX/tree -M eph -x --read-only /bin/true
volatile	-D $SANDBOX/nixos -b --volatile=overlay
mounts		-D $SANDBOX/tree --bind $SANDBOX/data:/data:idmap --bind-ro /etc:/host-etc \
		--tmpfs /scratch:size=1M --overlay $SANDBOX/low:$SANDBOX/up:/over --inaccessible /home /bin/true
limits		-D $SANDBOX/tree --rlimit NOFILE=64:128 --oom-score-adjust 100 --cpu-affinity 0 \
		--tasks-max 50 --capability CAP_SYS_TIME --no-new-privileges yes --set-credential a:b /bin/true
"

# Calls FUNCTION NAME WORD... for every plan.
each_plan() { # FUNCTION
	local name words
	while read -r name words; do
		[[ $name ]] || continue
		# shellcheck disable=SC2086 # a line of words
		"$1" "$name" $words
	done <<<"${PLANS//$'\\\n'/}"
}

write_json() { # NAME WORD...
	run_ok floe plan --json run "${@:2}"
	printf '%s\n' "$OUTPUT" >"$TEST_DIR/$1.json"
}

test_json_follows_the_schema() {
	each_plan write_json
	assert_eq 10 "$(find "$TEST_DIR" -name '*.json' | wc -l)" "number of plans"
	run_ok python3 "$VALIDATE" "$SCHEMA" "$TEST_DIR"/*.json
}

# A validator that lets everything pass would be no test.
test_the_schema_refuses_what_is_wrong() {
	local change
	write_json good -D "$SANDBOX/tree" /bin/true
	for change in 'del(.name)' '.ops[0].kind = "guess"' '.ops = []' '.more = 1' \
		'.ops[0].why = ""' '.notes = [{text: "x"}]' 'del(.ids.count)'; do
		jq "$change" "$TEST_DIR/good.json" >"$TEST_DIR/bad.json"
		assert_fail python3 "$VALIDATE" "$SCHEMA" "$TEST_DIR/bad.json"
	done
}

# Every act with its reason, numbered without a gap; headings; a last act that starts something.
check_text() { # NAME WORD...
	run_ok floe plan run "${@:2}"
	assert_eq "" "$ERRORS" "errors of the plan $1"
	awk -v name="$1" '
		/^ *[0-9]+\. / {
			if ($1 != ++count ".") { print name ": act " $1 " after " count - 1; bad = 1 }
			if (!/  [^ ]/) { print name ": no reason: " $0; bad = 1 }
			last = $2
		}
		/^[A-Z]/ { headings++ }
		END {
			if (count < 40 || headings < 5) { print name ": short: " count; bad = 1 }
			if (last != "execute" && last != "run") { print name ": ends with " last; bad = 1 }
			exit bad
		}' <<<"$OUTPUT" || fail "the plan $1 does not read well"
}

test_text_gives_every_act_and_reason() {
	each_plan check_text
}

test_text_and_json_have_the_same_acts() {
	local text json
	write_json nix -D "$SANDBOX/nixos" -b
	json=$(jq -r '.ops[].act' "$TEST_DIR/nix.json")
	run_ok floe plan run -D "$SANDBOX/nixos" -b
	text=$(sed -n "s/^ *[0-9]*\\. \\(.*[^ ]\\)   *[^ ].*/\\1/p" <<<"$OUTPUT")
	assert_eq "$json" "$text" "acts"
}

# The leak check of the harness sees the rest: no directory, no cgroup, no lock, no mount.
test_planning_changes_nothing() {
	local before
	before=$(find "$SANDBOX/tree" "$SANDBOX/nixos" -printf '%p %T@ %C@ %U %m\n' | sort)
	each_plan check_text
	assert_eq "$before" "$(find "$SANDBOX/tree" "$SANDBOX/nixos" -printf '%p %T@ %C@ %U %m\n' | sort)"
	assert_absent /run/floe /run/systemd/nspawn-uid
}

test_start_is_planned_too() {
	mkdir -p /var/lib/machines
	cp -a "$SANDBOX/nixos" /var/lib/machines/web
	run_ok floe plan start web
	assert_match "^boot /var/lib/machines/web as web" "$OUTPUT"
	assert_match "namespaces: .* net" "$OUTPUT"
	run_ok floe plan --json start web
	rm -r /var/lib/machines/web
	printf '%s\n' "$OUTPUT" >web.json
	run_ok python3 "$VALIDATE" "$SCHEMA" web.json
}

test_what_cannot_be_planned_is_refused() {
	assert_fail floe plan -D "$SANDBOX/nowhere" /bin/true
	assert_match "$SANDBOX/nowhere.*No such file or directory" "$ERRORS"
	assert_eq "" "$OUTPUT" "output"
	assert_fail floe plan -D "$SANDBOX/tree" -b --private-users=0:0
	assert_fail floe plan -D "$SANDBOX/tree" -u nobody-here /bin/true
	assert_match "no such user" "$ERRORS"
	assert_fail floe plan start no-such-image
}

run_tests
