// SPDX-License-Identifier: GPL-2.0
/*
 * Where the generation is.  The kernel's own driver for it, which a distribution may
 * have left out, hears of a change by an interrupt and later than the first frame is
 * sent; it reads the same memory.
 */
#include <linux/acpi.h>
#include <linux/io.h>
#include <linux/workqueue.h>

#include "esp/vmgenid.h"

static const struct cvsw_generation never_changes;
const struct cvsw_generation *cvsw_generation = &never_changes;
static struct cvsw_generation *found;
static void (*tell_all)(void);

bool cvsw_generation_is_known(void)
{
	return found;
}

static void changed_work(struct work_struct *work)
{
	tell_all();
}

static DECLARE_WORK(changed, changed_work);

void cvsw_generation_changed(void)
{
	schedule_work(&changed);
}

#ifdef CONFIG_ACPI

/* ADDR: lower and upper half of a physical address.  Return: zero: nothing that can be used. */
static phys_addr_t read_vmgenid_address(acpi_handle device)
{
	struct acpi_buffer answer = { ACPI_ALLOCATE_BUFFER };
	union acpi_object *half;
	phys_addr_t address = 0;

	if (ACPI_FAILURE(acpi_evaluate_object_typed(device, "ADDR", NULL, &answer,
						    ACPI_TYPE_PACKAGE)))
		return 0;
	half = ((union acpi_object *)answer.pointer)->package.elements;
	if (((union acpi_object *)answer.pointer)->package.count == 2 &&
	    half[0].type == ACPI_TYPE_INTEGER && half[1].type == ACPI_TYPE_INTEGER)
		address = half[0].integer.value | half[1].integer.value << 32;
	ACPI_FREE(answer.pointer);
	return IS_ALIGNED(address, sizeof(u64)) ? address : 0;
}

static phys_addr_t find_vmgenid(void)
{
	struct acpi_device *device = acpi_dev_get_first_match_dev("VM_GEN_COUNTER", NULL, -1);
	phys_addr_t address;

	if (!device)
		device = acpi_dev_get_first_match_dev("VMGENCTR", NULL, -1);
	if (!device)
		return 0;
	address = read_vmgenid_address(device->handle);
	acpi_dev_put(device);
	return address;
}

static void map_vmgenid(void)
{
	phys_addr_t address = find_vmgenid();

	found = address ? memremap(address, sizeof(*found), MEMREMAP_WB) : NULL;
	if (found)
		cvsw_generation = found;
}

static void unmap_vmgenid(void)
{
	if (found)
		memunmap(found);
}
#else
/* Nor has a kernel without ACPI what maps memory, maybe. */
static void map_vmgenid(void) {}
static void unmap_vmgenid(void) {}
#endif

void cvsw_generation_module_init(void (*tell)(void))
{
	tell_all = tell;
	map_vmgenid();
}

void cvsw_generation_module_exit(void)
{
	cancel_work_sync(&changed);
	unmap_vmgenid();
}
