#!/bin/sh
# Makes the root of an image that runs Java and nothing else: `jre.sh ROOT MODULES`.
# In it: a JRE of these modules in /opt/jre, with an archive of its classes for a quick start; the C libraries that it loads, and
# what scanners of images read to know which packages those came from; a user for USER 10001, the order of name look-ups, /tmp.
set -eu
root=$1
modules=$2
jre=$root/opt/jre

mkdir -p "$root/opt" "$root/etc" "$root/var/lib/dpkg/status.d"
jlink --add-modules "$modules" --strip-java-debug-attributes --no-header-files --no-man-pages --compress=2 --output "$jre"
"$jre/bin/java" -Xshare:dump > /dev/null

libraries=$(find "$jre" -type f \( -name '*.so' -o -path '*/bin/*' \) -exec ldd {} + \
    | grep -oE '/[^ ]+\.so[^ ]*' | grep -vF "$root/" | sort -u)
for library in $libraries; do
    cp -L --parents "$library" "$root"
    # A pattern, since the same file may be registered below /lib or /usr/lib.
    package=$(dpkg -S "*/${library##*/}" | cut -d: -f1 | head -n 1)
    dpkg -s "$package" > "$root/var/lib/dpkg/status.d/$package"
done
cp -L /etc/os-release "$root/etc/os-release"

echo 'app:x:10001:10001::/app:/nonexistent' > "$root/etc/passwd"
echo 'app:x:10001:' > "$root/etc/group"
echo 'hosts: files dns' > "$root/etc/nsswitch.conf"
mkdir -m 1777 "$root/tmp"
