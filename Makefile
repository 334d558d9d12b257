# Two commands for a newcomer, and nothing before them but Rust:
#
#   make demo     a whole county on this machine: server, eleven phones, a day's work, and who agrees with whom
#   make test     everything that must hold before a change lands
#
# Each first runs tests/tools/doctor.sh, which looks for what the machine lacks.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test bench mutants fmt lint rust-tests scenarios kotlin-tests docs

CARGO ?= cargo
MVN ?= mvn
DOCTOR := sh tests/tools/doctor.sh
SCENARIOS := $(sort $(wildcard tests/scenarios/*.toml))

# say STEP,CHINESE,ENGLISH: what begins now and how long it takes.
say = @printf '\n▶ %s %s / %s\n' '$(1)' '$(2)' '$(3)'

help:
	@printf '%s\n' \
	  'make demo         全县演示：服务器、十一部手机、一天的工作 / a county on this machine; Ctrl-C ends it' \
	  'make demo ONCE=1  同上，核对后即退出 / the same, ends after the checks' \
	  'make test         提交前必须通过的全部检查 / everything that must hold before a change lands' \
	  'make bench        测量，每项旁边有对照 / measures, each beside its floor' \
	  'make mutants      改坏合并与数据规则的代码，看测试能否发现（需 cargo-mutants）/ do tests notice broken rules? SHARD=7/50 for a sample' \
	  '' \
	  'make fmt | lint | rust-tests | scenarios | kotlin-tests | docs   make test 的各步 / its steps'

demo:
	@$(DOCTOR) build
	$(call say,1/2,编译发布版；首次约 10 分钟（其中 SQLCipher 与 OpenSSL 约 4 分钟），之后几秒,release build; about 10 minutes the first time (4 of them SQLCipher and OpenSSL), seconds after)
	@$(CARGO) build --locked --release -p wangge-server
	$(call say,2/2,全县演示；约半分钟,the county; about half a minute)
	@$(CARGO) run --locked --release --quiet -p wangge-server -- demo $(if $(ONCE),--once) --out target/demo

test:
	@$(DOCTOR) build test
	@$(MAKE) --no-print-directory fmt lint rust-tests scenarios kotlin-tests docs
	@printf '\n✔ 全部通过 / all of it holds\n'

fmt:
	$(call say,1/6,代码格式；几秒,format of the code; seconds)
	@$(CARGO) fmt --all --check

lint:
	$(call say,2/6,静态检查；首次约 6 分钟，因为要编译 SQLCipher 与 OpenSSL,lints; about 6 minutes the first time because SQLCipher and OpenSSL are built)
	@$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

rust-tests:
	$(call say,3/6,Rust 测试；首次约 6 分钟，以后约 1 分钟,Rust tests; about 6 minutes the first time and 1 after)
	@$(CARGO) test --locked --workspace --quiet

scenarios:
	$(call say,4/6,双人改动情景；几秒,scenarios of two people; seconds)
	@$(CARGO) run --locked --quiet -p wangge-harness -- scenario $(SCENARIOS)

# Maven itself calls cargo for the library, the generator and the server binary.
kotlin-tests:
	$(call say,5/6,Kotlin 测试；首次约 3 分钟，因为 Maven 要下载依赖,Kotlin tests; about 3 minutes the first time because Maven fetches its parts)
	@$(MVN) -B -ntp -f bindings/kotlin verify

docs:
	$(call say,6/6,文档；约 1 分钟,docs; about a minute)
	@RUSTDOCFLAGS=-Dwarnings $(CARGO) doc --locked --workspace --no-deps --quiet

# Not part of `make test`: the whole takes a day. Without SHARD every mutant of merge/ and model/ is tried.
mutants:
	$(call say,1/1,逐个改坏 merge 与 model 的代码并运行其测试；抽样用 SHARD=7/50,mutants of merge and model; SHARD=7/50 tries one in fifty)
	@$(CARGO) mutants --package wangge-core -f 'core/src/merge/**/*.rs' -f 'core/src/model/**/*.rs' \
	  -e 'core/src/**/tests/**' -e 'core/src/**/tests.rs' $(if $(SHARD),--shard $(SHARD) --sharding round-robin) \
	  -o target/mutants -- --lib merge:: model::

bench:
	@$(DOCTOR) build
	$(call say,1/2,编译发布版；首次约 10 分钟,release build; about 10 minutes the first time)
	@$(CARGO) build --locked --release -p wangge-harness
	$(call say,2/2,测量；约 2 分钟，请勿同时运行其他程序,measures; about 2 minutes on an otherwise idle machine)
	@mkdir -p target/bench
	@$(CARGO) run --locked --release --quiet -p wangge-harness -- bench --json target/bench/report.json
