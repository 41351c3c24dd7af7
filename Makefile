# For those who type `make test`: every target is one of ./dev, where the work is described.
.DEFAULT_GOAL := help

# Not a list of targets: ./dev knows them. FORCE, because build and others are folders as well.
%: FORCE
	@./dev $@

FORCE: ;
Makefile: ;
