# SPDX-License-Identifier: GPL-2.0
# The codecs: a library for user space (and a sanitized one for tests), and the
# proof that what the kernel module shares compiles as it does there.

PROTO_V3 := $(addprefix cvsw_v3_,frame noise record stream end nic controller body flows trace)
PROTO_SHARED := cvsw_fault cvsw_fields cvsw_flow cvsw_msg cvsw_ofp10 cvsw_ofp10_actions cvsw_ofp10_published cvsw_nxm cvsw_sa \
	$(PROTO_V3)
PROTO_USER := $(PROTO_SHARED) cvsw_ofp cvsw_ofp_encode cvsw_ofp_rules cvsw_text_parse cvsw_text_words \
	cvsw_text_flow cvsw_text_match cvsw_text_values cvsw_text_actions cvsw_text_fields cvsw_text_format cvsw_v3_libcrypto \
	cvsw_v3_keylog
# For those who use cvsw_v3_libcrypto.  In user space's build it is no part of the library:
# cvswctl does without, and is built where OpenSSL's headers are not.
PROTO_LIBS := -lcrypto
PROTO_CRYPTO := $(BUILD)/user/proto/cvsw_v3_libcrypto.o
PROTO_HEADERS := $(wildcard $(TOP)/proto/*.h)

PROTO_LIB := $(BUILD)/user/libcvswproto.a
PROTO_LIB_ASAN := $(BUILD)/asan/libcvswproto.a

$(BUILD)/user/proto/%.o: $(TOP)/proto/%.c $(PROTO_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(USER_CFLAGS) -c -o $@ $<

$(BUILD)/asan/proto/%.o: $(TOP)/proto/%.c $(PROTO_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(SAN_CFLAGS) -c -o $@ $<

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

$(BUILD)/freestanding/proto/%.o: $(TOP)/proto/%.c $(PROTO_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(PROTO_KERNEL_CFLAGS) -c -o $@ $<

PROTO_TEST := $(BUILD)/asan/proto-test
PROTO_FLOWTOOL := $(BUILD)/asan/proto-flowtool
PROTO_V3NIC := $(BUILD)/asan/proto-v3nic
PROTO_V3_VECTORS := $(TOP)/proto/vectors/v3.txt
PROTO_TEST_SOURCES := $(wildcard $(TOP)/proto/tests/test_*.c) \
	$(addprefix $(TOP)/proto/tests/,main.c tap.c gen.c v3_nic.c v3_world.c v3_crowd.c)
PROTO_TEST_HEADERS := $(wildcard $(TOP)/proto/tests/*.h) $(PROTO_HEADERS)

$(PROTO_TEST): $(PROTO_TEST_SOURCES) $(PROTO_TEST_HEADERS) $(PROTO_LIB_ASAN)
	$(CC) $(SAN_CFLAGS) '-DV3_VECTORS="$(PROTO_V3_VECTORS)"' -o $@ $(PROTO_TEST_SOURCES) \
		$(PROTO_LIB_ASAN) $(PROTO_LIBS)

$(PROTO_V3NIC): $(addprefix $(TOP)/proto/tests/,v3nic.c v3_nic.c gen.c) $(PROTO_TEST_HEADERS) \
		$(PROTO_LIB_ASAN)
	$(CC) $(SAN_CFLAGS) -o $@ $(filter %.c,$^) $(PROTO_LIB_ASAN) $(PROTO_LIBS)

$(PROTO_FLOWTOOL): $(TOP)/proto/tests/flowtool.c $(TOP)/proto/tests/gen.c $(PROTO_TEST_HEADERS) \
		$(PROTO_LIB_ASAN)
	$(CC) $(SAN_CFLAGS) -o $@ $(filter %.c,$^) $(PROTO_LIB_ASAN)

.PHONY: proto-test
proto-test: $(PROTO_TEST) $(PROTO_FLOWTOOL) $(PROTO_V3NIC) $(BUILD)/user/proto-agree $(PROTO_SHARED:%=$(BUILD)/freestanding/proto/%.o) ## test the codecs of proto/ (sanitizers, and ovs-ofctl as oracle)
	@echo "ok - proto: what the kernel shares compiles freestanding, frames below 512 bytes"
	@$(PROTO_TEST)
	@$(TOP)/proto/tests/test_readme.py $(PROTO_FLOWTOOL) $(TOP)/proto/README.md
	@$(TOP)/proto/tests/test_pages.py $(TOP)/proto $(TOP)/drivers/cvsw/stats.h
	@$(TOP)/proto/tests/test_links.py $(TOP)
	@$(TOP)/proto/tests/test_ovs.py $(PROTO_FLOWTOOL)
	@$(TOP)/proto/tests/make_v3_vectors.py --check $(PROTO_V3_VECTORS)
	@$(TOP)/proto/tests/test_v3_noise.py $(PROTO_V3_VECTORS)
	@$(TOP)/proto/tests/test_v3_peer.py $(PROTO_V3NIC)
	@$(TOP)/proto/tests/test_wireshark.py $(PROTO_V3NIC) $(PROTO_V3_VECTORS) $(BUILD)/proto-wireshark
	@$(TOP)/proto/model/run.sh $(BUILD)/proto-model

# Many more histories and states of the same questions; AGREE_HISTORIES=400 takes a few seconds.
PROTO_AGREE := $(BUILD)/user/proto-agree
AGREE_HISTORIES ?= 40000
AGREE_SEED ?= 1000000

$(PROTO_AGREE): $(addprefix $(TOP)/proto/tests/,agree.c test_v3_agree.c v3_crowd.c v3_world.c v3_nic.c gen.c tap.c) \
		$(PROTO_TEST_HEADERS) $(PROTO_CRYPTO) $(PROTO_LIB)
	@mkdir -p $(@D)
	$(CC) $(USER_CFLAGS) -I$(TOP)/proto/tests -o $@ $(filter %.c,$^) $(PROTO_CRYPTO) $(PROTO_LIB) $(PROTO_LIBS)

.PHONY: check-agree
check-agree: $(PROTO_AGREE) ## test copied and restored NICs and controllers: long histories, more states (20 min)
	@CVSW_AGREE_SEED=$(AGREE_SEED) CVSW_AGREE_HISTORIES=$(AGREE_HISTORIES) $(PROTO_AGREE)
	@$(TOP)/proto/model/run.sh $(BUILD)/proto-model-long long

FUZZ_SECONDS ?= 20
export FUZZ_SECONDS
PROTO_FUZZ_DIR := $(BUILD)/fuzz/proto
PROTO_FUZZ_TARGETS := fuzz_msg fuzz_ofp10 fuzz_sa fuzz_ofp fuzz_text fuzz_v3_body fuzz_v3_end
PROTO_FUZZ_CFLAGS := -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -O1 -g \
	-fsanitize=address,undefined,fuzzer -fno-sanitize-recover=all
PROTO_FUZZ_BINS := $(PROTO_FUZZ_TARGETS:%=$(PROTO_FUZZ_DIR)/%)

$(PROTO_FUZZ_BINS): $(PROTO_FUZZ_DIR)/%: $(TOP)/proto/fuzz/%.c $(TOP)/proto/fuzz/fuzz.h \
		$(PROTO_USER:%=$(TOP)/proto/%.c) $(PROTO_HEADERS)
	@mkdir -p $(@D)
	$(CLANG) $(PROTO_FUZZ_CFLAGS) -o $@ $(filter %.c,$^) $(PROTO_LIBS)

$(PROTO_FUZZ_DIR)/seeds.stamp: $(TOP)/proto/fuzz/seeds.c $(TOP)/proto/tests/gen.c \
		$(PROTO_TEST_HEADERS) $(PROTO_LIB_ASAN)
	@mkdir -p $(PROTO_FUZZ_TARGETS:%=$(PROTO_FUZZ_DIR)/seeds/%)
	$(CC) $(SAN_CFLAGS) -o $(PROTO_FUZZ_DIR)/seeds.bin $(filter %.c,$^) $(PROTO_LIB_ASAN)
	$(PROTO_FUZZ_DIR)/seeds.bin $(PROTO_FUZZ_DIR)/seeds
	@touch $@

.PHONY: proto-fuzz
proto-fuzz: $(PROTO_FUZZ_BINS) $(PROTO_FUZZ_DIR)/seeds.stamp ## fuzz the parsers of proto/, FUZZ_SECONDS each
	@$(TOP)/proto/fuzz/run.sh $(PROTO_FUZZ_DIR) $(PROTO_FUZZ_TARGETS)
