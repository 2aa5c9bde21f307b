#!@pkg_bash@/bin/bash
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2239,SC2050 # the names between @ are filled in
# Make this system the running one, the one of the next boot, or both: the verbs and the order of
# work of NixOS's program of this name, for what the test systems consist of.
set -u
system=@out@
export PATH=@pkg_coreutils@/bin:@pkg_grep@/bin:@pkg_systemd@/bin
action=${1:-}
status=0

case $action in
switch | boot | test | dry-activate) ;;
*)
	echo "usage: ${0##*/} switch|boot|test|dry-activate" >&2
	exit 1
	;;
esac
grep -q '^ID="\?nixos' /etc/os-release || {
	echo "${0##*/}: /etc/os-release is not that of a NixOS system" >&2
	exit 1
}

if [ "$action" = switch ] || [ "$action" = boot ]; then
	# An image has no boot loader: what is started is /sbin/init.
	if [ "@kind@" = image ]; then
		mkdir -p /sbin
		ln -sfn "$system/init" /sbin/init.new && mv -T /sbin/init.new /sbin/init || exit 1
	fi
	[ "$action" = switch ] || exit 0
fi

old=$(readlink -f /run/current-system/etc/systemd/system)
new=$(readlink -f "$system/etc/systemd/system")
changed=()
for unit in "$new"/*.service "$new"/*.socket; do
	name=${unit##*/}
	[[ $name != *@.* && -e $old/$name && $(< "$unit") != "$(< "$old/$name")" ]] || continue
	if systemctl is-active -q "$name"; then
		changed+=("$name")
	fi
done
if [ "$action" = dry-activate ]; then
	echo "would restart: ${changed[*]:-nothing}"
	exit 0
fi

if [ ${#changed[@]} -gt 0 ]; then
	echo "stopping: ${changed[*]}"
	systemctl stop -- "${changed[@]}"
fi
echo "activating the configuration..."
"$system/activate" || status=2
systemctl daemon-reload || exit 3
if [ ${#changed[@]} -gt 0 ]; then
	echo "starting: ${changed[*]}"
	systemctl start -- "${changed[@]}" || status=4
fi
if systemctl --no-legend --failed list-units | grep .; then
	echo "the units above have failed" >&2
	status=4
fi
exit $status
