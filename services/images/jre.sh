#!/bin/sh
# Makes the root of an image that runs Java: `jre.sh ROOT MODULES`. In it: a JRE of these modules in /opt/jre, with an archive of
# its classes for a quick start, and what root.sh adds.
set -eu
root=$1
modules=$2
jre=$root/opt/jre

mkdir -p "$root/opt"
jlink --add-modules "$modules" --strip-java-debug-attributes --no-header-files --no-man-pages --compress=2 --output "$jre"
"$jre/bin/java" -Xshare:dump > /dev/null
"${0%/*}/root.sh" "$root"
