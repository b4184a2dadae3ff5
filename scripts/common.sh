# Shared by ./demo and ./test. Sourced, not run; expects bash with 'set -u'.

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
export LC_ALL=C.UTF-8

say() { printf '== %s\n' "$*"; }

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

need_root() {
    [ "$(id -u)" -eq 0 ] || die "needs root (network namespaces, TAPs). Next: sudo $0 $*"
}

need_dotnet() {
    command -v dotnet >/dev/null || die "the .NET SDK 10 is not in PATH. Next: install it from https://dot.net/download"
    case "$(dotnet --version 2>&1)" in
    1[0-9].*) ;;
    *) die "the .NET SDK 10 is needed (see global.json). Next: dotnet --list-sdks" ;;
    esac
}

# True if we are root only in a user namespace (unshare -r): what concerns the host is beyond us.
in_user_namespace() {
    local inside outside count
    read -r inside outside count </proc/self/uid_map
    [ "$count" != 4294967295 ]
}

is_installed() {
    case "$(dpkg-query -W -f '${Status}' "$1" 2>/dev/null)" in
    *' installed') return 0 ;;
    *) return 1 ;;
    esac
}

# need_packages PACKAGE...: installs what is missing from Debian. Services that a package brings are not started:
# we start what we need ourselves and end only that.
need_packages() {
    local missing=() package policy=/usr/sbin/policy-rc.d own_policy='' status=0
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if in_user_namespace; then
        say "not installed: ${missing[*]}; what needs them is skipped (only root of the host can install)"
        return 0
    fi
    say "installing ${missing[*]}"
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 0755 "$policy" && own_policy=yes
    fi
    { DEBIAN_FRONTEND=noninteractive apt-get -qq update &&
        DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends "${missing[@]}" >/dev/null; } || status=$?
    [ -z "$own_policy" ] || rm -f "$policy"
    [ "$status" -eq 0 ] || die "could not install ${missing[*]}. Next: apt-get install --no-install-recommends ${missing[*]}"
}

# Seconds since the script began, without a fraction.
elapsed() { printf '%s' "$SECONDS"; }
