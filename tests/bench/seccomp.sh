#!/bin/sh
# SPDX-License-Identifier: MIT
# Cost of the system call filter at start; see seccomp.c.
exec "${BUILD:-build}/tests/bench/seccomp"
