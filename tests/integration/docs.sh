#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The manual, help, completion and schema against the tables that the program has.
# shellcheck source=tests/lib.sh disable=SC2317
. "$(dirname "$0")/../lib.sh"

MANUAL=$TOP/docs/man/floe.1

verbs() {
	floe --help | awk '/^  [a-z]/ { print $1 }'
}

# "VERB --name" and "VERB -x" lines, from the help of each verb.
options_of_help() {
	local verb
	for verb in $(verbs); do
		floe help "$verb" | sed -En 's/^ +(-[^ ].*)/\1/p' | grep -oE '^(-[A-Za-z], )?--?[A-Za-z0-9-]+' |
			grep -oE -- '--?[A-Za-z][A-Za-z0-9-]*' | sed "s/^/$verb /"
	done | sort -u
}

# The same from the bash completion.
options_of_completion() {
	bash -c 'source <(floe completion bash); for verb in $_floe_verbs; do
		for option in $(_floe_options "$verb"); do echo "$verb ${option%=}"; done; done' | sort -u
}

# Every key of NixOS's files has its part.
test_the_manual_has_every_key_of_nixos_and_no_other() {
	sed -n 's/.*\[NIXOS_[A-Z0-9_]*\] = "\([A-Z0-9_]*\)".*/\1/p' "$TOP/runtime/spec/nixos_conf.c" | sort >keys
	(($(wc -l <keys) == 17)) || fail "$(wc -l <keys) keys were found"
	sed -n '/^\.Sh KEYS/,/^\.Sh WHAT/s/^\.It Va //p' "$TOP/docs/man/floe-nixos.7" | sed 's/ , /\n/g' |
		sort >manual
	run_ok diff keys manual
}

# Options of the manual: "--name" and "-x" at the head of list items.
options_of_manual() {
	grep '^\.It Fl' "$MANUAL" | grep -oE 'Fl -?[A-Za-z][A-Za-z0-9-]*' | sed 's/^Fl /-/' | sort -u
}

# -h is explained once for all verbs, in running text.
test_the_manual_has_every_option_and_no_other() {
	options_of_help | awk '{ print $2 }' | grep -vxe --help -e -h | sort -u >table
	options_of_manual >manual
	(($(wc -l <table) > 60)) || fail "only $(wc -l <table) options were found"
	run_ok diff table manual
}

test_the_manual_has_every_verb_and_no_other() {
	verbs | sort >table
	sed -n '/^\.Sh VERBS/,/^\.Sh OPTIONS/p' "$MANUAL" | sed -n 's/^\.It Cm //p' | sort >manual
	run_ok diff table manual
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$MANUAL" |
		awk '/^\.Nm/ { getline; print $2 }' | sort >synopsis
	run_ok diff table synopsis
}

# The words of each option that takes one of a few stand in its part of the manual.
test_the_manual_explains_every_word() {
	local option word part
	for option in store nix-daemon ephemeral volatile settings private-users \
		private-users-ownership timezone \
		link-journal console personality; do
		part=$(awk -v item="$option" '$0 ~ "^\\.It.* Fl -" item "( |$)" { on = 1; print; next }
			/^\.(It Fl|El|Ss)/ { on = 0 } on' "$MANUAL")
		[[ $part ]] || fail "no part about --$option"
		for word in $(floe run "--$option=help"); do
			assert_match "(^|[^a-z0-9-])${word//+/\\+}([^a-z0-9-]|\$)" "$part" "--$option in the manual"
		done
	done
}

test_completion_has_every_option_and_no_other() {
	options_of_help >help
	options_of_completion >completion
	run_ok diff help completion
}

test_the_manual_is_well_formed() {
	local page
	for page in "$TOP"/docs/man/*.[1-8]; do
		run_ok mandoc -T lint -W warning "$page"
		mandoc -T utf8 "$page" >/dev/null
	done
}

test_completion_scripts_are_understood_by_their_shells() {
	local shell
	for shell in bash zsh fish; do
		floe completion "$shell" >"script.$shell"
		run_ok "$shell" -n "script.$shell"
		assert_eq '' "$ERRORS" "messages of $shell"
	done
}

complete_bash() { # WORD... ; the last one is completed
	# shellcheck disable=SC2016
	bash -c 'source <(floe completion bash)
		compopt() { :; } # not in a completion that the shell itself began
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
		_floe; echo "${COMPREPLY[*]}"' bash "$@"
}

test_bash_completes() {
	assert_eq 'start stop status' "$(complete_bash floe st)"
	assert_eq '--console=' "$(complete_bash floe run --con)"
	assert_eq 'pipe' "$(complete_bash floe run --console = pip)"
	assert_eq 'read-only' "$(complete_bash floe run --console read)"
	assert_eq '/usr' "$(complete_bash floe run -D /us)"
	assert_eq 'CAP_BPF' "$(complete_bash floe start x --capability CAP_BP)"
	assert_eq 'zsh' "$(complete_bash floe completion z)"
	assert_eq 'terminate' "$(complete_bash floe help te)"
	assert_eq '' "$(complete_bash floe list --nonsense)"
	mkdir /var/lib/machines/sample
	assert_eq 'sample' "$(complete_bash floe start sam)"
	rmdir /var/lib/machines/sample
}

test_fish_completes() {
	floe completion fish >script
	export HOME=$PWD
	complete_fish() { fish -c "source script; complete -C '$1'" | cut -f1 | paste -sd ' '; }
	assert_eq 'start status stop' "$(complete_fish 'floe st')"
	assert_eq '--console' "$(complete_fish 'floe run --cons')"
	assert_eq '--console=pipe' "$(complete_fish 'floe run --console=pip')"
}

# JSON on standard input against a schema of docs/.
validate() { # SCHEMA
	python3 "$TOP/tests/integration/validate-json.py" "$TOP/docs/$1"
}

check_spec() { # ARGUMENT...
	run_ok floe plan --spec "$@"
	run_ok validate spec.schema.json <<<"$OUTPUT"
}

test_specs_match_their_schema() {
	check_spec -D /x
	check_spec start sample
	check_spec -D /x -bqx --strict --masks --private-time --private-network --uuid="$(printf '%032d' 1)"
	check_spec -D /x --private-users=65536 --system=/s --store=rw --hostname=h --kill-signal=15
	check_spec -D /x --bind=/a:/b:norbind,idmap --bind-ro=+c:/d --bind=:/e --tmpfs=/f:size=1M --tmpfs=/g \
		--overlay=/h::/i --overlay=+/j:+/k --overlay-ro=/l:/m:/n --inaccessible=/o
	check_spec -D /x --rlimit=NOFILE=1:infinity --rlimit=CPU=1min --oom-score-adjust=-5 --tasks-max=7 \
		--cpu-affinity=0,2-3 --personality=x86 --set-credential=a:b --load-credential=c:/d -E A=1
	check_spec -D /x --capability=all --drop-capability=CAP_KILL --ambient-capability=CAP_BPF \
		--system-call-filter='@keyring bpf' --system-call-filter='~ptrace' -u joe --chdir=/y cmd 'a b'
}

# A schema that refuses nothing would prove nothing.
test_the_schema_refuses_other_things() {
	floe plan --spec -D /x >spec
	local edit
	for edit in '.store = "sometimes"' 'del(.machine)' '.new = 1' '.mounts = [{"kind": "bind"}]' \
		'.tasks_max = 0' '.uuid = "x"' '.credentials = [{"id": "a"}]'; do
		jq "$edit" spec >changed
		assert_fail validate spec.schema.json <changed
	done
}

run_tests
