# `make` prints the menu. Only Python 3.11 or newer and make have to be there before; everything else is installed here,
# into .venv and .local.
.DEFAULT_GOAL := help
.SILENT:
.SUFFIXES:

VENV := .venv
EMULATOR := .local/emulator-venv
TOOLS := $(VENV)/.installed
NODE_TOOLS := node_modules/.installed
AUDIT := .local/audit-venv
STACK := $(TOOLS) $(EMULATOR)/.installed
LOCAL := PYTHONPATH=shared $(VENV)/bin/python -m local

export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHONUNBUFFERED := 1
export SAM_CLI_TELEMETRY := 0
# The shell's own settings must not reach into the virtual environments.
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV

CALLS ?= 10

# What a person gives a variable reaches the command as it is: neither make nor the shell looks into it.
unexport ASSISTANT BUILT CALL CALLS DATABASE_CA ENV EVENT FN GRADUAL KIND LIMIT LOSE ONLY PHONE PHONE_NUMBER RATE REPLAY REPORT SAVE SEED SINCE SPEED TIME VAPI_CALL
apostrophe := '
quoted = '$(subst $(apostrophe),'\'',$(value $(1)))'
option = $(if $(value $(2)),$(1) $(call quoted,$(2)))

.PHONY: help run up link down clean simulate invoke events openapi browser screenshots test check format bench audit requirements

help: ## This menu
	awk '/^[a-z-]+:.*## / { name = $$1; text = $$0; sub(/:.*/, "", name); sub(/.*## /, "", text); arguments = ""; \
		if (match(text, /^\[[^]]*\] /)) { arguments = " " substr(text, 2, RLENGTH - 3); text = substr(text, RLENGTH + 1) } \
		printf "  make %-32s %s\n", name arguments, text }' Makefile

run: $(STACK) ## Everything at once: the local stack, one simulated call, every URL, live calls in the console; until Ctrl-C
	$(LOCAL) run $(if $(value SHOW),--show)

up: $(STACK) ## The local stack in the background (BIND=0.0.0.0 lets containers reach it, and everybody on the network; SHOW=1 prints its secrets; VAPI_API_URL=url VAPI_API_KEY=key: no stand-in for Vapi's API)
	$(LOCAL) up $(if $(value SHOW),--show)

link: $(TOOLS) ## The console's link with a token that signs in
	$(LOCAL) link

down: $(TOOLS) ## Stop the local stack; its data stays
	$(LOCAL) down

clean: $(TOOLS) ## Stop the local stack, delete its data and builds
	$(LOCAL) clean

simulate: $(STACK) ## [CALLS=n] Send invented calls to the running stack (SEED=n DISORDER=1 DUPLICATES=1 RATE=webhooks/s LOSE=share; LIVE=1 at speaking pace, SPEED=times)
	$(LOCAL) simulate $(call option,--calls,CALLS) $(call option,--seed,SEED) $(call option,--rate,RATE) $(call option,--lose,LOSE) \
		$(if $(value DISORDER),--disorder) $(if $(value DUPLICATES),--duplicates) $(if $(value LIVE),--live) $(call option,--speed,SPEED)

invoke: $(STACK) ## [FN=name EVENT=file] One function in Lambda's container on a sample event, against the running stack
	test -n $(call quoted,FN) -a -n $(call quoted,EVENT) || { echo "say which: make invoke FN=HangFunction EVENT=events/sqs/hang.json" >&2; exit 2; }
	$(LOCAL) invoke $(call quoted,FN) $(call quoted,EVENT)

events: $(TOOLS) ## Write the sample events anew from events/webhooks
	PYTHONPATH=shared $(VENV)/bin/python -m local.events

openapi: $(TOOLS) ## Write docs/openapi.json anew from the code of the read API
	PYTHONPATH=shared $(VENV)/bin/python -m local.openapi

.PHONY: constants vendor
constants: $(TOOLS) ## Write what the console has from Python anew: its constants, and the types of the API's answers
	PYTHONPATH=shared $(VENV)/bin/python -m local.constants

vendor: $(TOOLS) $(NODE_TOOLS) ## Write the console's library anew, of the version that package.json names
	PYTHONPATH=shared $(VENV)/bin/python -m local.vendor

browser: $(TOOLS)
	$(LOCAL) browser

screenshots: $(STACK) browser ## Take docs/screenshots anew, of a stack of its own
	$(LOCAL) screenshots

.PHONY: first-view
first-view: $(STACK) browser ## How fast the running stack's console is there, cold: paints, movement, bytes
	$(LOCAL) first-view

test: $(STACK) $(NODE_TOOLS) browser ## All tests (VAPI_PAYLOADS=dir adds a folder of recorded webhooks)
	rm -f .local/tested
	$(if $(PYTEST),$(VENV)/bin/python -m pytest $(PYTEST),sh local/test.sh $(VENV)/bin/python)
	# What make deploy asks for: the commit on which everything passed, if that is what lies here.
	test -n "$(PYTEST)$$(git status --porcelain 2>&1)" || git rev-parse HEAD > .local/tested

.PHONY: unit
unit: $(TOOLS) ## The unit tests alone, with few examples of each property: for every change, before make test
	sh local/test.sh $(VENV)/bin/python unit

# Our JavaScript: the console's modules run in a browser, the tests' in Node.
PRETTIER := node_modules/.bin/prettier --log-level warn '**/*.{js,d.ts}'
TYPED := tsconfig.json tests/tsconfig.json

check: $(TOOLS) $(NODE_TOOLS) ## Format, lint and types of Python and JavaScript, import contracts, template
	echo "Format …"
	ruff format --check --quiet . || { echo "make format repairs this" >&2; exit 1; }
	$(PRETTIER) --check || { echo "make format repairs this" >&2; exit 1; }
	echo "Lint …"
	ruff check --quiet .
	node_modules/.bin/eslint --max-warnings 0 .
	echo "Types …"
	mypy --no-error-summary
	for one in $(TYPED); do node_modules/.bin/tsc --project $$one || exit 1; done
	echo "Vendored JavaScript …"
	PYTHONPATH=shared $(VENV)/bin/python -m local.vendor --check
	mkdir -p .local
	echo "Import contracts …"
	PYTHONPATH=shared lint-imports > .local/imports.log || { cat .local/imports.log; exit 1; }
	echo "Templates …"
	sam validate --lint --language-extensions --region us-east-1 > .local/validate.log 2>&1 || { cat .local/validate.log; exit 1; }
	cfn-lint infrastructure/*.yaml
	echo "All well"

REQUIREMENTS := layers/dependencies/requirements requirements-dev local/requirements-emulator local/requirements-audit

audit: $(AUDIT)/.installed ## Known vulnerabilities of what is installed, and what scanners say of the template and the workflows
	echo "Vulnerabilities (pip-audit) …"
	for one in $(REQUIREMENTS); do \
		$(AUDIT)/bin/pip-audit --require-hashes --disable-pip --progress-spinner off --strict --requirement $$one.txt || exit 1; done
	echo "Workflows (zizmor) …"
	$(AUDIT)/bin/zizmor --offline --quiet --persona pedantic .github/workflows
	echo "Templates (checkov) …"
	PYTHONPATH=shared $(VENV)/bin/python -m operate.templates .local/templates
	$(AUDIT)/bin/checkov --directory .local/templates --config-file .checkov.yaml

# One resolution for all platforms and for Python 3.11 to 3.14, with the hash of each file that may be installed. The layer comes
# first, and the tools take its versions, so that the tests run what the functions run.
requirements: $(TOOLS) $(NODE_TOOLS) ## Write the pinned requirements (*.txt, package-lock.json) anew, the newest that fits (KEEP=1: change only what *.in and package.json ask for)
	for one in $(REQUIREMENTS); do \
		layer=; test $$one != requirements-dev || layer="--constraints layers/dependencies/requirements.txt"; \
		uv pip compile --quiet $(if $(value KEEP),,--upgrade) --universal --python-version 3.11 --generate-hashes --no-strip-extras \
			--custom-compile-command "make requirements" $$layer --output-file $$one.txt $$one.in >/dev/null || exit 1; done
	npm $(if $(value KEEP),install,update) --package-lock-only --ignore-scripts --loglevel=error >/dev/null

format: $(TOOLS) $(NODE_TOOLS) ## Repair what a tool can repair
	ruff check --quiet --fix-only .
	ruff format --quiet .
	$(PRETTIER) --write

bench: $(STACK) $(if $(value FRAMES),browser) ## Measure against the budgets of the design (READING=1: the read API instead, on a million calls; FRAMES=1: how smoothly the console moves; CALLERS=1: how soon callers are answered; ROW_SECURITY=1: what row-level security would cost it)
	PYTHONPATH=shared $(VENV)/bin/python -m tests.benchmarks$(if $(value READING),.reading)$(if $(value FRAMES),.frames)$(if $(value CALLERS),.callers)$(if $(value ROW_SECURITY),.row_security)

# The commands for who looks after a stack, here or on AWS.
OPERATE := PYTHONPATH=shared $(VENV)/bin/python -m operate --environment $(if $(value ENV),$(call quoted,ENV),local) $(if $(value YES),--yes)

.PHONY: deploy build restore environment tools smoke redrive suppress unsuppress unlink erase tombstones drift refusals verify reconcile vapi-configure vapi-doctor rotate-webhook-secret database-check
deploy: environment $(TOOLS) ## [ENV=staging|production] Test, build for AWS, show what changes, deploy, smoke test (YES=1: do not ask; GRADUAL=false: at once, though an alarm rings; DATABASE_CA=file.pem)
	$(OPERATE) deploy $(call option,--database-ca,DATABASE_CA) $(call option,--built,BUILT) $(call option,--gradual,GRADUAL)

build: environment $(TOOLS) ## [ENV=staging|production] The first half of deploy, which needs no credentials; deploy BUILT=sha256 is the other
	$(OPERATE) build $(call option,--database-ca,DATABASE_CA)

restore: environment $(TOOLS) ## [ENV=staging|production] Print how the database is restored into its place (TIME=2026-11-29T03:20:00Z; YES=1: do it)
	$(OPERATE) restore $(call option,--time,TIME)

environment:
	case $(call quoted,ENV) in staging|production) ;; *) echo "say where: make deploy ENV=staging, or ENV=production" >&2; exit 2 ;; esac

smoke: $(TOOLS) ## Whether a stack works, asked from outside (ENV=; API_TOKEN)
	$(OPERATE) smoke

redrive: $(TOOLS) ## [KIND=name] Show the dead letters of a kind and why, move them back (ENV= ONLY=reason LIMIT=n YES=1)
	$(OPERATE) redrive $(call option,--kind,KIND) $(call option,--only,ONLY) $(call option,--limit,LIMIT)

suppress: $(TOOLS) ## [PHONE=+1… REASON="asked by mail"] Let a number not be called any more (ORGANIZATION=uuid ENV=)
	test -n $(call quoted,PHONE) && test -n $(call quoted,REASON) || { echo 'say which and why: make suppress PHONE=+12025550142 REASON="asked by mail"' >&2; exit 2; }
	$(OPERATE) suppress $(call option,--phone,PHONE) $(call option,--reason,REASON) $(call option,--organization,ORGANIZATION)

unsuppress: $(TOOLS) ## [PHONE=+1…] Let a suppressed number be called again (ORGANIZATION=uuid ENV=)
	test -n $(call quoted,PHONE) || { echo "say which: make unsuppress PHONE=+12025550142" >&2; exit 2; }
	$(OPERATE) unsuppress $(call option,--phone,PHONE) $(call option,--organization,ORGANIZATION)

unlink: $(TOOLS) ## [CALL=id] Show which calls of Vapi's a call is linked to, take a wrong link back, redrive what was refused (VAPI_CALL=id ENV= YES=1)
	test -n $(call quoted,CALL) || { echo "say which: make unlink CALL=id" >&2; exit 2; }
	$(OPERATE) unlink $(call option,--call,CALL) $(call option,--vapi-call,VAPI_CALL)

# As DATABASE_URL below: everybody may read arguments, and a number is somebody's.
erase: override export PHONE := $(value PHONE)
erase: $(TOOLS) ## [PHONE=+1…|CALL=id|VAPI_CALL=id] Show what is kept of a person's calls, and erase it everywhere (DRY_RUN=1 REPORT=id ENV= YES=1)
	$(OPERATE) erase $(call option,--call,CALL) $(call option,--vapi-call,VAPI_CALL) $(call option,--report,REPORT) $(if $(value DRY_RUN),--dry-run)

tombstones: $(TOOLS) ## [SAVE=file|REPLAY=file] Around make restore: keep what was erased, erase it again in the restored database (ENV=)
	$(OPERATE) tombstones $(call option,--save,SAVE) $(call option,--replay,REPLAY)

drift: $(TOOLS) ## [SINCE=7d] What Vapi sent that nobody here knows, from the logs, and what to do (ENV=)
	$(OPERATE) drift $(call option,--since,SINCE)

refusals: $(TOOLS) ## [SINCE=7d] Which webhooks were refused, what of them did not match, and what to do (ENV=)
	$(OPERATE) refusals $(call option,--since,SINCE)

verify: $(TOOLS) ## [SINCE=7d] What differs from Vapi's calls of that time; writes nothing (ENV=)
	$(OPERATE) verify $(call option,--since,SINCE)

reconcile: $(TOOLS) ## [SINCE=7d|CALL=id|VAPI_CALL=id] Show what differs from Vapi, ask it, repair, show what changed (DRY_RUN=1 ENV= YES=1)
	$(OPERATE) reconcile $(call option,--since,SINCE) $(call option,--call,CALL) $(call option,--vapi-call,VAPI_CALL) $(if $(value DRY_RUN),--dry-run)

VAPI_LEVEL = $(call option,--assistant,ASSISTANT) $(call option,--phone-number,PHONE_NUMBER) $(if $(value ORGANIZATION),--organization) \
	$(if $(value PROTECT_MONITOR),--protect-monitor) $(if $(value STATIC_IP),--static-ip)

vapi-configure: $(TOOLS) ## [ASSISTANT=id] Point Vapi at a stack (PHONE_NUMBER=id ORGANIZATION=1; ENV= YES=1; VAPI_API_KEY)
	$(OPERATE) vapi-configure $(VAPI_LEVEL)

vapi-doctor: $(TOOLS) ## What is wrong with Vapi's configuration, and a ping all the way (ASSISTANT=id …; ENV=; VAPI_API_KEY, API_TOKEN)
	$(OPERATE) vapi-doctor $(VAPI_LEVEL)

rotate-webhook-secret: $(TOOLS) ## A new webhook secret beside the old one; FINISH=1 ends the old one (ENV= YES=1 FORCE=1)
	$(OPERATE) rotate-webhook-secret $(if $(value FINISH),--finish) $(if $(value FORCE),--force)

# Handed on in the environment, since everybody may read arguments, and as it was given: a password may have a $$.
database-check: override export DATABASE_URL := $(value DATABASE_URL)
database-check: $(TOOLS) ## [DATABASE_URL=postgresql://…] Whether the migrations fit an existing database, which is only read (DATABASE_CA=file.pem)
	$(OPERATE) database-check $(call option,--database-ca,DATABASE_CA)

tools: $(TOOLS)

$(TOOLS): requirements-dev.txt
	sh local/install.sh $(VENV) requirements-dev.txt "the tools"

# Node comes with the tools from PyPI; npm compares what it installs with the hashes of package-lock.json.
$(NODE_TOOLS): package-lock.json .npmrc | $(TOOLS)
	sh local/install_node.sh $(VENV)

$(AUDIT)/.installed: local/requirements-audit.txt | $(TOOLS)
	PYTHON=$(VENV)/bin/python sh local/install.sh $(AUDIT) local/requirements-audit.txt "the scanners"

# The emulator runs functions with its own interpreter, so it gets the one that the tests use.
$(EMULATOR)/.installed: local/requirements-emulator.txt | $(TOOLS)
	PYTHON=$(VENV)/bin/python sh local/install.sh $(EMULATOR) local/requirements-emulator.txt "the AWS emulator"
