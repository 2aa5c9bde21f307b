/* SPDX-License-Identifier: MIT */
/* Where programs inside a machine are looked for: its payload's and entered commands' PATH. */
#ifndef FLOE_BASE_SEARCH_PATH_H
#define FLOE_BASE_SEARCH_PATH_H

#define SEARCH_PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* NixOS has nothing in the directories above, but wrappers and the system profile. */
#define SEARCH_PATH_NIXOS "/run/wrappers/bin:/run/current-system/sw/bin:" SEARCH_PATH_DEFAULT

#endif
