#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# How long it takes to start /bin/true in all namespaces and to be done with it: floe against
# systemd-nspawn, crun, bwrap and what the kernel alone needs, in the same run. Needs root.
#
# Settings: BUILD, ROUNDS=50, PAUSE=20 (ms between two starts)
set -euo pipefail

. "$(dirname "$0")/common.bash"
: "${ROUNDS:=50}" "${PAUSE:=20}"
export ROUNDS PAUSE
TIMER=$BUILD/tests/bench/timer
IDS=524288 # first of the user range of peers that do not pick one
[[ -x $TIMER ]] || die "$TIMER is missing: make bench"
enter_sandbox

# crun does not map the ids of its root, so it gets a tree that is owned by them.
make_bundle() { # DIRECTORY
	mkdir "$1"
	make_root "$1/rootfs" $IDS
	cat >"$1/config.json" <<-END
		{
		  "ociVersion": "1.0.2",
		  "root": { "path": "rootfs" },
		  "hostname": "bench",
		  "process": { "cwd": "/", "args": ["/bin/true"], "env": ["PATH=/bin"],
		    "user": { "uid": 0, "gid": 0 } },
		  "mounts": [
		    { "destination": "/proc", "type": "proc", "source": "proc" },
		    { "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
		      "options": ["nosuid", "mode=755"] },
		    { "destination": "/dev/pts", "type": "devpts", "source": "devpts",
		      "options": ["nosuid", "noexec", "newinstance"] },
		    { "destination": "/dev/shm", "type": "tmpfs", "source": "tmpfs",
		      "options": ["nosuid", "nodev"] },
		    { "destination": "/sys", "type": "sysfs", "source": "sysfs",
		      "options": ["nosuid", "nodev", "noexec", "ro"] }
		  ],
		  "linux": {
		    "uidMappings": [{ "containerID": 0, "hostID": $IDS, "size": 65536 }],
		    "gidMappings": [{ "containerID": 0, "hostID": $IDS, "size": 65536 }],
		    "namespaces": [{ "type": "user" }, { "type": "mount" }, { "type": "pid" },
		      { "type": "uts" }, { "type": "ipc" }, { "type": "network" },
		      { "type": "cgroup" }]
		  }
		}
	END
}

# crun 1.8 takes no hybrid of both cgroup versions: it gets a view without the second.
hide_unified() {
	local unified=/sys/fs/cgroup/unified
	mountpoint -q $unified || return 0
	mkfifo "$WORK/ready"
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount --propagation private sh -c \
		'umount "$1" && echo ready >"$2"; exec sleep infinity' - $unified "$WORK/ready" &
	PROCESSES+=($!)
	read -r _ <"$WORK/ready"
	VIEW=(-m "/proc/$!/ns/mnt")
}

CASES=()
# Adds a command when it is installed and works; otherwise says why it is not compared.
compare() { # NAME WORD...
	local name=$1 program=$2
	shift
	[[ $program != -m ]] || program=$3
	if [[ $program != @floor && ! $(type -P "$program") ]]; then
		echo "$name: not compared, $program is not installed"
	elif ! "$TIMER" 1 0 "$name" "$@" >"$WORK/trial" 2>&1; then
		[[ $name != floe ]] || die "floe does not run here: $(<"$WORK/trial")"
		echo "$name: not compared, it does not run here: $(tail -n 1 "$WORK/trial")"
	else
		CASES+=(-- "$name" "$@")
	fi
}

VIEW=()
ROOT=$WORK/root
NSPAWN=(systemd-nspawn --register=no --keep-unit -q -D "$ROOT" --private-network)
make_root "$ROOT" 0
make_bundle "$WORK/bundle"
hide_unified

compare floe "$BUILD/floe" run -q -D "$ROOT" --private-network /bin/true
compare nspawn "${NSPAWN[@]}" --private-users=pick --private-users-ownership=map /bin/true
compare nspawn-no-userns "${NSPAWN[@]}" /bin/true
compare nspawn-no-seccomp env SYSTEMD_SECCOMP=0 "${NSPAWN[@]}" --private-users=pick \
	--private-users-ownership=map /bin/true
compare crun "${VIEW[@]}" crun run --bundle "$WORK/bundle" "floe-bench-$$"
compare crun-no-cgroup "${VIEW[@]}" crun --cgroup-manager=disabled run --bundle "$WORK/bundle" \
	"floe-bench-$$"
compare bwrap bwrap --unshare-all --bind "$ROOT" / --proc /proc --dev /dev /bin/true
compare floor @floor "$ROOT/bin/true"

((${#CASES[@]})) || die "there is nothing to compare"
echo "/bin/true in mount, pid, uts, ipc, net, cgroup and user namespaces; $ROUNDS rounds"
echo "filters: floe and nspawn load theirs, crun and bwrap have none"
"$TIMER" "$ROUNDS" "$PAUSE" "${CASES[@]:1}"
