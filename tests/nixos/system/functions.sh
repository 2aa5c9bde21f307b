# SPDX-License-Identifier: MIT
# What more than one package build uses.
# shellcheck shell=dash disable=SC2154 # the variables are those of the derivation

# substitute FILE TARGET - copy FILE, replacing @NAME@ by the environment variable NAME, for every
# package and setting. A name that is left over is a mistake in FILE.
substitute() {
	local file=$1 target=$2 name value

	set -- -e ''
	for name in $(grep -o '@[a-zA-Z0-9_]*@' "$file" | tr -d @ | sort -u); do
		eval "value=\${$name?$file names an unknown variable}"
		set -- "$@" -e "s|@$name@|$value|g"
	done
	sed "$@" "$file" > "$target"
}

# substitute_program FILE TARGET - the same for a script that is to be run.
substitute_program() {
	substitute "$1" "$2"
	chmod 0555 "$2"
}
