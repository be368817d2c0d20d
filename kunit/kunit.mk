# User-Mode Linux kernels, KUnit suites and the virtio wire.

UML_KERNELS := plain kasan
UML := $(BUILD)/uml

.PHONY: uml $(UML_KERNELS:%=uml-%)
uml: $(UML_KERNELS:%=uml-%) ## build the User-Mode Linux test kernels (cached)

# Always asked, for the cache's key knows more than timestamps do; quick when it hits.
uml-plain: TOP_FRAGMENTS := kunit/uml.config
uml-kasan: TOP_FRAGMENTS := kunit/uml.config kunit/uml-kasan.config
$(UML_KERNELS:%=uml-%): uml-%:
	@kunit/uml-build.sh $(UML)/$* $(TOP_FRAGMENTS)
