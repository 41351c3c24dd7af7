#!/bin/sh
# Installs the Debian packages that a group of work needs, on a bare Debian 12 or 13.
#
#   packaging/install-packages.sh GROUP...     GROUP: program build run test host etcd lint fuzz ui browser deb
#
# - Nothing is done, and no right is asked for, when everything is there already.
# - Root or sudo; never asks a question.
# - A server that comes along as a test part (Redis, sshd) is neither started nor enabled, and one
#   that exists is not touched: see `hold_services`.
set -eu

# Names that exist in Debian 12 and 13 alike: the -dev packages hide the soname and t64 renames.
packages_of() {
    case $1 in
    program) echo "gcc libc6-dev meson ninja-build pkg-config
        libuv1-dev libjansson-dev libhiredis-dev libssh-dev libssl-dev libcurl4-openssl-dev libsqlite3-dev libyaml-dev
        zlib1g-dev libsystemd-dev libjwt-dev libsodium-dev liboath-dev libseccomp-dev" ;;
    # The program with its tests.
    build) echo "$(packages_of program) libcmocka-dev" ;;
    run) echo "redis-server redis-tools" ;;
    # The unit tests use a real redis-server and a real sshd, each as a private process.
    test) echo "redis-server redis-tools openssh-client openssh-server openssl
        python3 python3-icalendar curl jq sudo prometheus zsh fish
        python3-aiosmtpd prometheus-alertmanager nginx caddy haproxy apache2-bin $(mail_sink)" ;;
    # The test host: Debian with systemd, booted as a container (tests/host/machine.py).
    host) echo "mmdebstrap systemd-container iproute2 util-linux openssh-client redis-tools python3
        debian-archive-keyring" ;;
    # The tests' etcd is Debian 13's, also on Debian 12 (tests/etcd-root).
    etcd) echo "mmdebstrap debian-archive-keyring" ;;
    lint) echo "clang-format clang-tidy cppcheck shellcheck binutils python3" ;;
    fuzz) echo "clang llvm" ;;
    # Where a registry is named, ui/make takes npm itself from there: Debian's package brings 350 others.
    ui) echo "nodejs ca-certificates $([ -n "${npm_config_registry:-}" ] && echo curl || echo npm)" ;;
    # The console's suite looks at it as a person does; fonts, because a bare Debian has none.
    browser) echo "chromium fonts-dejavu-core fonts-noto-color-emoji" ;;
    deb) echo "build-essential debhelper fakeroot lintian" ;;
    *) echo "install-packages: no group '$1' (program build run test host etcd lint fuzz ui browser deb)" >&2; exit 64 ;;
    esac
}

# smtp-sink is part of postfix, which would take the place of another mail server: tests that need it
# are skipped on such a machine.
mail_sink() {
    if [ -e /usr/sbin/smtp-sink ] || ! [ -e /usr/sbin/sendmail ]; then echo postfix; fi
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_packages() {
    for group in "$@"; do packages_of "$group"; done | xargs -n 1 | sort -u |
        while read -r package; do
            is_installed "$package" || echo "$package"
        done
}

# The units that a package would start and enable.
units_of() {
    case $1 in
    redis-server) echo "redis-server.service" ;;
    prometheus) echo "prometheus.service" ;;
    nginx | caddy | haproxy) echo "$1.service" ;;
    prometheus-alertmanager) echo "prometheus-alertmanager.service" ;;
    postfix) echo "postfix.service postfix@-.service postfix-resolvconf.service postfix-resolvconf.path" ;;
    openssh-server) echo "ssh.service ssh.socket sshd.service" ;;
    esac
}

POLICY=/usr/sbin/policy-rc.d
KEPT=$POLICY.resus-kept

# Debian starts a server as soon as its package is installed. policy-rc.d is Debian's own way to say
# no: it is asked before every such start. Ours refuses the units of the packages that this run
# installs, and those only; everything else is left to the policy that was there before. So an sshd or
# a Redis that the machine already runs is not stopped, started or restarted by us.
hold_services() {
    # A run that was killed (SIGKILL, power) may have left its policy behind.
    restore_policy
    held="$*"
    [ -n "$held" ] || return 0
    if [ -e "$POLICY" ] || [ -L "$POLICY" ]; then mv "$POLICY" "$KEPT"; fi
    {
        echo '#!/bin/sh'
        echo '# resus install-packages.sh: stands only while packages are being installed'
        echo "for name in $held; do"
        # shellcheck disable=SC2016  # written for the policy's own shell
        echo '    case "$1" in "$name"|"${name%.*}") exit 101 ;; esac'
        echo 'done'
        # shellcheck disable=SC2016
        echo "if [ -x $KEPT ]; then exec $KEPT \"\$@\"; fi"
        echo 'exit 0'
    } >"$POLICY.resus-new"
    chmod 755 "$POLICY.resus-new"
    mv "$POLICY.resus-new" "$POLICY"
}

restore_policy() {
    if [ -e "$KEPT" ] || [ -L "$KEPT" ]; then
        mv "$KEPT" "$POLICY"
    elif grep -qs 'resus install-packages.sh' "$POLICY"; then
        rm -f "$POLICY"
    fi
}

# Installing also enables the unit, so it would run after the next boot. Only for packages that this
# run installed, and not where the administrator has a unit of that name in /etc.
units_to_hold() {
    for package in "$@"; do
        for unit in $(units_of "$package"); do
            [ -e "/etc/systemd/system/$unit" ] || echo "$unit"
        done
    done
}

finish() {
    restore_policy
    for unit in $units; do
        if command -v systemctl >/dev/null; then
            systemctl disable --quiet "$unit" 2>/dev/null || true
        else
            # No systemd yet; were it installed later, it would find these.
            rm -f /etc/systemd/system/*.wants/"$unit"
        fi
    done
}

apt_install() {
    # needrestart must not restart the user's services because of a library that came along.
    DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get install --yes --quiet \
        --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold \
        -o Dpkg::Use-Pty=0 "$@" </dev/null
}

# How many would be installed. Fails where a list names none of them.
planned() {
    plan=$(apt-get install --simulate --quiet --no-install-recommends "$@" 2>/dev/null </dev/null) || return 1
    echo "$plan" | grep -c '^Inst '
}

apt_update() {
    apt-get update --quiet -o DPkg::Lock::Timeout=300 </dev/null
}

install_as_root() {
    # Two runs at once would see each other's policy.
    exec 9>/run/resus-install-packages.lock
    flock 9
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086  # lists of words
    units=$(units_to_hold $missing)
    # apt-get hears Ctrl-C itself; the shell goes on to the EXIT trap when it has ended.
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    # shellcheck disable=SC2086
    hold_services $units
    log=$(mktemp /tmp/resus-packages.XXXXXX)
    # A bare image has no package lists: apt would complain about every name. What it does is said in one line, and all that it
    # says only when it fails.
    # shellcheck disable=SC2086
    planned $missing >/dev/null || apt_update >"$log" 2>&1 || true
    # shellcheck disable=SC2086
    echo "Installing $(planned $missing || true) packages of Debian; apt's output: $log" >&2
    # Lists may be too old (404 on download): then once more.
    # shellcheck disable=SC2086
    if apt_install $missing >>"$log" 2>&1 || { apt_update && apt_install $missing; } >>"$log" 2>&1; then
        rm -f "$log"
    else
        cat "$log" >&2
        return 1
    fi
}

[ $# -gt 0 ] || { echo "usage: install-packages.sh GROUP..." >&2; exit 64; }
for group in "$@"; do packages_of "$group" >/dev/null; done
if [ -z "$(missing_packages "$@")" ]; then exit 0; fi
if [ "$(id -u)" = 0 ]; then
    install_as_root "$@"
elif command -v sudo >/dev/null; then
    # sudo keeps no environment, and packages_of looks at it.
    set -- env npm_config_registry="${npm_config_registry:-}" sh "$0" "$@"
    # Without a terminal sudo would wait for a password forever.
    if [ -t 0 ]; then exec sudo -- "$@"; else exec sudo -n -- "$@"; fi
else
    echo "These packages are missing and neither root nor sudo is here to install them:" >&2
    missing_packages "$@" | tr '\n' ' ' >&2
    echo >&2
    exit 1
fi
