#!/bin/sh
# Looks for what this machine lacks before a long build finds out.
#
#   doctor.sh build            what `make demo` and `make bench` need
#   doctor.sh build test       what `make test` needs besides
#
# What is missing is installed with apt-get where that is allowed: as root on Debian or Ubuntu without asking, with sudo
# only after a yes on the terminal. Anywhere else the exact line to type is printed and the exit status is 1.
set -eu

# The minor of `rust-version`, which stands once, in the root Cargo.toml.
RUST_WANTED=$(sed -n 's/^rust-version = "1\.\([0-9]*\)".*/\1/p' "${0%/*}/../../Cargo.toml")
JAVA_WANTED=17
DISK_WANTED_GB=6

missing=""  # names for people
packages="" # names for apt-get
components="" # names for rustup
lines=""    # what to type where nothing can be installed from here

say() { printf '%s\n' "$*"; }

# lack NAME APT-PACKAGES: remembers one thing that is not there.
lack() {
    missing="$missing
  - $1"
    packages="$packages $2"
}

has() { command -v "$1" >/dev/null 2>&1; }

# Which of openjdk-17 and the distribution's own there is differs between releases; both are at least 17 today.
jdk_package() {
    if apt-cache show openjdk-17-jdk-headless >/dev/null 2>&1; then
        say openjdk-17-jdk-headless
    else
        say default-jdk-headless
    fi
}

rust_is_new_enough() {
    minor=$(rustc --version 2>/dev/null | sed -n 's/^rustc 1\.\([0-9]*\)\..*/\1/p')
    [ -n "$minor" ] && [ "$minor" -ge "$RUST_WANTED" ]
}

java_is_new_enough() {
    major=$(javac -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
    [ -n "$major" ] && [ "$major" -ge "$JAVA_WANTED" ]
}

check_build() {
    has make || lack "make" "make"
    if has cc || has gcc || has clang; then :; else
        lack "C 编译器，用来编译 SQLCipher 和 OpenSSL / a C compiler, for SQLCipher and OpenSSL" "gcc libc6-dev"
    fi
    if perl -MFindBin -MIPC::Cmd -MFile::Compare -MPod::Usage -e 1 >/dev/null 2>&1; then :; else
        lack "perl 及其标准模块，OpenSSL 的编译脚本要用 / perl with its standard modules, for OpenSSL's build" "perl"
    fi
}

check_test() {
    java_is_new_enough || lack "JDK $JAVA_WANTED，Kotlin 测试要用 / JDK $JAVA_WANTED, for the Kotlin tests" "jdk"
    has mvn || lack "Maven，Kotlin 测试要用 / Maven, for the Kotlin tests" "maven"
    cargo fmt --version >/dev/null 2>&1 || components="$components rustfmt"
    cargo clippy --version >/dev/null 2>&1 || components="$components clippy"
}

check_rust() {
    if has cargo && rust_is_new_enough; then return; fi
    if has rustup; then
        say "需要 Rust 1.$RUST_WANTED 或更新的版本，请输入： / Rust 1.$RUST_WANTED or later is needed; please type:"
        say "    rustup update stable && rustup default stable"
    else
        say "需要先安装 Rust 1.$RUST_WANTED 或更新的版本，请输入： / Rust 1.$RUST_WANTED or later comes first; please type:"
        say "    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
    fi
    exit 1
}

check_disk() {
    [ -d target ] && return
    free_gb=$(df -Pk . | awk 'NR == 2 { print int($4 / 1048576) }')
    if [ "$free_gb" -lt "$DISK_WANTED_GB" ]; then
        say "注意：磁盘只剩 ${free_gb} GB，编译产物（target/）约需 ${DISK_WANTED_GB} GB。"
        say "Note: ${free_gb} GB of disk left; build products (target/) take up to ${DISK_WANTED_GB} GB."
    fi
}

# One line for each system we know; `jdk` stands for the JDK wherever it is called otherwise.
manual_lines() {
    if has apt-get; then
        lines="    sudo apt-get update && sudo apt-get install -y --no-install-recommends$(named_for_apt)"
    elif has dnf; then
        lines="    sudo dnf install -y$(say "$packages" | sed 's/libc6-dev/glibc-devel/; s/jdk/java-17-openjdk-devel/')"
    elif [ "$(uname)" = Darwin ]; then
        lines="    xcode-select --install; brew install openjdk@17 maven"
    else
        lines="    （请用本系统的包管理器安装 / with this system's package manager）$packages"
    fi
}

named_for_apt() {
    for name in $packages; do
        if [ "$name" = jdk ]; then name=$(jdk_package); fi
        printf ' %s' "$name"
    done
}

# apt_install PREFIX: PREFIX is empty for root and `sudo` otherwise.
apt_install() {
    say "正在用 apt-get 安装（约 1–3 分钟，取决于网速）… / installing with apt-get (1–3 minutes, depending on the network) …"
    # A fresh machine knows no package lists, so they come first; its answer decides how the JDK is called.
    $1 apt-get update -qq
    # shellcheck disable=SC2046 # several words on purpose
    $1 env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(named_for_apt)
}

# What apt-get put there may be older than what is wanted, so it is looked at like everything else; once.
look_again() {
    DOCTOR_INSTALLED=1 exec sh "$0" "$@"
}

install_packages() {
    [ -n "$packages" ] || return 0
    say "本机还缺： / this machine lacks:$missing"
    manual_lines
    if has apt-get && [ "$(id -u)" = 0 ] && [ -z "${DOCTOR_INSTALLED:-}" ]; then
        apt_install ""
        look_again "$@"
    fi
    if has apt-get && has sudo && [ -t 0 ] && [ -t 1 ] && [ -z "${DOCTOR_INSTALLED:-}" ]; then
        say "将运行： / would run:"
        say "$lines"
        printf '现在安装吗？ / Install now? [y/N] '
        read -r answer
        case $answer in
        y | Y | yes | 是)
            apt_install sudo
            look_again "$@"
            ;;
        esac
    fi
    say "请输入： / please type:"
    say "$lines"
    exit 1
}

install_components() {
    [ -n "$components" ] || return 0
    # shellcheck disable=SC2086 # several words on purpose
    if has rustup && rustup component add $components; then return; fi
    say "缺少 Rust 组件，请输入： / Rust components are missing; please type:"
    say "    rustup component add$components"
    exit 1
}

check_rust
for part in "$@"; do
    case $part in
    build) check_build ;;
    test) check_test ;;
    *)
        say "doctor.sh: 不认识的部分 / unknown part: $part"
        exit 1
        ;;
    esac
done
install_packages "$@"
install_components
check_disk
