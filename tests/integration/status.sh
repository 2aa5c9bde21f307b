#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What is said of machines: floe status, floe show, and their JSON against its schema.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/machine.bash"
. "$(dirname "$0")/images.bash"

validate() { # JSON, an array of machines
	python3 "$HERE/validate-json.py" "$TOP/docs/machine.schema.json" <<<"$1"
}

# A machine with an os-release full of quotes, a console, and a process in a group of its own.
start_known() { # OPTION...
	image "$WEB" 'echo first words; printf "\033[1mloud\033[0m\n"; /bin/sleep 1000 &
		mkdir /sys/fs/cgroup/a.slice /sys/fs/cgroup/a.slice/b
		echo $! >/sys/fs/cgroup/a.slice/b/cgroup.procs
		exec /bin/notifier notify:STATUS=Settled.%READY=1 usr1 exit:0'
	cat >"/var/lib/machines/$WEB/etc/os-release" <<-'X'
		ID=test
		VERSION_ID='1.5'
		PRETTY_NAME="Test \"OS\" \\ 1"
	X
	run_ok "${START[@]}" "$WEB" "$@"
}

test_status_is_for_people() {
	start_known --read-only
	run_ok floe status "$WEB"
	assert_match "^$WEB"$'\n +State: ready since .* ago\n +Status: Settled\\.\n +Leader: [0-9]+ \(/bin/notifier' "$OUTPUT"
	assert_match 'OS: Test "OS" \\ 1' "$OUTPUT"
	assert_match "Tree: /var/lib/machines/$WEB \(read-only\)" "$OUTPUT"
	assert_match 'Users: 65536 from [0-9]+' "$OUTPUT"
	assert_match 'Tasks: 2 \(at most 16384\)' "$OUTPUT"
	assert_match 'Memory: [0-9.]+[KM]' "$OUTPUT"
	assert_match 'CPU: [0-9.]+s' "$OUTPUT"
	assert_match $'Cgroup: /.*/floe/'"$WEB"$'\n +payload\n +[0-9]+ /bin/notifier[^\n]*\n +a.slice\n +b\n +[0-9]+ /bin/sleep 1000' "$OUTPUT"
	assert_match $'\nfirst words\nloud$' "$OUTPUT"
	run_ok floe status -n 1 "$WEB"
	assert_match $'1000\n\nloud$' "$OUTPUT"
	run_ok floe status --lines=0 "$WEB"
	assert_match '/bin/sleep 1000$' "$OUTPUT"
	run_ok floe status
	assert_match "^$WEB"$'\n' "$OUTPUT"
	run_ok floe stop "$WEB"
	run_ok floe status
	assert_eq '' "$OUTPUT"
	assert_refused "no machine called \"$WEB\" is running; \"floe list\"" floe status "$WEB"
}

test_show_is_for_programs() {
	start_known
	run_ok floe show -p state -p os_name -p tasks -p memory_max -p console "$WEB"
	assert_eq $'state=ready\nos_name=Test "OS" \\ 1\ntasks=2\nmemory_max=\nconsole=["first words","loud"]' "$OUTPUT"
	run_ok floe show --value -p leader "$WEB"
	assert_eq "$(field "$WEB" leader)" "$OUTPUT"
	run_ok floe show "$WEB"
	assert_eq "$(floe show -p help)" "$(sed 's/=.*//' <<<"$OUTPUT")" "keys"
	assert_refused 'no property "nonsense"; -p help' floe show -p nonsense "$WEB"
	run_ok floe stop "$WEB"
}

test_json_has_stable_keys() {
	start_known
	run_ok floe show --json
	validate "$OUTPUT"
	assert_eq "$(floe show -p help | sort)" "$(jq -r '.[0] | keys[]' <<<"$OUTPUT" | sort)" "keys"
	assert_eq "$(jq -r '.items.properties | keys[]' "$TOP/docs/machine.schema.json")" \
		"$(jq -r '.[0] | keys[]' <<<"$OUTPUT")" "keys of the schema"
	assert_eq 'payload/a.slice/b' "$(jq -r '.[0].processes[1].cgroup' <<<"$OUTPUT")"
	run_ok floe status --json "$WEB"
	validate "$OUTPUT"
	run_ok floe show --json -p uuid -p uid_count
	assert_eq '["uuid","uid_count"]' "$(jq -c '.[0] | keys_unsorted' <<<"$OUTPUT")"
	run_ok floe stop "$WEB"
	run_ok floe show --json
	assert_eq '[]' "$OUTPUT"
}

test_machines_in_the_foreground_and_without_users() {
	machine_background --private-users=no --ephemeral -M "$WEB" sh -c 'echo up; sleep 1000'
	wait_for_line up
	run_ok floe show --json "$WEB"
	validate "$OUTPUT"
	assert_eq '[null,null,null,null,"ephemeral"]' \
		"$(jq -c '.[0] | [.uid_base, .uid_count, .init, .log, .tree]' <<<"$OUTPUT")"
	kill "$FLOE"
	machine_wait
}

test_a_dead_machine_is_shown_as_such() {
	start_known
	kill -KILL "$(field "$WEB" monitor)"
	wait_for 5 state_is "$WEB" dead
	run_ok floe status "$WEB"
	assert_match "State: dead.*\`floe gc $WEB\` cleans up" "$OUTPUT"
	run_ok floe show --json
	validate "$OUTPUT"
	assert_eq '[null,null]' "$(jq -c '.[0] | [.leader, .tasks]' <<<"$OUTPUT")"
	run_ok floe gc
}

test_the_network_is_shown() {
	image "$WEB" "$READY_INIT"
	run_ok "${START[@]}" "$WEB" --network-veth --dhcp=no --address=10.77.1.2/24,10.77.1.1 --port=8080:80
	run_ok floe status "$WEB"
	assert_match $'Link: [a-z0-9-]+\n +Address: 10.77.1.2' "$OUTPUT"
	assert_match 'Port: tcp .*8080 80' "$OUTPUT"
	run_ok floe show --json "$WEB"
	validate "$OUTPUT"
	assert_eq '10.77.1.2' "$(jq -r '.[0].addresses[0]' <<<"$OUTPUT")"
	run_ok floe stop "$WEB"
}

# Text of the machine's own never reaches a terminal as it is.
test_hostile_text_is_made_harmless() {
	image "$WEB" "/bin/sh -c 'exec -a \"\$(printf \"evil\\033]0;x\\007name\")\" /bin/notifier sleep:1000000' &
		while ! grep -q evil /proc/\$!/cmdline; do sleep 0.01; done
		printf 'con\\033]0;title\\007sole\\n'
		exec /bin/notifier notify:READY=1 usr1 exit:0"
	printf 'PRETTY_NAME="os\033[2Jname"\n' >"/var/lib/machines/$WEB/etc/os-release"
	run_ok "${START[@]}" "$WEB"
	run_ok floe status "$WEB"
	assert_no_match $'\033|\007' "$OUTPUT"
	assert_match 'evil\?\]0;x\?name' "$OUTPUT"
	assert_match 'OS: os\[2Jname' "$OUTPUT"
	assert_match $'\nconsole$' "$OUTPUT"
	run_ok floe stop "$WEB"
}

run_tests
