# SPDX-License-Identifier: MIT
# Build of one package: the unpacked Debian files of $source with ELF files that find the loader
# and each other by store path, and with text files that name programs by store path.
elf=$source/nix-support

patch_elf() {
	"$boot/lib/ld.so" --library-path "$boot/lib" "$boot/lib/patchelf" "$@"
}

rpath=$out/lib:$out/lib/systemd
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

# Unit and D-Bus service files: Debian's absolute names, and the bare names that systemd would
# look for in a path fixed when it was compiled.
find lib/systemd share/dbus-1 -type f ! -perm -111 2>/dev/null | grep -v '\.so' > files || true
while read -r f; do
	sed -i -E -e "s#(^|[=@ +!:|-])/(usr/)?lib/systemd/#\1$out/lib/systemd/#g" "$f"
	for p in $(grep -o -E '(^Exec[A-Za-z]*=[-@:+!|]*|/s?bin/)[a-z][a-z0-9-]*' "$f" | sed 's#.*[=@:+!|/]##' | sort -u); do
		for d in "$out" $deps; do
			[ -e "$d/bin/$p" ] || continue
			sed -i -E -e "s#^(Exec[A-Za-z]*=[-@:+!|]*)(/(usr/)?s?bin/)?$p( |\$)#\1$d/bin/$p\4#" \
				-e "s#([ =])/(usr/)?s?bin/$p( |\$)#\1$d/bin/$p\3#g" "$f"
			break
		done
	done
done < files
rm files
