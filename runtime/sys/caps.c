/* SPDX-License-Identifier: MIT */
/*
 * Capability sets of the calling thread, by raw calls: libcap's setters allocate and, since 2.30,
 * address all threads, neither of which suits the time between clone and exec.
 */
#include "caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAPABILITY_LAST 63

static int get_data(struct __user_cap_data_struct data[static 2])
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capget, &header, data) < 0 ? -errno : 0;
}

static int set_data(const struct __user_cap_data_struct data[static 2])
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_data_struct data[2];

	for (int i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(effective >> (32 * i));
		data[i].permitted = (uint32_t)(permitted >> (32 * i));
		data[i].inheritable = (uint32_t)(inheritable >> (32 * i));
	}
	return set_data(data);
}

int caps_raise_permitted(void)
{
	struct __user_cap_data_struct data[2];
	int r = get_data(data);

	if (r < 0)
		return r;
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted;
	return set_data(data);
}

int caps_drop_bounding(uint64_t keep)
{
	for (int capability = 0; capability <= CAPABILITY_LAST; capability++) {
		if (keep & (UINT64_C(1) << capability))
			continue;
		/* EINVAL: beyond the kernel's last one. */
		if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			return -errno;
	}
	return 0;
}

int caps_set_ambient(uint64_t set)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	for (int capability = 0; capability <= CAPABILITY_LAST; capability++) {
		if (!(set & (UINT64_C(1) << capability)))
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			return -errno;
	}
	return 0;
}

int caps_get(uint64_t *effective, uint64_t *bounding)
{
	struct __user_cap_data_struct data[2];
	int r = get_data(data);

	if (r < 0)
		return r;
	*effective = data[0].effective | (uint64_t)data[1].effective << 32;
	*bounding = 0;
	for (int capability = 0; capability <= CAPABILITY_LAST; capability++) {
		int has = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);

		if (has < 0) /* the first that this kernel does not know */
			break;
		*bounding |= (uint64_t)has << capability;
	}
	return 0;
}
