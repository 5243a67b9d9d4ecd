#!/bin/sh
# Completes the root of an image that runs one program and nothing else, no shell and no package manager: `root.sh ROOT`.
# It adds the C libraries that what lies there loads, the public certificate authorities, a user for USER 10001, the order of
# name look-ups, /tmp, and what scanners of images read to know which packages all this came from.
set -eu
root=$1

mkdir -p "$root/etc/ssl/certs" "$root/var/lib/dpkg/status.d"
find "$root" -type f \( -name '*.so' -o -name '*.so.*' -o -path '*/bin/*' \) -exec ldd {} + 2> /dev/null \
    | grep -oE '/[^ ]+\.so[^ ]*' | grep -vF "$root/" | sort -u \
    | xargs -I '{}' cp -L --parents '{}' "$root"
# The loader looks into the system's own folders; a base may keep libraries elsewhere.
cp -RL --parents /etc/ld.so.conf /etc/ld.so.conf.d "$root"
ldconfig -r "$root" && rm -rf "$root/var/cache"

cp -L --parents /etc/os-release /etc/ssl/certs/ca-certificates.crt "$root"
echo 'app:x:10001:10001::/app:/nonexistent' > "$root/etc/passwd"
echo 'app:x:10001:' > "$root/etc/group"
echo 'hosts: files dns' > "$root/etc/nsswitch.conf"
mkdir -m 1777 "$root/tmp"

# Debian registers a library below /lib, Ubuntu the same one below /usr/lib.
packages=$(cd "$root" && find . -type f | sed -E 's|^\./(usr/)?(.*)|/\2\n/usr/\2|' | xargs dpkg -S 2> /dev/null \
    | grep -v '^diversion ' | cut -d: -f1 | sort -u)
for package in ca-certificates $packages; do
    dpkg -s "$package" > "$root/var/lib/dpkg/status.d/$package"
done
