# For those who type `make test`: every target is one of ./dev, where the work is described.
TARGETS := run build test test-all lint bench fuzz host-shell install deb help

.PHONY: $(TARGETS)
.DEFAULT_GOAL := help

$(TARGETS):
	@./dev $@
