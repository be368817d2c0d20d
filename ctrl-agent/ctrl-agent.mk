# SPDX-License-Identifier: GPL-2.0-or-later
# The controller daemon, the CLI, their tests and their installation.

AGENT_DIR := $(TOP)/ctrl-agent

# A folder is a room; a header of another room is included with the room's name.
AGENT_ROOMS := base hub fabric nic sa apps store datapath api
AGENT_DAEMON := cvswd $(foreach room,$(AGENT_ROOMS),$(patsubst $(AGENT_DIR)/%.c,%,$(wildcard $(AGENT_DIR)/$(room)/*.c)))
# V2=n leaves version 2 out: its link, and the option that allows it.
ifeq ($(V2),n)
AGENT_DAEMON := $(filter-out nic/legacy%,$(AGENT_DAEMON))
else
AGENT_V2 := y
endif
AGENT_BUILT := $(BUILD)/agent-version2-$(or $(AGENT_V2),n)
AGENT_CTL := $(patsubst $(AGENT_DIR)/%.c,%,$(wildcard $(AGENT_DIR)/ctl/*.c)) base/wipe

# What decides, without sockets: the unit tests link this much.
AGENT_LOGIC := $(addprefix nic/,change flowset groupset flow_text desired timed nic legacy legacy_listing legacy_reconcile talk talk_flows talk_groups talk_sas \
	talk_refusal talk_requests talk_unasked waiting) apps/overlay apps/overlays sa/ways sa/ways_kept api/intent api/pieces base/heap base/log base/turns

AGENT_CFLAGS = -I$(TOP)/proto -I$(AGENT_DIR) $(shell pkg-config --cflags libnl-genl-3.0) \
	$(if $(AGENT_V2),-DCVSW_VERSION2)
CVSWD_LIBS := -levent -ljansson -lpcap -lsqlite3 -lcrypto
CVSWCTL_LIBS = -ljansson $(shell pkg-config --libs libnl-genl-3.0)
AGENT_CRYPTO := $(BUILD)/user/proto/cvsw_v3_libcrypto.o

CVSWD := $(BUILD)/bin/cvswd
CVSWCTL := $(BUILD)/bin/cvswctl
MANUALS := $(BUILD)/man
CVSWD_ASAN := $(BUILD)/asan/cvswd
CVSWCTL_ASAN := $(BUILD)/asan/cvswctl

.PHONY: agent agent-asan agent-test ctl needs-ctl needs-agent
agent: $(CVSWD) $(CVSWCTL) $(MANUALS)/cvswd.8 $(MANUALS)/cvswctl.8 ## build cvswd, cvswctl and their manuals (V2=n: without version 2)
ctl: $(CVSWCTL) $(MANUALS)/cvswctl.8 ## build cvswctl and its manual alone, for guests
all: agent

# Before the compiler complains about headers, the packages that they are in are named.
needs-ctl needs-agent:
	@$(AGENT_DIR)/needs $(@:needs-%=%) '$(CC)'
$(AGENT_CTL:%=$(BUILD)/user/agent/%.o): | needs-ctl
$(patsubst %,$(BUILD)/user/agent/%.o,$(filter-out $(AGENT_CTL),$(AGENT_DAEMON))) $(AGENT_CRYPTO): | needs-agent

$(MANUALS)/%.8: $(AGENT_DIR)/%.8.scd | needs-ctl
	@mkdir -p $(@D)
	scdoc < $< > $@

# What was built otherwise is built again.
$(AGENT_BUILT):
	@mkdir -p $(@D) && rm -f $(BUILD)/agent-version2-* && touch $@

$(BUILD)/user/agent/%.o: $(AGENT_DIR)/%.c $(AGENT_BUILT)
	@mkdir -p $(@D)
	$(CC) $(USER_CFLAGS) $(AGENT_CFLAGS) $(DEPS) -c -o $@ $<

$(BUILD)/asan/agent/%.o: $(AGENT_DIR)/%.c $(AGENT_BUILT)
	@mkdir -p $(@D)
	$(CC) $(SAN_CFLAGS) $(AGENT_CFLAGS) $(DEPS) -c -o $@ $<

# Rules in proto.mk, which is read after this file.
AGENT_PROTO := $(BUILD)/user/libcvswproto.a
AGENT_PROTO_ASAN := $(BUILD)/asan/libcvswproto.a

$(CVSWD): $(AGENT_DAEMON:%=$(BUILD)/user/agent/%.o) $(AGENT_CRYPTO) $(AGENT_PROTO)
	@mkdir -p $(@D)
	$(CC) $(USER_CFLAGS) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(CVSWD_LIBS)

$(CVSWCTL): $(AGENT_CTL:%=$(BUILD)/user/agent/%.o) $(AGENT_PROTO)
	@mkdir -p $(@D)
	$(CC) $(USER_CFLAGS) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(CVSWCTL_LIBS)

$(CVSWD_ASAN): $(AGENT_DAEMON:%=$(BUILD)/asan/agent/%.o) $(AGENT_PROTO_ASAN)
	$(CC) $(SAN_CFLAGS) -o $@ $^ $(CVSWD_LIBS)

$(CVSWCTL_ASAN): $(AGENT_CTL:%=$(BUILD)/asan/agent/%.o) $(AGENT_PROTO_ASAN)
	$(CC) $(SAN_CFLAGS) -o $@ $^ $(CVSWCTL_LIBS)

agent-asan: $(CVSWD_ASAN) $(CVSWCTL_ASAN)

# The simulated NIC behind a tap.
TAPNIC := $(BUILD)/user/agent/tapnic
$(TAPNIC): $(addprefix $(BUILD)/user/agent/,tests/tapnic.o tests/simnic.o nic/flowset.o nic/groupset.o) $(AGENT_PROTO)
	$(CC) $(USER_CFLAGS) -o $@ $^

# Simulated NICs of version 3.
SIMNIC3 := $(BUILD)/asan/agent/simnic3
$(SIMNIC3): $(addprefix $(BUILD)/asan/,agent/tests/simnic3.o proto/tests/v3_nic.o proto/tests/gen.o) $(AGENT_PROTO_ASAN)
	$(CC) $(SAN_CFLAGS) -o $@ $^ -lcrypto

# Unit tests, sanitized, on what decides; then the daemon against a fake switch
# and against Open vSwitch.
AGENT_TESTS := $(patsubst $(AGENT_DIR)/tests/%.c,%,$(wildcard $(AGENT_DIR)/tests/test_*.c))
AGENT_TEST_OBJECTS := $(addprefix $(BUILD)/asan/,$(AGENT_LOGIC:%=agent/%.o) \
	$(addprefix agent/tests/,flows.o lossy.o main.o overlay_world.o simnic.o talk_wire.o) \
	proto/tests/tap.o proto/tests/v3_nic.o) $(AGENT_PROTO_ASAN)

$(BUILD)/asan/agent/tests/%.o: AGENT_CFLAGS += -I$(AGENT_DIR)/tests -I$(TOP)/proto/tests

$(AGENT_TESTS:%=$(BUILD)/asan/agent/%): $(BUILD)/asan/agent/%: $(BUILD)/asan/agent/tests/%.o $(AGENT_TEST_OBJECTS)
	$(CC) $(SAN_CFLAGS) -o $@ $^ -levent -ljansson -lcrypto

# Each alone, and ONLY='part of a name'.  The longest first, so that none of them ends alone.
AGENT_TEST_UNITS := $(AGENT_TESTS:test_%=agent-unit-%)
AGENT_TEST_SCRIPTS := $(patsubst $(AGENT_DIR)/tests/%_test,agent-test-%,$(basename $(wildcard $(AGENT_DIR)/tests/*_test.*)))
AGENT_TEST_LONGEST := $(addprefix agent-test-,switch version3 requests daemon)
AGENT_TEST_SCRIPTS := $(AGENT_TEST_LONGEST) $(filter-out $(AGENT_TEST_LONGEST),$(AGENT_TEST_SCRIPTS))

agent-test: agent agent-asan $(AGENT_TESTS:%=$(BUILD)/asan/agent/%) $(TAPNIC) $(SIMNIC3) ## test daemon and CLI: units, fake switch, Open vSwitch
	@$(call side_by_side,$(AGENT_TEST_SCRIPTS) $(AGENT_TEST_UNITS))

.PHONY: $(AGENT_TEST_UNITS) $(AGENT_TEST_SCRIPTS)
$(AGENT_TEST_UNITS): agent-unit-%: $(BUILD)/asan/agent/test_%
	@$< $(only)
$(AGENT_TEST_SCRIPTS): agent-test-%: agent agent-asan $(TAPNIC) $(SIMNIC3)
	@timeout 400 $(wildcard $(AGENT_DIR)/tests/$*_test.*) $(BUILD) $(if $(filter-out storm,$*),$(only))
