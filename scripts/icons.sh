#!/usr/bin/env bash
# Renders the PNG icons of the installed app from their SVG sources. The icons are committed; run this after changing a source.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
browser=$(scripts/browser.sh)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

draw() { # $1: source, $2: output, $3: width in pixels
  printf '<!DOCTYPE html><style>*{margin:0}svg{display:block;width:100vw;height:100vh}</style>%s' "$(cat "$1")" >"$work/icon.html"
  "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
    --default-background-color=00000000 --window-size="$3,$3" --force-device-scale-factor=1 --screenshot="$PWD/$2" "file://$work/icon.html" 2>"$work/log" ||
    { cat "$work/log" >&2; exit 1; }
}

draw style/public/favicon.svg style/public/icons/icon-192.png 192
draw style/public/favicon.svg style/public/icons/icon-512.png 512
draw style/icons/maskable.svg style/public/icons/maskable-512.png 512
draw style/icons/maskable.svg style/public/icons/apple-touch-icon.png 180
