#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the command line says, and what it exits with.
# shellcheck source=tests/lib.sh disable=SC2317
. "$(dirname "$0")/../lib.sh"

# A refusal: status 1, nothing on standard output, one line of the program's that matches.
refuse() { # REGEX COMMAND...
	local regex=$1
	shift
	assert_status 1 "$@"
	assert_eq '' "$OUTPUT" "output of $*"
	assert_match "^floe: .*$regex" "$ERRORS" "message of $*"
}

test_the_version_is_on_the_first_line() {
	run_ok floe --version
	assert_match '^floe [0-9]+\.[0-9]+\.[0-9]+$' "$OUTPUT"
	local version=$OUTPUT
	run_ok floe version
	assert_eq "$version" "$OUTPUT"
	refuse 'too many words' floe version now
}

test_help_goes_to_standard_output_when_asked_for() {
	local words
	for words in --help -h help 'help run' 'run --help' 'run -h' 'start -h' 'stop --help' 'plan run -h'; do
		# shellcheck disable=SC2086
		run_ok floe $words
		assert_match '^Usage: floe ' "$OUTPUT"
		assert_eq '' "$ERRORS" "errors of floe $words"
	done
	assert_status 1 floe
	assert_eq '' "$OUTPUT"
	assert_match '^Usage: floe ' "$ERRORS"
}

test_mistyped_verbs_get_a_suggestion() {
	refuse "did you mean 'start'" floe strat
	refuse "did you mean 'list'" floe lst
	refuse "did you mean 'import-tar'" floe import-tra
	refuse "no verb 'frobnicate'; see" floe frobnicate
	refuse 'no option --quiet before a verb' floe --quiet run
	refuse "no verb 'x'" floe help x
}

test_bad_options_are_refused_before_anything_is_done() {
	mkdir root
	refuse 'no option --nonsense' floe run -D root --nonsense /bin/true
	refuse 'ambiguous' floe run --private
	refuse 'needs a value: PATH' floe run -D
	refuse "--rlimit=NOFILE=many: expected a number" floe run -D root --rlimit=NOFILE=many
	refuse 'cannot be combined' floe run -D root -ab
	refuse 'does not register machines' floe run -D root --register=yes
	refuse "host's own root" floe run -D /
	refuse 'takes no value' floe list --json=yes
	refuse 'expected seconds' floe stop --timeout=soon x
	refuse 'expected bytes' floe import-tar --max-size=much x
	refuse 'image name' floe start ../x
	refuse 'name of the image is missing' floe plan start
	assert_eq '' "$(ls root)" "the tree"
}

test_messages_are_one_line_whatever_is_in_a_value() {
	assert_fail floe run "--bind=/a:/b:x$(printf '\n\033[31m')y"
	assert_eq 1 "$(wc -l <"$TEST_DIR/.errors")" "lines"
	assert_no_match $'\033' "$ERRORS"
}

test_words_are_listed_on_request() {
	run_ok floe run --console=help
	assert_eq 'auto interactive read-only passive pipe autopipe' "$(paste -sd ' ' <<<"$OUTPUT")"
	run_ok floe start x --capability help
	assert_match '(^|.)CAP_SYS_TIME' "$OUTPUT"
	run_ok floe plan --rlimit=help
	assert_match 'NOFILE' "$OUTPUT"
	assert_no_match '=' "$OUTPUT"
}

test_too_many_and_too_few_words_are_refused() {
	local verb
	for verb in start stop terminate shell remove import-tar completion; do
		refuse 'too few words; usage: floe '"$verb" floe "$verb"
	done
	refuse 'too many words' floe list x
	refuse 'too many words' floe import-tar a b c
	refuse 'too many words' floe completion bash zsh
	refuse 'expected bash, zsh or fish' floe completion tcsh
}

test_what_is_not_there_is_an_error() {
	refuse 'nobody' floe stop nobody
	refuse 'nobody' floe terminate nobody
	refuse 'nobody' floe shell nobody
	refuse 'nobody' floe remove nobody
	refuse 'nobody' floe start nobody
	refuse 'nobody' floe run -M nobody /bin/true
	refuse "$PWD/nobody" floe run -D nobody /bin/true
	refuse 'cannot open nobody.tar' floe import-tar nobody.tar
}

test_every_name_gets_its_turn() {
	assert_status 1 floe stop nobody noone
	assert_match nobody "$ERRORS"
	assert_match noone "$ERRORS"
	assert_eq 2 "$(wc -l <"$TEST_DIR/.errors")" "lines"
}

test_empty_lists_are_lists() {
	run_ok floe list
	assert_match '^NAME +STATE +LEADER' "$OUTPUT"
	run_ok floe list --no-legend
	assert_eq '' "$OUTPUT"
	run_ok floe list --json
	assert_eq '[]' "$OUTPUT"
	run_ok floe list --images --json
	assert_eq '[]' "$OUTPUT"
	run_ok floe gc
}

test_images_are_listed() {
	mkdir /var/lib/machines/{beta,alpha}
	run_ok floe list --images --no-legend
	assert_eq 'alpha beta' "$(awk '{ print $1 }' <<<"$OUTPUT" | paste -sd ' ')"
	run_ok floe list --images --json
	assert_eq '/var/lib/machines/alpha' "$(jq -r '.[0].path' <<<"$OUTPUT")"
	run_ok floe remove alpha beta
	assert_absent /var/lib/machines/{alpha,beta}
}

test_images_in_use_are_not_removed() {
	busybox_root /var/lib/machines/busy
	run_ok floe start busy --boot=no /bin/sleep 60
	refuse 'a machine runs on it' floe remove busy
	assert_exists /var/lib/machines/busy/bin
	run_ok floe terminate busy
	run_ok floe remove busy
	assert_absent /var/lib/machines/busy
}

test_shell_takes_its_options_before_the_command() {
	busybox_root /var/lib/machines/host
	run_ok floe start host --boot=no /bin/sleep 60
	assert_status 5 floe shell host /bin/sh -c 'exit 5'
	# shellcheck disable=SC2016 # for the shell inside
	A=here run_ok floe shell -E A host --setenv=B=2 --chdir=/etc -u user /bin/sh -c 'echo "$A $B $PWD $(id -u) $1"' sh -u
	assert_eq 'here 2 /etc 1000 -u' "$OUTPUT"
	refuse 'expected an absolute path' floe shell host --chdir=etc
	refuse 'expected NAME=VALUE' floe shell host --setenv=
	refuse 'no user "nobody-knows"' floe shell host -u nobody-knows /bin/true
	run_ok floe list --json
	assert_eq 'host running 65536' "$(jq -r '.[0] | "\(.name) \(.state) \(.uid_count)"' <<<"$OUTPUT")"
	run_ok floe stop host --kill
	run_ok floe remove host
}

test_unwritable_output_is_a_failure() {
	local words
	for words in --version --help list 'completion zsh' 'help run'; do
		# shellcheck disable=SC2086
		assert_status 1 bash -c 'exec "$@" >/dev/full' bash floe $words
		assert_match 'cannot write to standard output' "$ERRORS"
	done
}

test_plans_are_printed_and_nothing_is_done() {
	busybox_root root
	run_ok floe plan -D root /bin/true
	assert_match root "$OUTPUT"
	local text=$OUTPUT
	run_ok floe plan run -D root /bin/true
	assert_eq "$text" "$OUTPUT"
	run_ok floe plan --json -D root /bin/true
	assert_eq root "$(jq -r .name <<<"$OUTPUT")"
	run_ok floe plan run --json -D root /bin/true
	run_ok floe list --no-legend
	assert_eq '' "$OUTPUT"
}

test_run_passes_the_status_on() {
	busybox_root root
	run_ok floe run -q -D root /bin/true
	assert_eq '' "$OUTPUT$ERRORS"
	assert_status 7 floe run -q -D root /bin/sh -c 'exit 7'
	assert_status 1 floe run -q -D root /bin/nonsense
	assert_match '^floe: .*/bin/nonsense' "$ERRORS"
}

test_options_end_at_the_command() {
	busybox_root root
	run_ok floe run -PD root /bin/echo --console=nonsense -x
	assert_eq '--console=nonsense -x' "$OUTPUT"
	run_ok floe run -PD root -- /bin/echo -- a
	assert_eq '-- a' "$OUTPUT"
}

test_notes_are_kept_quiet() {
	busybox_root root
	run_ok floe run -D root --private-users=no --console=passive /bin/true
	assert_match 'floe: note: ' "$ERRORS"
	run_ok floe run -q -D root --private-users=no --console=passive /bin/true
	assert_eq '' "$ERRORS"
}

run_tests
