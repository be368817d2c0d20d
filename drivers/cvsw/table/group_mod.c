// SPDX-License-Identifier: GPL-2.0
/* What the commands of a group_mod do to the table: OpenFlow 1.3.0, 6.6. */
#include "groups.h"
#include "table_parts.h"

static int group_add(struct cvsw_table *table, const struct cvsw_group *group)
{
	struct cvsw_group_version *twin = cvsw_groups_find(table, group->id);

	if (cvsw_groups_will_have(table, twin))
		return -EEXIST;
	if (twin && cvsw_group_is_same(twin, group)) {
		cvsw_groups_keep(table, twin);
		return 0;
	}
	/* Flows of the one that was there before go, and do not live on with this one. */
	cvsw_change_remove_orphans(table);
	return cvsw_groups_insert(table, cvsw_group_create(group, NULL));
}

static int group_modify(struct cvsw_table *table, const struct cvsw_group *group)
{
	struct cvsw_group_version *twin = cvsw_groups_find(table, group->id);

	return twin ? cvsw_groups_insert(table, cvsw_group_create(group, twin)) : -ENOENT;
}

static int group_live(struct cvsw_table *table, const struct cvsw_group *group)
{
	struct cvsw_group_version *twin = cvsw_groups_find(table, group->id);

	return twin ? cvsw_groups_insert(table, cvsw_group_create_live(twin, group->dead)) : -ENOENT;
}

static void group_delete(struct cvsw_table *table, u32 id)
{
	struct cvsw_group_version *twin = cvsw_groups_find(table, id);

	if (id == CVSW_GROUP_ALL)
		cvsw_groups_remove_all(table);
	else if (twin)
		cvsw_groups_remove(table, twin);
}

static int do_group_command(struct cvsw_table *table, enum cvsw_group_command command,
			    const struct cvsw_group *group)
{
	switch (command) {
	case CVSW_GROUP_ADD:
		return group_add(table, group);
	case CVSW_GROUP_MODIFY:
		return group_modify(table, group);
	case CVSW_GROUP_DELETE:
		group_delete(table, group->id);
		return 0;
	case CVSW_GROUP_LIVE:
		return group_live(table, group);
	}
	return -EINVAL;
}

int cvsw_table_group_mod(struct cvsw_table *table, enum cvsw_group_command command,
			 const struct cvsw_group *group)
{
	int err;

	if (table->change.on)
		return do_group_command(table, command, group);
	cvsw_table_begin(table, false);
	err = do_group_command(table, command, group);
	if (err)
		cvsw_table_abort(table);
	else
		cvsw_table_commit(table);
	return err;
}
