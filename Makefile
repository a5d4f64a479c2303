# Thin aliases of scripts/dev.py. Variables: PORT, VAR (demo), ARGS (test), NAME (bench), GATE (soak).
PYTHON ?= python3

.PHONY: demo test check bench soak lock setup
demo test check bench soak lock setup:
	@exec $(PYTHON) scripts/dev.py $@
