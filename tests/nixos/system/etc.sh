# SPDX-License-Identifier: MIT
# Build of /etc: the templates of $files, and the units.
# shellcheck shell=dash disable=SC2154 # the variables are those of the derivation
set -eu
# shellcheck source-path=SCRIPTDIR source=functions.sh
. "$functions"

e=$out/etc
u=$out/units
mkdir -p "$e/systemd/system-generators" "$u" "$out/users"
cd "$files"
find . -type d | while read -r d; do mkdir -p "$e/$d"; done
find . -type f | while read -r f; do substitute "$f" "$e/$f"; done

for f in login su su-l systemd-user runuser runuser-l remote; do cp "$e/pam.d/other" "$e/pam.d/$f"; done
for f in login systemd-user; do
	echo "session optional $pkg_systemd/lib/security/pam_systemd.so" >> "$e/pam.d/$f"
done

# An absolute link into the store, as on NixOS: from outside the root it points nowhere.
mv "$e/os-release" "$out/os-release"
ln -s "$out/os-release" "$e/os-release"

[ "$client" = dhcpcd ] || rm "$e/dhcpcd.conf"

# Users are made once, not linked: the system may change them.
for f in passwd group shadow; do mv "$e/$f" "$out/users/$f"; done
for i in 1 2 3 4 5 6 7 8 9 10; do
	echo "nixbld$i:x:$((30000 + i)):30000:Nix build user $i:/var/empty:/run/current-system/sw/bin/nologin" >> "$out/users/passwd"
	echo "nixbld$i:!:1::::::" >> "$out/users/shadow"
done

# Units of systemd and our own; "wants" lines of units.list say what starts when.
cd "$units"
want() {
	mkdir -p "$u/$1.wants"
	ln -s "../$2" "$u/$1.wants/$2"
}
while read -r kinds target name; do
	case $kinds in '' | '#'*) continue ;; esac
	case $kinds in both | "$kind" | "$client") ;; *) continue ;; esac
	if [ -e "$name" ]; then
		substitute "$name" "$u/$name"
	elif [ ! -e "$u/$name" ] && [ -e "$pkg_systemd/lib/systemd/system/$name" ]; then
		ln -s "$pkg_systemd/lib/systemd/system/$name" "$u/$name"
	fi
	[ -e "$u/$name" ] || { echo "no unit $name in this systemd" && continue; }
	[ "$target" = - ] || want "$target" "$name"
done < units.list
ln -s multi-user.target "$u/default.target"
ln -s "$pkg_systemd/lib/systemd/system/user-.slice.d" "$u/user-.slice.d"
ln -s "$u" "$e/systemd/system"
ln -s "$pkg_systemd/lib/systemd/user" "$e/systemd/user"

# The network set-up that a manager's veth pair expects inside, as systemd ships it.
mkdir -p "$e/systemd/network"
for f in 80-container-host0.network 99-default.link; do
	[ ! -e "$pkg_systemd/lib/systemd/network/$f" ] ||
		ln -s "$pkg_systemd/lib/systemd/network/$f" "$e/systemd/network/$f"
done
