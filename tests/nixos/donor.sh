# SPDX-License-Identifier: MIT
# Functions for build.sh: fetch Debian packages and turn them into sources of Nix packages.
# shellcheck shell=bash
#
# Nothing is installed and no maintainer script runs: apt works in a directory of its own, only
# resolves and downloads; the archives are unpacked side by side.

# Store package = Debian packages that go into it. Everything else is a package of its own.
declare -A DONOR_GROUPS=(
	[glibc]="libc6 libc-bin libgcc-s1"
	[systemd]="systemd libsystemd-shared libpam-systemd"
	[util-linux]="util-linux mount"
	[linux-pam]="libpam-modules libpam-modules-bin libpam0g"
	[dbus]="dbus-daemon dbus-bin"
	[nix]="nix-bin"
	[dhcpcd]="dhcpcd-base"
)
# What the systems are made of; their libraries follow from the ELF headers.
DONOR_ROOTS="glibc bash coreutils util-linux iproute2 systemd dbus nix procps iputils-ping findutils
	grep sed linux-pam login passwd e2fsprogs busybox-static dhcpcd"
# Edges no ELF header names: what is found with dlopen() or executed.
declare -A DONOR_EXTRA=([systemd]="util-linux linux-pam bash coreutils login liblzma5 libzstd1 liblz4-1")
# Needed to build packages, not part of the systems.
DONOR_BUILD_TOOLS="patchelf libstdc++6"

# donor_mirror - print the Debian mirror that the machine's own apt uses, or $DEBIAN_MIRROR.
donor_mirror() {
	local suites='^(stable|oldstable|oldoldstable|testing|unstable|sid|bullseye|bookworm|trixie|forky)$'

	if [ -n "${DEBIAN_MIRROR:-}" ]; then
		echo "$DEBIAN_MIRROR"
		return
	fi
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
		awk -v suites="$suites" '$1 ~ suites && $2 == "main" { print $3; found = 1; exit }
			END { exit !found }' ||
		die "the machine's apt sources name no Debian archive; set DEBIAN_MIRROR=URL"
}

# donor_fetch SUITE DIR - download the closure of all packages named above to DIR/debs.
donor_fetch() {
	local suite=$1 dir=$2 mirror names=() g signed keyring=/usr/share/keyrings/debian-archive-keyring.gpg

	mirror=$(donor_mirror) || return
	mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial" "$dir/debs"
	: > "$dir/apt/status"
	[ -e "$keyring" ] && signed="[signed-by=$keyring]"
	echo "deb ${signed:-} $mirror $suite main" > "$dir/apt/sources.list"
	cat > "$dir/apt/apt.conf" <<-X
		Dir::Etc::SourceList "$dir/apt/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::State "$dir/apt";
		Dir::State::Lists "$dir/apt/lists";
		Dir::State::Status "$dir/apt/status";
		Dir::Cache "$dir/apt/cache";
		Acquire::Languages "none";
		APT::Install-Recommends "false";
		APT::Sandbox::User "root";
		APT::Update::Error-Mode "any";
	X
	for g in $DONOR_ROOTS $DONOR_BUILD_TOOLS; do
		# shellcheck disable=SC2206 # lists of names
		names+=(${DONOR_GROUPS[$g]:-$g})
	done
	if ! apt-get -q -c "$dir/apt/apt.conf" update > "$dir/apt.log" 2>&1 ||
		! apt-get -q -y -c "$dir/apt/apt.conf" install --download-only "${names[@]}" \
			>> "$dir/apt.log" 2>&1; then
		grep '^[EW]:' "$dir/apt.log" | head -n 10 >&2
		die "cannot fetch packages of $suite from $mirror (set DEBIAN_MIRROR or DONOR)"
	fi
	mv "$dir"/apt/cache/archives/*.deb "$dir/debs/"
	rm -rf "$dir/apt"
}

# donor_group PACKAGE - print the store package that a Debian package goes into.
donor_group() {
	local g

	for g in "${!DONOR_GROUPS[@]}"; do
		case " ${DONOR_GROUPS[$g]} " in *" $1 "*) echo "$g" && return ;; esac
	done
	echo "$1"
}

# donor_unpack DIR - unpack DIR/debs to DIR/layout/GROUP in the form of a store package: bin, lib,
# share; write "GROUP PACKAGE VERSION" lines to DIR/versions.
donor_unpack() {
	local dir=$1 deb file name version group tree

	for deb in "$dir"/debs/*.deb; do
		file=${deb##*/}
		name=${file%%_*}
		case $name in base-* | debconf | perl* | lib*-perl) continue ;; esac
		version=${file#*_}
		version=${version%%_*}
		group=$(donor_group "$name")
		tree=$dir/layout/$group
		mkdir -p "$tree"
		printf '%s %s %s\n' "$group" "$name" "${version#*%3a}" >> "$dir/versions"
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$tree" --no-same-owner --skip-old-files \
			--exclude='./usr/lib64' --exclude='./lib64' --exclude='./usr/include' \
			--exclude='./usr/lib/*/perl*' --exclude='./usr/lib/*/gconv' \
			--exclude='./usr/lib/python3' --exclude='./usr/lib/udev' --exclude='./lib/udev' \
			--exclude='./usr/share/[!d]*' --exclude='./usr/share/d[!b]*' \
			--exclude='./usr/games' --exclude='./etc' \
			--exclude='./var' --exclude='./boot' --exclude='./sys' --exclude='./proc' \
			--transform='flags=rSh;s,^\./,,;s,^usr/,,;s,^sbin/,bin/,;s,^lib/[^/]*-linux-gnu[^/]*/,lib/,'
	done
	find "$dir/layout" -xtype l ! -lname /dev/null -delete
	find "$dir/layout" -depth -type d -empty -delete
	donor_trim "$dir/layout"
}

# donor_trim LAYOUT - drop what no test uses and what would only make the images bigger.
donor_trim() {
	local l=$1 keep

	(cd "$l/e2fsprogs/bin" && find . -type f ! -name chattr ! -name lsattr -delete)
	find "$l/e2fsprogs/bin" -xtype l -delete
	rm -rf "$l/systemd/lib/systemd/catalog" "$l/iproute2/lib/tc" "$l/util-linux/lib/mime"
	keep='systemd-(analyze|cgls|cgtop|cat|creds|detect-virt|escape|id128|inhibit|machine-id-setup|mount|notify|path|run|socket-activate|stdio-bridge|sysusers|tmpfiles|tty-ask-password-agent)'
	find "$l/systemd/bin" -type f -regextype posix-extended -name 'systemd-*' \
		! -regex ".*/$keep" -delete
	find "$l/systemd/lib/systemd" -maxdepth 1 -type f -regextype posix-extended -regex \
		'.*/systemd-(backlight|battery-check|boot-check.*|bsod|fsck|growfs|hibernate.*|makefs|measure|pcr.*|pstore|quotacheck|rfkill|sleep|storagetm|tpm2.*|volatile-root|sysroot.*|sulogin.*|initctl)' \
		-delete
	find "$l/systemd" -xtype l ! -lname /dev/null -delete
}

# donor_scan LAYOUT - print, tab-separated, for every dynamic ELF file below LAYOUT:
# "elf GROUP PATH KIND", "needed GROUP SONAME"; KIND is exec or lib. Scripts make readelf fail, and
# /bin/sh is there because readelf prints file names only when it has two.
donor_scan() {
	find "$1" -type f \( -perm /111 -o -name '*.so*' \) -print0 |
		{ xargs -0 readelf -ldW /bin/sh 2>/dev/null || true; } | awk -v top="$1/" '
		function flush(   p, g) {
			if (index(file, top) != 1 || !dynamic) return
			p = substr(file, length(top) + 1); g = p; sub("/.*", "", g); sub("[^/]*/", "", p)
			print "elf\t" g "\t" p "\t" (interp ? "exec" : "lib")
		}
		/^File: / { flush(); file = substr($0, 7); dynamic = interp = 0; g = "" }
		/Requesting program interpreter/ { interp = 1 }
		/\(NEEDED\)/ {
			dynamic = 1
			if (index(file, top) == 1) {
				g = substr(file, length(top) + 1); sub("/.*", "", g)
				so = $0; sub(".*\\[", "", so); sub("\\].*", "", so)
				print "needed\t" g "\t" so
			}
		}
		END { flush() }'
}

# donor_edges LAYOUT SCAN - print "GROUP PROVIDER" lines: which package's libraries another needs.
donor_edges() {
	local g x

	(cd "$1" && find . -path './*/lib/*' -name '*.so*' ! -path '*/security/*' -print) |
		awk -F/ 'NR == FNR { group[$NF] = $2; next }
			{ split($0, f, "\t") }
			f[1] == "needed" && (f[3] in group) && group[f[3]] != f[2] { print f[2], group[f[3]] }' \
			- "$2" | sort -u
	for g in "${!DONOR_EXTRA[@]}"; do
		for x in ${DONOR_EXTRA[$g]}; do [ ! -d "$1/$x" ] || echo "$g $x"; done
	done
}

# donor_closure EDGES - print the packages that DONOR_ROOTS need, one a line.
donor_closure() {
	echo "$DONOR_ROOTS" | tr -s ' \t\n' '\n' | awk '
		NR == FNR { deps[$1] = deps[$1] " " $2; next }
		NF { todo[++n] = $1 }
		END {
			for (i = 1; i <= n; i++) {
				if (seen[todo[i]]++) continue
				m = split(deps[todo[i]], d, " ")
				for (j = 1; j <= m; j++) todo[++n] = d[j]
			}
			for (g in seen) print g
		}' "$1" - | sort
}

# donor_nix DIR - write DIR/packages.nix: one "package" call for every package of the closure.
donor_nix() {
	local dir=$1 g id deps version first

	donor_scan "$dir/layout" > "$dir/scan"
	donor_edges "$dir/layout" "$dir/scan" > "$dir/edges"
	donor_closure "$dir/edges" > "$dir/closure"
	echo '{ package }: rec {' > "$dir/packages.nix"
	while read -r g; do
		[ -d "$dir/layout/$g" ] || die "no Debian package gives $g"
		id=$(donor_id "$g")
		mkdir -p "$dir/layout/$g/nix-support"
		awk -F'\t' -v g="$g" -v out="$dir/layout/$g/nix-support/elf-" \
			'$1 == "elf" && $2 == g { print $3 > (out $4) }' "$dir/scan"
		deps=$(awk -v g="$g" '$1 == g { print $2 }' "$dir/edges" | sort -u |
			while read -r d; do donor_id "$d"; done | tr '\n' ' ')
		first=${DONOR_GROUPS[$g]:-$g}
		version=$(awk -v g="$g" -v first="${first%% *}" \
			'$1 == g && ($2 == first || !v) { v = $3 } END { print v }' "$dir/versions")
		printf '  %s = package { pname = "%s"; version = "%s"; source = %s; deps = [ %s]; };\n' \
			"$id" "$g" "${version//[!A-Za-z0-9.]/-}" "\"$dir/layout/$g\"" "$deps"
	done < "$dir/closure" >> "$dir/packages.nix"
	echo '}' >> "$dir/packages.nix"
}

# donor_id NAME - NAME as a Nix identifier and shell variable.
donor_id() {
	echo "pkg_${1//[!A-Za-z0-9]/_}"
}

# donor_bootstrap DIR - make DIR/bootstrap: BusyBox and patchelf with their libraries in one
# place, the whole world of a package build.
donor_bootstrap() {
	local dir=$1 b=$1/bootstrap l=$1/layout applet

	mkdir -p "$b/bin" "$b/lib"
	cp "$l/busybox-static/bin/busybox" "$b/bin/"
	for applet in $("$b/bin/busybox" --list); do
		[ "$applet" = busybox ] || ln -s busybox "$b/bin/$applet"
	done
	cp "$l/patchelf/bin/patchelf" "$b/lib/"
	cp -L "$l"/glibc/lib/ld-linux*.so.* "$b/lib/ld.so"
	cp -L "$l"/glibc/lib/{libc.so.6,libm.so.6,libgcc_s.so.1} "$l"/libstdc++6/lib/libstdc++.so.6 "$b/lib/"
}
