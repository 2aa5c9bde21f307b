/* SPDX-License-Identifier: MIT */
/* Calls one function of runtime/sys/cgroup.h for cgroup.sh: VERB PATH [VALUE]; prints the errno. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/sys/cgroup.h"

/* null as a whole, zero for reading, terminals, making block devices. */
static const struct device_rule rules[] = {
	{'c', 1, 3, "rwm", "null"},
	{'c', 1, 5, "r", "zero"},
	{'c', 136, -1, "rw", "terminals"},
	{'b', -1, -1, "m", "block devices are made, not opened"},
};

static int run(const char *verb, const char *path, const char *value)
{
	size_t count = sizeof(rules) / sizeof(rules[0]);

	if (strcmp(verb, "make") == 0)
		return cgroup_make(path);
	if (strcmp(verb, "set") == 0)
		return cgroup_set(path, value);
	if (strcmp(verb, "own") == 0)
		return cgroup_own(path, (uid_t)atoi(value));
	if (strcmp(verb, "join") == 0)
		return cgroup_join(path, atoi(value));
	if (strcmp(verb, "remove") == 0)
		return cgroup_remove_tree(path);
	if (strcmp(verb, "devices-v1") == 0)
		return cgroup_devices_v1(path, rules, count);
	if (strcmp(verb, "devices-bpf") == 0)
		return cgroup_devices_bpf(path, rules, count);
	fprintf(stderr, "unknown verb %s\n", verb);
	exit(2);
}

int main(int argc, char **argv)
{
	int r = argc < 3 ? -1 : run(argv[1], argv[2], argc > 3 ? argv[3] : "0");

	printf("%s\n", r < 0 ? strerrorname_np(-r) : "ok");
	return r < 0;
}
