# SPDX-License-Identifier: MIT
# Build of one package: the unpacked Debian files of $source with ELF files that find the loader
# and each other by store path, and with text files that name programs by store path.
# shellcheck shell=dash disable=SC2154 # the variables are those of the derivation
set -eu
elf=$source/nix-support

patch_elf() {
	"$boot/lib/ld.so" --library-path "$boot/lib" "$boot/lib/patchelf" "$@"
}

rpath=$out/lib:$out/lib/$pname
for d in $deps; do rpath=$rpath:$d/lib; done

cp -a "$source" "$out"
chmod -R u+w "$out"
rm -rf "$out/nix-support"
cd "$out"

if [ -z "$glibc" ]; then
	# The C library and its plug-ins stay as they are: they look in $out/lib once told so by
	# their callers' RUNPATH.
	programs=$(grep '^bin/' "$elf/elf-exec" || true)
	libraries=
	glibc=$out
else
	programs=$(cat "$elf/elf-exec" 2>/dev/null || true)
	libraries=$(cat "$elf/elf-lib" 2>/dev/null || true)
fi
# shellcheck disable=SC2086 # lists of paths without blanks
{
	[ -z "$programs" ] ||
		patch_elf --set-interpreter "$(echo "$glibc"/lib/ld-linux*.so.*)" --set-rpath "$rpath" $programs
	[ -z "$libraries" ] || patch_elf --set-rpath "$rpath" $libraries
}

# Unit and D-Bus service files: Debian's absolute names become store paths, and so do the bare
# names that systemd would look for in a path fixed when it was compiled.
commands_of() {
	grep -o -E '(^Exec[A-Za-z]*=[-@:+!|]*|/s?bin/)[a-z][a-z0-9-]*' "$1" |
		sed 's#.*[=@:+!|/]-*##' | sort -u
}

use_store_paths() {
	sed -i -E "s#(^|[=@ +!:|-])/(usr/)?lib/systemd/#\1$out/lib/systemd/#g" "$1"
	commands_of "$1" | while read -r command; do
		for d in "$out" $deps; do
			[ -e "$d/bin/$command" ] || continue
			sed -i -E \
				-e "s#^(Exec[A-Za-z]*=[-@:+!|]*)(/(usr/)?s?bin/)?$command( |\$)#\1$d/bin/$command\4#" \
				-e "s#([ =])/(usr/)?s?bin/$command( |\$)#\1$d/bin/$command\3#g" "$1"
			break
		done
	done
}

for d in lib/systemd share/dbus-1; do
	[ ! -d "$d" ] || find "$d" -type f ! -perm -111 ! -name '*.so*'
done | while read -r f; do use_store_paths "$f"; done
