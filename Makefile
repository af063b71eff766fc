# `make` prints the menu. Only Python 3.11 or newer and make are required; everything else is installed into .venv and .local.
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
# Settings of the user's shell must not affect the virtual environments.
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV

CALLS ?= 10

# The values of a user's variables reach the command unchanged: neither make nor the shell expands them.
unexport ASSISTANT BUILT CALL CALLS DATABASE_CA ENV EVENT FN GRADUAL KIND LIMIT LOSE ONLY PHONE PHONE_NUMBER RATE REPLAY REPORT SAVE SEED SINCE SPEED TIME VAPI_CALL
apostrophe := '
quoted = '$(subst $(apostrophe),'\'',$(value $(1)))'
option = $(if $(value $(2)),$(1) $(call quoted,$(2)))

.PHONY: help run up link down clean simulate invoke events openapi browser screenshots test check format bench audit requirements

help: ## Print this menu
	awk '/^[a-z-]+:.*## / { name = $$1; text = $$0; sub(/:.*/, "", name); sub(/.*## /, "", text); arguments = ""; \
		if (match(text, /^\[[^]]*\] /)) { arguments = " " substr(text, 2, RLENGTH - 3); text = substr(text, RLENGTH + 1) } \
		printf "  make %-32s %s\n", name arguments, text }' Makefile

run: $(STACK) ## Start the local stack, simulate one call, print every URL, play live calls; until Ctrl-C
	$(LOCAL) run $(if $(value SHOW),--show)

up: $(STACK) ## Start the local stack in the background (BIND=0.0.0.0: reachable for containers, and for the whole network; SHOW=1: print its secrets; VAPI_API_URL=url VAPI_API_KEY=key: no stand-in for Vapi's API)
	$(LOCAL) up $(if $(value SHOW),--show)

link: $(TOOLS) ## Print the console's link with a token that signs in
	$(LOCAL) link

down: $(TOOLS) ## Stop the local stack; its data stays
	$(LOCAL) down

clean: $(TOOLS) ## Stop the local stack, delete its data and builds
	$(LOCAL) clean

simulate: $(STACK) ## [CALLS=n] Send simulated calls to the running stack (SEED=n DISORDER=1 DUPLICATES=1 RATE=webhooks/s LOSE=share; LIVE=1 at speaking pace, SPEED=times)
	$(LOCAL) simulate $(call option,--calls,CALLS) $(call option,--seed,SEED) $(call option,--rate,RATE) $(call option,--lose,LOSE) \
		$(if $(value DISORDER),--disorder) $(if $(value DUPLICATES),--duplicates) $(if $(value LIVE),--live) $(call option,--speed,SPEED)

invoke: $(STACK) ## [FN=name EVENT=file] Run one function in Lambda's container on a sample event, against the running stack
	test -n $(call quoted,FN) -a -n $(call quoted,EVENT) || { echo "say which: make invoke FN=HangFunction EVENT=events/sqs/hang.json" >&2; exit 2; }
	$(LOCAL) invoke $(call quoted,FN) $(call quoted,EVENT)

events: $(TOOLS) ## Generate the sample events from events/webhooks
	PYTHONPATH=shared $(VENV)/bin/python -m local.events

openapi: $(TOOLS) ## Generate docs/openapi.json from the code of the read API
	PYTHONPATH=shared $(VENV)/bin/python -m local.openapi

.PHONY: constants vendor
constants: $(TOOLS) ## Generate the console's constants, and the types of the API's answers, from Python
	PYTHONPATH=shared $(VENV)/bin/python -m local.constants

vendor: $(TOOLS) $(NODE_TOOLS) ## Write the console's vendored library, in the version of package.json
	PYTHONPATH=shared $(VENV)/bin/python -m local.vendor

browser: $(TOOLS)
	$(LOCAL) browser

screenshots: $(STACK) browser ## Take the screenshots of docs/screenshots, with a stack of their own
	$(LOCAL) screenshots

.PHONY: first-view
first-view: $(STACK) browser ## Measure how fast the running stack's console displays its views without a cache: paints, layout shift, bytes
	$(LOCAL) first-view

test: $(STACK) $(NODE_TOOLS) browser ## Run all tests (VAPI_PAYLOADS=dir adds a folder of recorded webhooks)
	rm -f .local/tested
	$(if $(PYTEST),$(VENV)/bin/python -m pytest $(PYTEST),sh local/test.sh $(VENV)/bin/python)
	# make deploy reads this: the commit on which everything passed, unless the working tree has changes.
	test -n "$(PYTEST)$$(git status --porcelain 2>&1)" || git rev-parse HEAD > .local/tested

.PHONY: unit
unit: $(TOOLS) ## Run only the unit tests, with few examples of each property, in less time than make test
	sh local/test.sh $(VENV)/bin/python unit

# Own JavaScript: the console's modules for browsers, and the tests' for Node.
PRETTIER := node_modules/.bin/prettier --log-level warn '**/*.{js,d.ts}'
TYPED := tsconfig.json tests/tsconfig.json

check: $(TOOLS) $(NODE_TOOLS) ## Check format, lint and types of Python and JavaScript, import contracts, templates
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

audit: $(AUDIT)/.installed ## Check installed packages for known vulnerabilities, and scan the templates and the workflows
	echo "Vulnerabilities (pip-audit) …"
	for one in $(REQUIREMENTS); do \
		$(AUDIT)/bin/pip-audit --require-hashes --disable-pip --progress-spinner off --strict --requirement $$one.txt || exit 1; done
	echo "Workflows (zizmor) …"
	$(AUDIT)/bin/zizmor --offline --quiet --persona pedantic .github/workflows
	echo "Templates (checkov) …"
	PYTHONPATH=shared $(VENV)/bin/python -m operate.templates .local/templates
	$(AUDIT)/bin/checkov --directory .local/templates --config-file .checkov.yaml

# One resolution for all platforms and for Python 3.11 to 3.14, with the hash of each file that may be installed. The layer is resolved
# first, and the tools use its versions, so that the tests run with the functions' packages.
requirements: $(TOOLS) $(NODE_TOOLS) ## Pin the newest requirements that fit together (*.txt, package-lock.json; KEEP=1: change only what *.in and package.json require)
	for one in $(REQUIREMENTS); do \
		layer=; test $$one != requirements-dev || layer="--constraints layers/dependencies/requirements.txt"; \
		uv pip compile --quiet $(if $(value KEEP),,--upgrade) --universal --python-version 3.11 --generate-hashes --no-strip-extras \
			--custom-compile-command "make requirements" $$layer --output-file $$one.txt $$one.in >/dev/null || exit 1; done
	npm $(if $(value KEEP),install,update) --package-lock-only --ignore-scripts --loglevel=error >/dev/null

format: $(TOOLS) $(NODE_TOOLS) ## Correct format and lint where a tool can
	ruff check --quiet --fix-only .
	ruff format --quiet .
	$(PRETTIER) --write

bench: $(STACK) $(if $(value FRAMES),browser) ## Measure against the budgets of the design (READING=1: the read API on a million calls; FRAMES=1: how smoothly the console moves; CALLERS=1: the answers to callers; ROW_SECURITY=1: the cost of row-level security)
	PYTHONPATH=shared $(VENV)/bin/python -m tests.benchmarks$(if $(value READING),.reading)$(if $(value FRAMES),.frames)$(if $(value CALLERS),.callers)$(if $(value ROW_SECURITY),.row_security)

# Commands for operators of a stack, local or on AWS.
OPERATE := PYTHONPATH=shared $(VENV)/bin/python -m operate --environment $(if $(value ENV),$(call quoted,ENV),local) $(if $(value YES),--yes)

.PHONY: deploy build restore environment tools smoke redrive suppress unsuppress unlink erase tombstones drift refusals verify reconcile vapi-configure vapi-doctor rotate-webhook-secret database-check
deploy: environment $(TOOLS) ## [ENV=staging|production] Test, build for AWS, show what changes, deploy, smoke test (YES=1: do not ask; GRADUAL=false: all at once, despite alarms; DATABASE_CA=file.pem)
	$(OPERATE) deploy $(call option,--database-ca,DATABASE_CA) $(call option,--built,BUILT) $(call option,--gradual,GRADUAL)

build: environment $(TOOLS) ## [ENV=staging|production] Run the first half of deploy, which needs no credentials; deploy BUILT=sha256 is the other half
	$(OPERATE) build $(call option,--database-ca,DATABASE_CA)

restore: environment $(TOOLS) ## [ENV=staging|production] Print the steps that restore the database in its place (TIME=2026-11-29T03:20:00Z; YES=1: run them)
	$(OPERATE) restore $(call option,--time,TIME)

environment:
	case $(call quoted,ENV) in staging|production) ;; *) echo "say where: make deploy ENV=staging, or ENV=production" >&2; exit 2 ;; esac

smoke: $(TOOLS) ## Check from outside whether a stack works (ENV=; API_TOKEN)
	$(OPERATE) smoke

redrive: $(TOOLS) ## [KIND=name] Show the dead letters of a kind with their reasons, move them back (ENV= ONLY=reason LIMIT=n YES=1)
	$(OPERATE) redrive $(call option,--kind,KIND) $(call option,--only,ONLY) $(call option,--limit,LIMIT)

suppress: $(TOOLS) ## [PHONE=+1… REASON="asked by mail"] Forbid calls to a number (ORGANIZATION=uuid ENV=)
	test -n $(call quoted,PHONE) && test -n $(call quoted,REASON) || { echo 'say which and why: make suppress PHONE=+12025550142 REASON="asked by mail"' >&2; exit 2; }
	$(OPERATE) suppress $(call option,--phone,PHONE) $(call option,--reason,REASON) $(call option,--organization,ORGANIZATION)

unsuppress: $(TOOLS) ## [PHONE=+1…] Allow calls to a suppressed number again (ORGANIZATION=uuid ENV=)
	test -n $(call quoted,PHONE) || { echo "say which: make unsuppress PHONE=+12025550142" >&2; exit 2; }
	$(OPERATE) unsuppress $(call option,--phone,PHONE) $(call option,--organization,ORGANIZATION)

unlink: $(TOOLS) ## [CALL=id] Show which of Vapi's calls a call is linked to, remove a wrong link, redrive what was refused (VAPI_CALL=id ENV= YES=1)
	test -n $(call quoted,CALL) || { echo "say which: make unlink CALL=id" >&2; exit 2; }
	$(OPERATE) unlink $(call option,--call,CALL) $(call option,--vapi-call,VAPI_CALL)

# In the environment, as DATABASE_URL below: any user can read arguments, and a phone number is personal data.
erase: override export PHONE := $(value PHONE)
erase: $(TOOLS) ## [PHONE=+1…|CALL=id|VAPI_CALL=id] Show what is stored of a person's calls, and erase it everywhere (DRY_RUN=1 REPORT=id ENV= YES=1)
	$(OPERATE) erase $(call option,--call,CALL) $(call option,--vapi-call,VAPI_CALL) $(call option,--report,REPORT) $(if $(value DRY_RUN),--dry-run)

tombstones: $(TOOLS) ## [SAVE=file|REPLAY=file] Before and after make restore: save what was erased, and erase it in the restored database again (ENV=)
	$(OPERATE) tombstones $(call option,--save,SAVE) $(call option,--replay,REPLAY)

drift: $(TOOLS) ## [SINCE=7d] Show from the logs which values of Vapi are unknown, and what to do (ENV=)
	$(OPERATE) drift $(call option,--since,SINCE)

refusals: $(TOOLS) ## [SINCE=7d] Show which webhooks were refused, which part did not match, and what to do (ENV=)
	$(OPERATE) refusals $(call option,--since,SINCE)

verify: $(TOOLS) ## [SINCE=7d] Show how the stored calls differ from Vapi's; writes nothing (ENV=)
	$(OPERATE) verify $(call option,--since,SINCE)

reconcile: $(TOOLS) ## [SINCE=7d|CALL=id|VAPI_CALL=id] Show what differs from Vapi, request it, repair, show what changed (DRY_RUN=1 ENV= YES=1)
	$(OPERATE) reconcile $(call option,--since,SINCE) $(call option,--call,CALL) $(call option,--vapi-call,VAPI_CALL) $(if $(value DRY_RUN),--dry-run)

VAPI_LEVEL = $(call option,--assistant,ASSISTANT) $(call option,--phone-number,PHONE_NUMBER) $(if $(value ORGANIZATION),--organization) \
	$(if $(value PROTECT_MONITOR),--protect-monitor) $(if $(value STATIC_IP),--static-ip)

vapi-configure: $(TOOLS) ## [ASSISTANT=id] Configure Vapi for a stack (PHONE_NUMBER=id ORGANIZATION=1; ENV= YES=1; VAPI_API_KEY)
	$(OPERATE) vapi-configure $(VAPI_LEVEL)

vapi-doctor: $(TOOLS) ## Check Vapi's configuration, and send a ping that has to reach the database (ASSISTANT=id …; ENV=; VAPI_API_KEY, API_TOKEN)
	$(OPERATE) vapi-doctor $(VAPI_LEVEL)

rotate-webhook-secret: $(TOOLS) ## Accept a new webhook secret beside the old one; FINISH=1 revokes the old one (ENV= YES=1 FORCE=1)
	$(OPERATE) rotate-webhook-secret $(if $(value FINISH),--finish) $(if $(value FORCE),--force)

# In the environment, because any user can read arguments, and unexpanded, because a password may contain a $$.
database-check: override export DATABASE_URL := $(value DATABASE_URL)
database-check: $(TOOLS) ## [DATABASE_URL=postgresql://…] Check whether the migrations fit an existing database, read-only (DATABASE_CA=file.pem)
	$(OPERATE) database-check $(call option,--database-ca,DATABASE_CA)

tools: $(TOOLS)

$(TOOLS): requirements-dev.txt
	sh local/install.sh $(VENV) requirements-dev.txt "the tools"

# Node comes with the tools from PyPI; npm checks what it installs against the hashes of package-lock.json.
$(NODE_TOOLS): package-lock.json .npmrc | $(TOOLS)
	sh local/install_node.sh $(VENV)

$(AUDIT)/.installed: local/requirements-audit.txt | $(TOOLS)
	PYTHON=$(VENV)/bin/python sh local/install.sh $(AUDIT) local/requirements-audit.txt "the scanners"

# The emulator runs functions with its own interpreter, so it uses the same one as the tests.
$(EMULATOR)/.installed: local/requirements-emulator.txt | $(TOOLS)
	PYTHON=$(VENV)/bin/python sh local/install.sh $(EMULATOR) local/requirements-emulator.txt "the AWS emulator"
