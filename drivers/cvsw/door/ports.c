// SPDX-License-Identifier: GPL-2.0
/* All ports, and what new ones are made with. */
#include "cvsw.h"
#include "table/groups.h"

LIST_HEAD(cvsw_ports);
DEFINE_MUTEX(cvsw_ports_lock);

enum cvsw_miss cvsw_miss;
unsigned int cvsw_max_flows = CVSW_TABLE_MAX;
unsigned int cvsw_max_groups = CVSW_GROUPS_MAX;

void cvsw_ports_limit_flows(unsigned int max)
{
	struct cvsw_port *port;

	mutex_lock(&cvsw_ports_lock);
	WRITE_ONCE(cvsw_max_flows, max);
	list_for_each_entry(port, &cvsw_ports, node)
		cvsw_table_set_limit(port->engine.table, max);
	mutex_unlock(&cvsw_ports_lock);
}
