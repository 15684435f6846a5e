# SPDX-License-Identifier: Apache-2.0
# What ./run and ./test share: packages, builds, the web application. Sourced
# by bash from the repository's root.

say() {
    printf '\033[1m== %s\033[0m\n' "$*"
}

die() {
    printf '%s\n' "$*" >&2
    exit 3
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "Packages are missing ($MISSING): run as root, or install sudo."
    fi
}

# need_packages LIST...: installs the Debian packages of the files in
# tools/packages/ that are missing. Quick when nothing is.
need_packages() {
    local wanted
    wanted=$(sed 's/#.*//' "${@/#/tools/packages/}" | xargs)
    # Debian 13 has llhttp as a library, Debian 12 its sources.
    if apt-cache show libllhttp-dev >/dev/null 2>&1; then
        wanted=${wanted//node-llhttp/libllhttp-dev}
    fi
    if command -v npm >/dev/null; then
        wanted=$(printf '%s\n' $wanted | grep -vxE 'nodejs|npm' | xargs)
    fi
    MISSING=$(comm -23 <(printf '%s\n' $wanted | sort -u) \
        <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' |
            sed -n 's/^installed //p' | sort -u) | xargs)
    [ -z "$MISSING" ] && return 0
    say "installing: $MISSING"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends $MISSING >/dev/null ||
        die "The packages could not be installed: $MISSING"
}

# build PRESET [TARGET...]: configures once, builds; 1 when it fails.
build() {
    local preset=$1
    shift
    if [ ! -f "build/$preset/build.ninja" ] &&
        ! cmake --preset "$preset" >/dev/null; then
        echo "cmake failed for the preset $preset" >&2
        return 1
    fi
    if ! ninja -C "build/$preset" --quiet "$@"; then
        echo "The build failed: $preset" >&2
        return 1
    fi
}

# Newest time stamp below the folders, in seconds.
newest() {
    find "$@" -type f -printf '%T@\n' | sort -n | tail -n 1 | cut -d. -f1
}

# npm_install FOLDER: node_modules as the lock file says.
npm_install() {
    if [ "$1/package-lock.json" -nt "$1/node_modules/.package-lock.json" ]; then
        (cd "$1" && npm ci --no-audit --no-fund --loglevel=error)
    fi
}

# Builds webroot/dist when a source is newer.
build_web() {
    npm_install webroot
    if [ -f webroot/dist/index.html ] &&
        [ "$(newest webroot/src webroot/package-lock.json webroot/build.mjs)" \
            -le "$(stat -c %Y webroot/dist/index.html)" ]; then
        return 0
    fi
    (cd webroot && npm run --silent build)
}
