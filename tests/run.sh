#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs every test, one line each, output of the failed ones, and "N passed, N failed" at the end.
#
#	ONLY=REGEX      those whose name matches, e.g. ONLY=unit/, ONLY=integration/harness
#	FUZZ_SECONDS=5  for each fuzz target
#	JOBS=2          unit programs, compilations and lint at a time
#	BUILD=build     where floe is built; everything that tests build goes below it
#
# Expects floe to be built: `make check` does that.
# shellcheck disable=SC2317 # functions are called by names put together: count_KIND, build
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

export BUILD=${BUILD:-build}
ONLY=${ONLY:-} JOBS=${JOBS:-2} FUZZ_SECONDS=${FUZZ_SECONDS:-5}
LOGS=$BUILD/logs
PASSED=0 FAILED=0 CHOSEN=0
SECONDS=0

# The sanitizers end a program at the first finding; a refused allocation is a case that is tested.
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1:abort_on_error=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

# Settings given to a calling make hold here too; its jobserver does not.
MAKEFLAGS=$(sed 's/-j[0-9]*\|--jobserver[^ ]*//g' <<<"${MAKEFLAGS:-}")
export MAKEFLAGS
unset MAKELEVEL MFLAGS
build() { make --no-print-directory -j"$JOBS" "$@"; }

chosen() { [[ -z $ONLY || $1 =~ $ONLY ]]; }

# ---- What a test says it counted -------------------------------------------------------------

# cmocka sums up each group of a program; a skipped case is one that did not pass.
count_cmocka() { # LOG
	awk '/^\[  PASSED  \] [0-9]+ test\(s\)/ { passed += $4 }
		/^\[  (FAILED |SKIPPED|ERROR  ?) \] [0-9]+ test\(s\)/ { failed += $4 }
		/^\[  FAILED  \] GROUP (SETUP|TEARDOWN)/ { failed++ }
		END { print passed + 0, failed + 0 }' "$1"
}

# The last line of a test script.
count_script() { # LOG
	awk '/^[0-9]+ passed, [0-9]+ failed$/ { passed = $1; failed = $3 }
		END { print passed + 0, failed + 0 }' "$1"
}

# A command that is one test: its status tells.
count_command() { # LOG STATUS
	echo $(($2 == 0)) $(($2 != 0))
}

# ---- Running one test ------------------------------------------------------------------------

# Runs COMMAND; leaves "PASSED FAILED" in NAME.result and prints its line. Whatever the counts say,
# a status other than 0 is a failure, and so is a test without any case.
run_job() { # KIND SECONDS NAME COMMAND...
	local kind=$1 limit=$2 name=$3 log=$LOGS/$3.log start=${EPOCHREALTIME/./} status=0 passed failed
	shift 3
	mkdir -p "${log%/*}"
	# A build function of this file cannot be run by timeout(1), and needs no limit.
	if [[ $(type -t "$1") == function ]]; then
		"$@" >"$log" 2>&1 </dev/null || status=$?
	else
		timeout -k 10 "$limit" "$@" >"$log" 2>&1 </dev/null || status=$?
	fi
	read -r passed failed < <("count_$kind" "$log" "$status")
	((status == 0 || failed > 0)) || failed=1
	((passed + failed > 0)) || failed=1
	echo "$passed $failed" >"$LOGS/$name.result"
	start=$(((${EPOCHREALTIME/./} - start) / 10000))
	print_job "$name" "$status" "$passed" "$failed" "$((start / 100)).$(printf %02d $((start % 100)))"
}

# One write a test, so that those of two at a time do not mix.
print_job() { # NAME STATUS PASSED FAILED TIME
	local line
	if (($4 == 0)); then
		printf -v line '  ok    %-36s %4d passed %12s s' "$1" "$3" "$5"
	else
		printf -v line '  FAIL  %-36s %4d passed, %d failed (status %d) %s s\n%s\n' \
			"$1" "$3" "$4" "$2" "$5" "$(tail -n 200 "$LOGS/$1.log" | sed 's/^/        /')"
	fi
	printf '%s\n' "$line"
}

sum_up() { # NAME
	local passed=0 failed=1
	[[ -e $LOGS/$1.result ]] && read -r passed failed <"$LOGS/$1.result"
	((PASSED += passed, FAILED += failed, ++CHOSEN))
}

job() { # KIND SECONDS NAME COMMAND...
	chosen "$3" || return 0
	run_job "$@"
	sum_up "$3"
}

# Runs "NAME PROGRAM" lines of standard input, JOBS at a time.
parallel_jobs() { # KIND SECONDS
	local name program names=() running=0
	while read -r name program; do
		chosen "$name" || continue
		names+=("$name")
		((running++ < JOBS)) || wait -n
		run_job "$1" "$2" "$name" "$program" &
	done
	wait
	for name in "${names[@]}"; do
		sum_up "$name"
	done
}

# ---- The stages, in order --------------------------------------------------------------------

# Prints "PREFIX/NAME DIRECTORY/test_NAME" for every unit test.
unit_list() { # PREFIX DIRECTORY
	local file
	for file in tests/unit/test_*.c; do
		[[ -e $file ]] || continue
		file=${file#tests/unit/test_} file=${file%.c}
		echo "$1/$file $2/tests/unit/test_$file"
	done
}

# Whether any name of a list on standard input is chosen: what is not run is not built. Reads to
# the end, lest SIGPIPE fail the pipeline.
any_chosen() {
	local name rest found=1
	while read -r name rest; do
		chosen "$name" && found=0
	done
	return $found
}

stage_style() {
	job command 60 style/format make --no-print-directory format-check
	job script 60 style/include-graph tests/include-graph.sh
	job script 60 style/size tests/size.sh
	# Left out: files named like commands, and ls of directories that a test has filled itself.
	job command 60 style/shellcheck shellcheck -x -P SCRIPTDIR -S warning -e SC2010,SC2238 \
		tests/*.sh tests/*/*.sh .ci/run
	job command 600 style/lint make --no-print-directory -k -j"$JOBS" lint
}

# Builds the unit tests with the given settings and runs them.
stage_unit() { # PREFIX DIRECTORY SETTING...
	local prefix=$1 directory=$2
	shift 2
	unit_list "$prefix" "$directory" | any_chosen || return 0
	# Not a matter of choice: without the programs the tests that are chosen cannot run.
	run_job command 900 "build/$prefix" build -k "$@" unit
	sum_up "build/$prefix"
	parallel_jobs cmocka 120 < <(unit_list "$prefix" "$directory")
}

stage_clang() {
	job command 900 build/clang build CC=clang BUILD="$BUILD/clang" all unit
}

stage_static() {
	job command 900 build/static build STATIC=1 all
}

fuzz_list() {
	local file
	for file in tests/fuzz/fuzz_*.c; do
		[[ -e $file ]] || continue
		file=${file#tests/fuzz/fuzz_}
		echo "fuzz/${file%.c}"
	done
}

# New inputs go to a directory of the build, those in the tree are only read.
stage_fuzz() {
	local name corpus
	fuzz_list | any_chosen || return 0
	run_job command 900 build/fuzz build fuzz
	sum_up build/fuzz
	for name in $(fuzz_list); do
		name=${name#fuzz/}
		mkdir -p "$BUILD/fuzz/found/$name" "$LOGS/fuzz"
		corpus=("$BUILD/fuzz/found/$name")
		[[ ! -d tests/fuzz/corpus/$name ]] || corpus+=("tests/fuzz/corpus/$name")
		job command $((FUZZ_SECONDS + 60)) "fuzz/$name" \
			"$BUILD/fuzz/sanitize/tests/fuzz/fuzz_$name" -max_total_time="$FUZZ_SECONDS" \
			-rss_limit_mb=1024 -timeout=10 -print_final_stats=1 \
			-artifact_prefix="$LOGS/fuzz/$name-" "${corpus[@]}"
	done
}

stage_scripts() { # PREFIX SECONDS SCRIPT...
	local prefix=$1 limit=$2 script
	shift 2
	for script; do
		[[ -e $script ]] || continue
		script=${script##*/}
		job script "$limit" "$prefix/${script%.sh}" bash "tests/$prefix/$script"
	done
}

# The scripts that boot NixOS-shaped systems have no network to make them with.
stage_image() {
	local file
	for file in tests/{integration,nixos,host}/*.sh; do
		[[ ! -e $file ]] || printf '%s\n' "${file:6:-3}"
	done | any_chosen || return 0
		run_job command 3600 build/nixos-systems tests/nixos/build.sh
	sum_up build/nixos-systems
	# The same with Nix 2.8, and another systemd-nspawn, for who tests with them.
	if chosen nixos/test-store || chosen nixos/test-sandbox-peers; then
		run_job command 3600 build/nixos-systems-old env DONOR=bookworm tests/nixos/build.sh
		sum_up build/nixos-systems-old
	fi
	if chosen nixos/test-sandbox-peers; then
		run_job command 3600 build/trixie tests/nixos/trixie.sh
		sum_up build/trixie
	fi
}

rm -rf "$LOGS"
stage_style
stage_unit unit "$BUILD"
stage_unit sanitize "$BUILD/sanitize" SANITIZE=address,undefined
stage_clang
stage_static
stage_fuzz
stage_image
stage_scripts integration 900 tests/integration/*.sh
stage_scripts nixos 1200 tests/nixos/test-*.sh
stage_scripts host 1200 tests/host/test-*.sh
stage_scripts security 900 tests/security/*.sh

if ((CHOSEN == 0)); then
	echo "no test matches ONLY=$ONLY" >&2
	exit 1
fi
printf '\n%d tests in %d min %02d s, logs in %s\n' "$CHOSEN" $((SECONDS / 60)) $((SECONDS % 60)) "$LOGS"
printf '%d passed, %d failed\n' "$PASSED" "$FAILED"
exit $((FAILED > 0))
