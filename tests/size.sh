#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# No function past 80 lines and no file past 800; first line the licence, second the purpose.
set -euo pipefail
cd "$(dirname "$0")/.."

FUNCTION_MAX=80
FILE_MAX=800

mapfile -t files < <(find runtime netlink seccomp init tests -name '*.[ch]' | sort)
mapfile -t scripts < <(find tests .ci -type f \( -name '*.sh' -o -path '.ci/*' \) | sort)

# The format puts a function's braces alone in the first column, and no other's.
awk -v function_max=$FUNCTION_MAX -v file_max=$FILE_MAX '
	function complain(line, text) { printf "%s:%d: %s\n", FILENAME, line, text; bad = 1 }
	FNR == 1 && !/SPDX-License-Identifier: MIT/ && !/^#!/ { complain(1, "no SPDX licence line") }
	FNR == 2 && FILENAME ~ /\.[ch]$/ && !/^\/\*/ { complain(2, "no line that says the purpose") }
	FNR == file_max + 1 { complain(FNR, "the file is longer than " file_max " lines") }
	/^\{$/ { start = FNR }
	/^\}$/ && start {
		if (FNR - start - 1 > function_max)
			complain(start, "the function has " FNR - start - 1 " lines, more than " function_max)
		start = 0
	}
	END { exit bad }' "${files[@]}" "${scripts[@]}"

echo "1 passed, 0 failed"
