# SPDX-License-Identifier: GPL-2.0
# The codecs: a library for user space (and a sanitized one for tests), and the
# proof that what the kernel module shares compiles as it does there.

PROTO_V3 := $(addprefix cvsw_v3_,frame noise record stream end nic controller body body_nic body_controller)
PROTO_SHARED := cvsw_fault cvsw_fields cvsw_field_value cvsw_flow cvsw_flow_mod cvsw_group cvsw_group_mod cvsw_setters cvsw_msg cvsw_ofp10 cvsw_ofp10_actions \
	cvsw_ofp10_plain cvsw_ofp10_published cvsw_nxm cvsw_sa cvsw_sa_encode \
	$(PROTO_V3)
PROTO_USER := $(PROTO_SHARED) cvsw_group_fill cvsw_ofp cvsw_ofp_encode cvsw_ofp_rules cvsw_ofs cvsw_ofs_encode cvsw_oxm cvsw_text_parse cvsw_text_words \
	cvsw_text_flow cvsw_text_match cvsw_text_values cvsw_text_actions cvsw_text_fields cvsw_text_group cvsw_text_lacks cvsw_text_format cvsw_v3_libcrypto \
	cvsw_v3_keylog cvsw_names
# For those who use cvsw_v3_libcrypto.  In user space's build it is no part of the library:
# cvswctl does without, and is built where OpenSSL's headers are not.
PROTO_LIBS := -lcrypto
PROTO_CRYPTO := $(BUILD)/user/proto/cvsw_v3_libcrypto.o

PROTO_LIB := $(BUILD)/user/libcvswproto.a
PROTO_LIB_ASAN := $(BUILD)/asan/libcvswproto.a

$(BUILD)/user/proto/%.o: $(TOP)/proto/%.c
	@mkdir -p $(@D)
	$(CC) $(USER_CFLAGS) $(DEPS) -c -o $@ $<

$(BUILD)/asan/proto/%.o: $(TOP)/proto/%.c
	@mkdir -p $(@D)
	$(CC) $(SAN_CFLAGS) $(DEPS) -c -o $@ $<

$(PROTO_LIB): $(filter-out $(PROTO_CRYPTO),$(PROTO_USER:%=$(BUILD)/user/proto/%.o))
	@rm -f $@
	$(AR) rcs $@ $^

$(PROTO_LIB_ASAN): $(PROTO_USER:%=$(BUILD)/asan/proto/%.o)
	@rm -f $@
	$(AR) rcs $@ $^

# The kernel's dialect, with a macro of it that is easily met, and proto/'s own
# limits: small frames, no variable-length arrays, no library.
PROTO_KERNEL_CFLAGS := -std=gnu11 -O2 -Wall -Wextra -Werror -ffreestanding -fno-builtin \
	-Wdeclaration-after-statement -Wframe-larger-than=512 -Wvla -Wmissing-prototypes \
	-Wstrict-prototypes -Wimplicit-fallthrough '-Dcurrent=get_current()'

$(BUILD)/freestanding/proto/%.o: $(TOP)/proto/%.c
	@mkdir -p $(@D)
	$(CC) $(PROTO_KERNEL_CFLAGS) $(DEPS) -c -o $@ $<

PROTO_TEST := $(BUILD)/asan/proto-test
PROTO_FLOWTOOL := $(BUILD)/asan/proto-flowtool
PROTO_V3NIC := $(BUILD)/asan/proto-v3nic
PROTO_V3_VECTORS := $(TOP)/proto/vectors/v3.txt
proto_asan = $(patsubst %,$(BUILD)/asan/proto/tests/%.o,$(1)) $(PROTO_LIB_ASAN)

$(PROTO_TEST): $(patsubst $(TOP)/%.c,$(BUILD)/asan/%.o,$(wildcard $(TOP)/proto/tests/test_*.c)) \
		$(call proto_asan,main tap gen v3_nic v3_world v3_crowd)
	$(CC) $(SAN_CFLAGS) -o $@ $^ $(PROTO_LIBS)
$(BUILD)/asan/proto/tests/test_v3_%.o: SAN_CFLAGS += '-DV3_VECTORS="$(PROTO_V3_VECTORS)"'

$(PROTO_V3NIC): $(call proto_asan,v3nic v3_nic gen)
	$(CC) $(SAN_CFLAGS) -o $@ $^ $(PROTO_LIBS)

$(PROTO_FLOWTOOL): $(call proto_asan,flowtool gen)
	$(CC) $(SAN_CFLAGS) -o $@ $^ $(PROTO_LIBS)

# For kunit/ovs.
PROTO_TRANSLATOR := $(BUILD)/user/proto-flowtool
$(PROTO_TRANSLATOR): $(patsubst %,$(BUILD)/user/proto/tests/%.o,flowtool gen) $(PROTO_LIB)
	$(CC) $(USER_CFLAGS) $(HARDEN_LDFLAGS) -o $@ $^

# Each part alone, and ONLY='part of a name' of the units.
PROTO_TEST_QUICK := proto-test-freestanding proto-test-units proto-test-readme proto-test-pages
PROTO_TEST_PARTS := $(PROTO_TEST_QUICK) proto-test-vectors proto-test-noise proto-test-ovs proto-test-peer \
	proto-test-wireshark proto-test-model
PROTO_TESTS := $(TOP)/proto/tests

.PHONY: proto-test $(PROTO_TEST_PARTS)
proto-test: $(PROTO_TEST) $(PROTO_FLOWTOOL) $(PROTO_V3NIC) $(BUILD)/user/proto-agree $(PROTO_SHARED:%=$(BUILD)/freestanding/proto/%.o) ## test the codecs of proto/ (sanitizers, and ovs-ofctl as oracle)
	@$(call side_by_side,$(PROTO_TEST_PARTS))

proto-test-freestanding: $(PROTO_SHARED:%=$(BUILD)/freestanding/proto/%.o)
	@echo "ok - proto: what the kernel shares compiles freestanding, frames below 512 bytes"
proto-test-units: $(PROTO_TEST)
	@$(PROTO_TEST) $(only)
proto-test-readme: $(PROTO_FLOWTOOL)
	@$(PROTO_TESTS)/test_readme.py $(PROTO_FLOWTOOL) $(TOP)/proto/README.md
proto-test-pages:
	@$(PROTO_TESTS)/test_pages.py $(TOP)/proto $(TOP)/drivers/cvsw/stats.h
	@$(PROTO_TESTS)/test_links.py $(TOP)
proto-test-ovs: $(PROTO_FLOWTOOL)
	@$(PROTO_TESTS)/test_ovs.py $(PROTO_FLOWTOOL)
proto-test-vectors:
	@$(PROTO_TESTS)/make_v3_vectors.py --check $(PROTO_V3_VECTORS)
proto-test-noise:
	@$(PROTO_TESTS)/test_v3_noise.py $(PROTO_V3_VECTORS)
proto-test-peer: $(PROTO_V3NIC)
	@$(PROTO_TESTS)/test_v3_peer.py $(PROTO_V3NIC)
proto-test-wireshark: $(PROTO_V3NIC)
	@$(PROTO_TESTS)/test_wireshark.py $(PROTO_V3NIC) $(PROTO_V3_VECTORS) $(BUILD)/proto-wireshark
proto-test-model:
	@$(TOP)/proto/model/run.sh $(BUILD)/proto-model

# Many more histories and states of the same questions; AGREE_HISTORIES=400 takes a few seconds.
PROTO_AGREE := $(BUILD)/user/proto-agree
AGREE_HISTORIES ?= 40000
AGREE_SEED ?= 1000000

$(PROTO_AGREE): $(patsubst %,$(BUILD)/user/proto/tests/%.o,agree test_v3_agree v3_crowd v3_world v3_nic gen tap) \
		$(PROTO_CRYPTO) $(PROTO_LIB)
	$(CC) $(USER_CFLAGS) $(HARDEN_LDFLAGS) -o $@ $^ $(PROTO_LIBS)

.PHONY: check-agree
check-agree: $(PROTO_AGREE) ## test copied and restored NICs and controllers: long histories, more states (20 min)
	@CVSW_AGREE_SEED=$(AGREE_SEED) CVSW_AGREE_HISTORIES=$(AGREE_HISTORIES) $(PROTO_AGREE)
	@$(TOP)/proto/model/run.sh $(BUILD)/proto-model-long long

# OVS_SOURCE: Open vSwitch's source, unpacked, where apt has none.
PROTO_TEXTS := $(BUILD)/ovs-texts
.PHONY: check-syntax
check-syntax: $(PROTO_FLOWTOOL) ## read every flow of Open vSwitch's tests and manuals (5 min; build/ovs-texts/list)
	@mkdir -p $(PROTO_TEXTS)
	@$(PROTO_TESTS)/ovs_texts.py $(PROTO_FLOWTOOL) $(PROTO_TEXTS) $(PROTO_TEXTS)/list

FUZZ_SECONDS ?= 20
export FUZZ_SECONDS
PROTO_FUZZ_DIR := $(BUILD)/fuzz/proto
PROTO_FUZZ_TARGETS := fuzz_msg fuzz_flow_mod fuzz_ofp10 fuzz_sa fuzz_ofp fuzz_ofs fuzz_text fuzz_text_group fuzz_v3_body fuzz_v3_end
PROTO_FUZZ_CFLAGS := -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -O1 -g \
	-fsanitize=address,undefined,fuzzer -fno-sanitize-recover=all
PROTO_FUZZ_BINS := $(PROTO_FUZZ_TARGETS:%=$(PROTO_FUZZ_DIR)/%)
PROTO_FUZZ_OBJECTS := $(BUILD)/fuzz/objects

$(PROTO_FUZZ_OBJECTS)/%.o: $(TOP)/proto/%.c
	@mkdir -p $(@D)
	$(CLANG) $(PROTO_FUZZ_CFLAGS) $(DEPS) -c -o $@ $<

$(PROTO_FUZZ_BINS): $(PROTO_FUZZ_DIR)/%: $(PROTO_FUZZ_OBJECTS)/fuzz/%.o $(PROTO_USER:%=$(PROTO_FUZZ_OBJECTS)/%.o)
	@mkdir -p $(@D)
	$(CLANG) $(PROTO_FUZZ_CFLAGS) -o $@ $^ $(PROTO_LIBS)

$(PROTO_FUZZ_DIR)/seeds.bin: $(BUILD)/asan/proto/fuzz/seeds.o $(call proto_asan,gen)
	@mkdir -p $(@D)
	$(CC) $(SAN_CFLAGS) -o $@ $^ $(PROTO_LIBS)

$(PROTO_FUZZ_DIR)/seeds.stamp: $(PROTO_FUZZ_DIR)/seeds.bin
	@mkdir -p $(PROTO_FUZZ_TARGETS:%=$(PROTO_FUZZ_DIR)/seeds/%)
	$< $(PROTO_FUZZ_DIR)/seeds
	@touch $@

# Each alone: proto-fuzz-text.  As many at once as there are processors.
PROTO_FUZZ_PARTS := $(PROTO_FUZZ_TARGETS:fuzz_%=proto-fuzz-%)
.PHONY: proto-fuzz $(PROTO_FUZZ_PARTS)
$(PROTO_FUZZ_PARTS): proto-fuzz-%: $(PROTO_FUZZ_DIR)/fuzz_% $(PROTO_FUZZ_DIR)/seeds.stamp
	@$(TOP)/proto/fuzz/run.sh $(PROTO_FUZZ_DIR) fuzz_$*
proto-fuzz: SIDES := $(CPUS)
proto-fuzz: $(PROTO_FUZZ_BINS) $(PROTO_FUZZ_DIR)/seeds.stamp ## fuzz the parsers of proto/, FUZZ_SECONDS each
	@$(call side_by_side,$(PROTO_FUZZ_PARTS))
