#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Settings files: which one is read, what of it counts, and that it does what options do.
# shellcheck source=tests/lib.sh disable=SC2317
. "$(dirname "$0")/../lib.sh"

# An /etc of our own: the host's is not written to.
cp -a /etc "$SANDBOX/etc" && mount --bind "$SANDBOX/etc" /etc || exit 1

ADMIN=/etc/floe NSPAWN=/etc/systemd/nspawn RUNTIME=/run/systemd/nspawn IMAGES=/var/lib/machines
busybox_root "$SANDBOX/tree"
echo 0123456789abcdef0123456789abcdef >"$SANDBOX/tree/etc/machine-id"
mkdir "$SANDBOX/data"
echo shared >"$SANDBOX/data/file"

# The tree as image NAME; the file beside it and those of the administrator come and go with a test.
setup() {
	mkdir -p "$ADMIN" "$NSPAWN" "$RUNTIME"
	mkdir "$IMAGES/settled"
	mount --bind "$SANDBOX/tree" "$IMAGES/settled"
}

teardown() {
	umount "$IMAGES/settled"
	rmdir "$IMAGES/settled"
	rm -rf "$ADMIN" "$NSPAWN" /run/systemd
	find "$IMAGES" -mindepth 1 -maxdepth 1 -delete
}

write() { # FILE LINE...
	printf '%s\n' "${@:2}" >"$1"
}

spec() { # FILTER ARGUMENT... ; a value of the spec, of the verb run if there is no other
	run_ok floe plan --spec "${@:2}"
	jq -r "$1" <<<"$OUTPUT"
}

refuse() { # REGEX COMMAND...
	assert_status 1 "${@:2}"
	assert_eq '' "$OUTPUT" "output of ${*:2}"
	assert_match "^floe: .*$1" "$ERRORS" "message of ${*:2}"
}

test_the_first_file_found_is_read() {
	setup
	local place
	for place in "$ADMIN" "$NSPAWN" "$RUNTIME" "$IMAGES"; do
		write "$place/settled.nspawn" '[Exec]' "Hostname=$(tr / - <<<"${place:1}")"
	done
	for place in "$ADMIN" "$NSPAWN" "$RUNTIME" "$IMAGES"; do
		assert_eq "$(tr / - <<<"${place:1}")" "$(spec .hostname start settled)"
		assert_eq "$place/settled.nspawn" "$(spec .settings_file start settled)"
		assert_eq "$place/settled.nspawn" "$(spec .settings_file -M settled)"
		rm "$place/settled.nspawn"
	done
	assert_eq null "$(spec .settings_file start settled)"
	assert_eq null "$(spec .hostname start settled)"
	teardown
}

test_files_are_named_after_the_machine() {
	setup
	write "$ADMIN/settled.nspawn" '[Exec]' 'Hostname=settled-file'
	write "$ADMIN/other.nspawn" '[Exec]' 'Hostname=other-file'
	write "$ADMIN/tree.nspawn" '[Exec]' 'Hostname=tree-file'
	assert_eq settled-file "$(spec .hostname -D "$IMAGES/settled")"
	assert_eq settled-file "$(spec .hostname -D "$IMAGES//settled/")"
	assert_eq tree-file "$(spec .hostname -D "$SANDBOX/tree")"
	assert_eq other-file "$(spec .hostname -D "$SANDBOX/tree" -M other)"
	assert_eq null "$(spec .hostname -D "$SANDBOX/tree" -M third)"
	# What -x adds to the name does not change the file; a name that is given does.
	assert_eq tree-file "$(spec .hostname -D "$SANDBOX/tree" -x)"
	assert_match '^tree-[0-9a-f]{16}$' "$(spec .machine -D "$SANDBOX/tree" -x)"
	assert_eq other-file "$(spec .hostname -D "$SANDBOX/tree" -x -M other)"
	cd "$SANDBOX/tree"
	assert_eq tree-file "$(spec .hostname)"
	cd - >/dev/null
	teardown
}

test_files_beside_a_tree_are_found_by_where_it_is() {
	setup
	mkdir -p real links
	ln -s "$SANDBOX/tree" real/box
	write "$SANDBOX/box.nspawn" '[Exec]' 'Hostname=by-the-tree'
	write real/box.nspawn '[Exec]' 'Hostname=by-the-link'
	assert_eq by-the-tree "$(spec .hostname -D real/box)"
	assert_eq "$SANDBOX/box.nspawn" "$(spec .settings_file -D real/box)"
	rm "$SANDBOX/box.nspawn"
	assert_eq null "$(spec .hostname -D real/box)"
	# Without -D and -M: the current directory's.
	write "$SANDBOX/tree.nspawn" '[Exec]' 'Hostname=by-the-tree'
	cd "$SANDBOX/tree"
	assert_eq by-the-tree "$(spec .hostname)"
	cd - >/dev/null
	rm "$SANDBOX/tree.nspawn"
	# A disk image, which cannot be run yet.
	truncate -s 1M "$IMAGES/disk.raw"
	write "$IMAGES/disk.nspawn" '[Exec]' 'Hostname=by-the-disk'
	assert_eq by-the-disk "$(spec .hostname -M disk)"
	teardown
}

# What an image says of itself is heeded in part, with a note of each line that is not.
test_a_file_beside_the_image_is_not_trusted() {
	setup
	write "$IMAGES/settled.nspawn" '[Exec]' 'Hostname=h' 'Capability=CAP_SYS_TIME' \
		'DropCapability=CAP_KILL' 'PrivateUsers=no' 'LimitNOFILE=5' 'SystemCallFilter=bpf' \
		'SystemCallFilter=~ptrace' '[Files]' 'Bind=/:/host' 'ReadOnly=yes' '[Network]' 'Port=80' \
		'[X-Nix]' 'Store=rw' '[X-Floe]' 'TasksMax=infinity' 'LoadCredential=a:/etc/shadow'
	run_ok floe plan --spec start settled
	jq '{hostname, drop_capability, capability, private_users, rlimit, mounts, read_only, store,
		tasks_max, credentials, system_call_filter, ports: .links.ports}' <<<"$OUTPUT" >heeded
	jq -n '{hostname: "h", drop_capability: ["CAP_KILL"], capability: [], private_users: "pick",
		rlimit: {}, mounts: [], read_only: true, store: "private", tasks_max: "default",
		credentials: [], system_call_filter: ["~ptrace"], ports: []}' >expected
	run_ok diff expected heeded
	run_ok floe plan start settled
	assert_match "settings: $IMAGES/settled.nspawn" "$OUTPUT"
	local line key
	for line in 3:Capability 5:PrivateUsers 6:LimitNOFILE 7:SystemCallFilter 10:Bind 13:Port \
		15:Store 17:TasksMax 18:LoadCredential; do
		key=${line#*:}
		assert_match "$IMAGES/settled.nspawn:${line%:*}: $key= is heeded in files of the administrator" \
			"$OUTPUT"
	done
	assert_eq 9 "$(grep -c 'administrator only; ignored' <<<"$OUTPUT")" "notes"
	# The same file in a place of the administrator, and with all files trusted.
	cp "$IMAGES/settled.nspawn" "$NSPAWN/settled.nspawn"
	run_ok floe plan --spec start settled
	local by_place=$OUTPUT
	rm "$NSPAWN/settled.nspawn"
	run_ok floe plan --spec --settings=trusted start settled
	assert_eq "$(jq 'del(.settings, .settings_file)' <<<"$by_place")" \
		"$(jq 'del(.settings, .settings_file)' <<<"$OUTPUT")" "the spec"
	assert_eq '/:/host' "$(jq -r '.mounts[0] | .source + ":" + .target' <<<"$OUTPUT")"
	# Overriding does not make it trusted.
	assert_eq 0 "$(spec '.mounts | length' --settings=override start settled)"
	teardown
}

# Every plan has a boot id of its own.
without_random() {
	jq 'del(.settings)' | sed -E 's/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/ID/'
}

# A file, the words that mean the same, and the plans compared.
same_plan() { # NAME WORDS ; the file on standard input
	local file=$ADMIN/settled.nspawn
	cat >"$file"
	# shellcheck disable=SC2086 # a line of words
	run_ok floe plan --json --settings=no run -M settled $2
	local by_options=$OUTPUT
	run_ok floe plan --json run -M settled
	assert_eq "$file" "$(jq -r .settings <<<"$OUTPUT")"
	rm "$file"
	diff <(without_random <<<"$by_options") <(without_random <<<"$OUTPUT") || fail "$1: the plans differ"
}

test_a_file_plans_what_options_plan() {
	setup
	same_plan command '-a -u user --chdir=/tmp -E A=1 /bin/sh -c id' <<-'END'
		[Exec]
		ProcessTwo=yes
		Parameters=/bin/sh -c "id"
		User=user
		WorkingDirectory=/tmp
		Environment='A=1'
	END
	same_plan isolation '-a --private-users=no --private-network --drop-capability=CAP_KILL
		--capability=CAP_SYS_TIME --no-new-privileges=yes /bin/true' <<-'END'
		[Exec]
		ProcessTwo=yes
		Parameters=/bin/true
		PrivateUsers=no
		Capability=CAP_SYS_TIME
		DropCapability=CAP_KILL
		NoNewPrivileges=yes
		[Network]
		Private=yes
	END
	same_plan mounts "--boot=no --bind=$SANDBOX/data:/data --tmpfs=/scratch:size=1M --inaccessible=/home
		--read-only /bin/true" <<-END
		[Exec]
		Boot=no
		Parameters=/bin/true
		[Files]
		Bind=$SANDBOX/data:/data
		TemporaryFileSystem=/scratch:size=1M
		Inaccessible=/home
		ReadOnly=yes
	END
	same_plan limits '-a --rlimit=NOFILE=64:128 --oom-score-adjust=100 --cpu-affinity=0 --tasks-max=50
		--strict --masks --private-time --hostname=other /bin/true' <<-'END'
		[Exec]
		ProcessTwo=yes
		Parameters=/bin/true
		LimitNOFILE=64:128
		OOMScoreAdjust=100
		CPUAffinity=0
		Hostname=other
		[X-Floe]
		TasksMax=50
		Strict=yes
		Masks=yes
		PrivateTime=yes
	END
	teardown
}

# What is said on the command line replaces its group of the file, or the other way round.
test_options_and_files_replace_groups() {
	setup
	write "$ADMIN/settled.nspawn" '[Exec]' 'Boot=no' 'Parameters=/bin/from-file' 'Environment=A=file' \
		'User=user' 'LimitNOFILE=11' 'LimitNPROC=12' 'Hostname=file' '[Files]' 'Bind=/file-a:/x' \
		'TemporaryFileSystem=/y' 'ReadOnly=yes' '[Network]' 'Private=yes' '[X-Floe]' 'TasksMax=9'
	local show='[.command[0], .environment, (.mounts | map(.target)), .rlimit.NOFILE.soft,
		.rlimit.NPROC.soft, .hostname, .user, .network, .tasks_max, .read_only] | tojson'
	local words=(-M settled -E B=line --bind=/line:/z --rlimit=NOFILE=99 --hostname=line
		--network-namespace-path=/proc/self/ns/net /bin/from-line)
	assert_eq '["/bin/from-file",{"A":"file"},["/x","/y"],11,12,"file","user","private",9,true]' \
		"$(spec "$show" -M settled)"
	assert_eq '["/bin/from-line",{"B":"line"},["/z"],99,12,"line","user","path",9,true]' \
		"$(spec "$show" "${words[@]}")"
	assert_eq '["/bin/from-file",{"A":"file"},["/x","/y"],11,12,"file","user","private",9,true]' \
		"$(spec "$show" --settings=override "${words[@]}")"
	assert_eq '["/bin/from-line",{"B":"line"},["/z"],99,null,"line",null,"path","default",false]' \
		"$(spec "$show" --settings=no "${words[@]}")"
	assert_eq "$(spec "$show" "${words[@]}")" "$(spec "$show" --settings=trusted "${words[@]}")"
	teardown
}

# What floe start presumes is no option of the user's.
test_a_file_says_otherwise_than_start_presumes() {
	setup
	assert_eq '["boot",true,"try-guest"]' "$(spec '[.start, .notify_ready, .link_journal] | tojson' start settled)"
	write "$ADMIN/settled.nspawn" '[Exec]' 'NotifyReady=no' 'LinkJournal=no' '[Network]' 'VirtualEthernet=no'
	assert_eq '["boot",false,"no","host"]' \
		"$(spec '[.start, .notify_ready, .link_journal, .network] | tojson' start settled)"
	write "$ADMIN/settled.nspawn" '[X-Network]' 'MTU=1400'
	assert_eq private "$(spec .network start settled)"
	teardown
}

test_a_tree_elsewhere_can_be_started_by_name() {
	write_admin() { mkdir -p "$ADMIN"; write "$ADMIN/elsewhere.nspawn" "$@"; }
	write_admin '[X-Floe]' "Directory=$SANDBOX/tree"
	assert_eq "$SANDBOX/tree" "$(spec .directory start elsewhere)"
	assert_eq elsewhere "$(spec .machine start elsewhere)"
	assert_eq / "$(spec .directory start elsewhere -D / -x)"
	rm -r "$ADMIN"
}

test_machines_run_as_their_files_say() {
	setup
	write "$ADMIN/settled.nspawn" '[Exec]' 'ProcessTwo=yes' \
		"Parameters=/bin/sh -c 'echo \$A; id -u; ulimit -n; cat /data/file; echo \$\$; hostname'" \
		'Environment="A=from file"' 'User=user' 'LimitNOFILE=77' 'Hostname=inside' '[Files]' \
		"BindReadOnly=$SANDBOX/data:/data"
	run_ok floe run -M settled -x
	assert_eq $'from file\n1000\n77\nshared\n2\ninside' "${OUTPUT//$'\r'/}"
	assert_eq '' "$ERRORS"
	# An argument makes it a command of its own, with all that is in other groups.
	run_ok floe run -M settled -x /bin/sh -c 'echo "$A $$ $(hostname)"'
	assert_eq 'from file 1 inside' "${OUTPUT%$'\r'}"
	teardown
}

test_start_uses_the_file() {
	setup
	write "$ADMIN/settled.nspawn" '[Exec]' 'ProcessTwo=yes' 'NotifyReady=no' 'LinkJournal=no' \
		"Parameters=/bin/sh -c 'while sleep 0.1; do :; done'" 'Hostname=inside' '[Network]' 'Private=yes' \
		'[X-Floe]' 'Ephemeral=overlay'
	run_ok floe start settled
	run_ok floe shell settled /bin/hostname
	assert_eq inside "${OUTPUT%$'\r'}"
	run_ok floe terminate settled
	rm -rf /var/log/floe/settled.log
	teardown
}

test_links_and_addresses_come_from_the_file() {
	setup
	write "$ADMIN/settled.nspawn" '[Exec]' 'ProcessTwo=yes' \
		"Parameters=/bin/sh -c 'ip addr show host0; ip route; ls /sys/class/net'" '[Network]' \
		'VirtualEthernet=yes' 'VirtualEthernetExtra=extra0:extra1' '[X-Network]' \
		'Address=10.77.0.2/24,10.77.0.1' 'MTU=1400' 'MAC=02:00:00:12:34:56'
	run_ok floe run -M settled -x
	assert_match 'mtu 1400' "$OUTPUT"
	assert_match 'link/ether 02:00:00:12:34:56' "$OUTPUT"
	assert_match 'inet 10.77.0.2/24' "$OUTPUT"
	assert_match 'default via 10.77.0.1' "$OUTPUT"
	assert_match 'extra1' "$OUTPUT"
	# Whoever describes the network on the command line describes all of it.
	run_ok floe run -M settled -x --private-network
	assert_no_match '10.77|extra1|host0:' "$OUTPUT"
	teardown
}

# Before the payload is started, to whoever reads notes.
test_what_is_ignored_is_noted() {
	setup
	write "$ADMIN/settled.nspawn" '# a comment' '[Exec]' 'Bott=yes' 'ReadOnly=yes' 'nonsense' '[What]' 'A=b' \
		'[X-Other]' 'A=b' '[Exec]' 'X-Mine=1' 'Parameters=x'
	run_ok floe run -M settled -x /bin/echo hello
	assert_eq hello "${OUTPUT%$'\r'}"
	assert_eq "floe: note: $ADMIN/settled.nspawn:3: there is no setting Bott= in [Exec]; ignored
floe: note: $ADMIN/settled.nspawn:4: ReadOnly= belongs to [Files], not to [Exec]; ignored
floe: note: $ADMIN/settled.nspawn:5: 'nonsense' is neither a heading nor Key=value; ignored
floe: note: $ADMIN/settled.nspawn:6: there is no section [What]; ignored
floe: note: $ADMIN/settled.nspawn:12: Parameters= is heeded only beside Boot= or ProcessTwo=; ignored" "$ERRORS"
	run_ok floe run -M settled -xq /bin/echo hello
	assert_eq '' "$ERRORS" 'errors when quiet'
	run_ok floe plan --json run -M settled -x
	assert_eq 5 "$(jq '[.notes[] | select(.text | test("settled.nspawn:"))] | length' <<<"$OUTPUT")"
	write "$ADMIN/settled.nspawn" '[X-Floe]' 'Quiet=yes' 'Nonsense=1'
	run_ok floe run -M settled -x /bin/echo hello
	assert_eq '' "$ERRORS" 'errors when the file says quiet'
	teardown
}

test_what_cannot_be_done_is_an_error() {
	setup
	write "$ADMIN/settled.nspawn" '[Exec]' 'User=joe' 'PivotRoot=/x'
	refuse "$ADMIN/settled.nspawn:3: PivotRoot=: floe cannot do this yet" floe run -M settled /bin/true
	refuse "$ADMIN/settled.nspawn:3: PivotRoot=" floe plan -M settled
	refuse "$ADMIN/settled.nspawn:3: PivotRoot=" floe plan --spec -M settled
	refuse "$ADMIN/settled.nspawn:3: PivotRoot=" floe start settled
	assert_absent /run/floe/settled
	write "$ADMIN/settled.nspawn" '[Exec]' 'Bott=1' 'LimitNOFILE=many' 'User=a b'
	refuse "$ADMIN/settled.nspawn:3: LimitNOFILE=: .*expected a number or infinity; floe check-config" \
		floe run -M settled /bin/true
	# Not read: not wrong. And an option that replaces the setting is enough.
	run_ok floe plan --settings=no -M settled /bin/true
	write "$ADMIN/settled.nspawn" '[Exec]' 'LimitNOFILE=many'
	run_ok floe plan -M settled --rlimit=NOFILE=5 /bin/true
	teardown
}

test_what_is_no_regular_file_is_refused() {
	setup
	local file=$ADMIN/settled.nspawn
	mkdir "$file"
	refuse "cannot read the settings file $file: Is a directory; settings are read from regular" \
		floe plan -M settled
	rmdir "$file"
	mkfifo "$file"
	refuse "cannot read the settings file $file: .*regular files only" floe plan -M settled
	rm "$file"
	ln -s /dev/zero "$file"
	refuse "cannot read the settings file $file" floe plan -M settled
	ln -sf "$file" "$file"
	refuse "cannot read the settings file $file: Too many levels" floe plan -M settled
	rm "$file"
	head -c 1048577 /dev/zero | tr '\0' '\n' >"$file"
	refuse "the settings file $file is larger than 1024 KiB" floe plan -M settled
	head -c 1048576 /dev/zero | tr '\0' '\n' >"$file"
	run_ok floe plan -M settled
	printf '[Exec]\0\n' >"$file"
	refuse "$file:1: the line holds a NUL byte" floe plan -M settled
	: >"$file"
	run_ok floe plan -M settled
	# Links of the administrator are followed, as NixOS makes them; one to nowhere is no file.
	write "$SANDBOX/linked" '[Exec]' 'Hostname=linked'
	ln -sf "$SANDBOX/linked" "$file"
	assert_eq linked "$(spec .hostname -M settled)"
	ln -sf "$SANDBOX/nowhere" "$file"
	assert_eq null "$(spec .hostname -M settled)"
	rm "$file"
	rmdir "$ADMIN"
	: >"$ADMIN"
	refuse "cannot read the settings file $file: Not a directory" floe plan -M settled
	rm "$ADMIN"
	teardown
}

# An image may have brought the link: what it leads to outside of the images is not read.
test_links_beside_an_image_lead_nowhere_else() {
	setup
	write "$SANDBOX/secret" '[Exec]' 'Hostname=secret'
	ln -s "$SANDBOX/secret" "$IMAGES/settled.nspawn"
	assert_eq null "$(spec .hostname -M settled)"
	ln -sfn "../../../$SANDBOX/secret" "$IMAGES/settled.nspawn"
	assert_eq null "$(spec .hostname -M settled)"
	write "$IMAGES/shared" '[Exec]' 'Hostname=shared'
	ln -sfn shared "$IMAGES/settled.nspawn"
	assert_eq shared "$(spec .hostname -M settled)"
	rm "$IMAGES/settled.nspawn"
	mkfifo "$IMAGES/settled.nspawn"
	refuse 'regular files only' floe plan -M settled
	teardown
}

# In a directory for all, a file may be anybody's.
test_files_of_strangers_are_ignored() {
	mkdir -m 1777 shared
	cp -a "$SANDBOX/tree" shared/box
	write shared/box.nspawn '[Exec]' 'Hostname=h'
	chown 1234 shared/box.nspawn
	local mode
	for mode in yes trusted override; do
		run_ok floe plan "--settings=$mode" -D shared/box
		assert_match "note: the settings file $PWD/shared/box.nspawn is neither root's" "$OUTPUT"
		assert_no_match 'settings: ' "$OUTPUT"
	done
	assert_eq null "$(spec .hostname -D shared/box)"
	chown 1234 shared/box
	assert_eq h "$(spec .hostname -D shared/box)"
	chown 0 shared/box shared/box.nspawn
	assert_eq h "$(spec .hostname -D shared/box)"
}

# The caller's variables are nothing that a file could ask for.
test_variables_of_the_caller_stay_with_it() {
	setup
	write "$IMAGES/settled.nspawn" '[Exec]' 'Environment=SECRET'
	SECRET=hidden refuse "settled.nspawn:2: Environment=: expected NAME=VALUE" floe run -M settled /bin/env
	assert_no_match hidden "$ERRORS"
	teardown
}

test_files_are_checked() {
	write good.nspawn '[Exec]' 'Boot=yes' '[X-Floe]' 'TasksMax=5'
	run_ok floe check-config good.nspawn
	assert_eq '' "$OUTPUT$ERRORS"
	write bad.nspawn '[Exec]' 'Bott=yes' 'Boot=perhaps' 'BindUser=joe' '[Files]' 'BindUser=joe' 'Bind=x'
	assert_status 1 floe check-config bad.nspawn
	assert_eq "bad.nspawn:2: warning: there is no setting Bott= in [Exec]; ignored
bad.nspawn:3: error: Boot=: --boot=perhaps: expected yes or no
bad.nspawn:4: warning: BindUser= belongs to [Files], not to [Exec]; ignored
bad.nspawn:6: error: BindUser=: floe cannot do this yet, it has no option --bind-user
bad.nspawn:7: error: Bind=: expected absolute paths, or with '+' before them paths in the tree" "$OUTPUT"
	assert_eq '' "$ERRORS"
	assert_status 1 floe check-config good.nspawn bad.nspawn good.nspawn
	assert_eq 5 "$(wc -l <<<"$OUTPUT")"
	assert_status 1 floe check-config --untrusted good.nspawn
	assert_eq 'good.nspawn:4: warning: TasksMax= is heeded in files of the administrator only; ignored' \
		"$OUTPUT"
	write bad.nspawn '[Exec]' 'Ephemeral=yes' 'LinkJournal=guest'
	assert_status 1 floe check-config bad.nspawn
	assert_match '^bad.nspawn: error: --link-journal=host and guest cannot be combined with' "$OUTPUT"
	# Fine for floe run, not for floe start, and the other way round.
	write good.nspawn '[Network]' 'Port=80'
	run_ok floe check-config good.nspawn
	write good.nspawn '[Exec]' 'AmbientCapability=CAP_KILL'
	run_ok floe check-config good.nspawn
	refuse 'nowhere.nspawn: No such file' floe check-config nowhere.nspawn
	refuse 'directory' floe check-config .
	refuse 'too few words' floe check-config
	refuse 'no option --nonsense' floe check-config --nonsense good.nspawn
}

run_tests
