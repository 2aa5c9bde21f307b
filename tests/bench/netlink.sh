#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a machine's network costs: by netlink/, and by the commands ip and nft; see netlink.c.
set -euo pipefail
# shellcheck source=tests/bench/common.bash
. "$(dirname "$0")/common.bash"

((EUID == 0)) || die "links and tables are made: run as root"
# In a namespace of its own: nothing of the host's is touched, and nothing is left.
exec unshare --net "$BUILD/tests/bench/netlink"
