# The image of a Holdfast worker, which is also its command line: `docker run --rm holdfast --help`.
#
# Node's and restic's images can be exchanged for your own: --build-arg NODE_IMAGE=… --build-arg RESTIC_IMAGE=…
# The base has to be Debian or Ubuntu: Temporal's native module needs glibc.
ARG NODE_IMAGE=node:24-bookworm-slim
ARG RESTIC_IMAGE=restic/restic:0.19.1

FROM ${RESTIC_IMAGE} AS restic

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && chmod +x dist/client/main.js
# What stays: the packages that run, of the native module the one build for this machine.
RUN npm prune --omit=dev --ignore-scripts \
 && cd node_modules/@temporalio/core-bridge \
 && find releases -mindepth 1 -maxdepth 1 ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -rf {} + \
 && rm -rf sdk-core src Cargo.toml Cargo.lock \
 && test -n "$(ls releases)"

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="Holdfast" \
      org.opencontainers.image.description="Durable backups of live SQLite and MySQL/MariaDB databases and their configuration" \
      org.opencontainers.image.licenses="MIT"
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      ca-certificates mariadb-client openssh-client sqlite3 tar tini util-linux zstd \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log

# The worker is nobody special. Node's own images have a user 1000 of theirs, which would be in the way.
ARG HOLDFAST_UID=1000
ARG HOLDFAST_GID=1000
RUN if owner=$(getent passwd "$HOLDFAST_UID"); then userdel --remove "${owner%%:*}"; fi \
 && if ! getent group "$HOLDFAST_GID" >/dev/null; then groupadd --gid "$HOLDFAST_GID" holdfast; fi \
 && useradd --uid "$HOLDFAST_UID" --gid "$HOLDFAST_GID" --create-home --shell /usr/sbin/nologin holdfast \
 && mkdir -p /etc/holdfast /var/lib/holdfast/staging /var/lib/holdfast/state /var/lib/holdfast/restore /backups /repository \
 && chown -R "$HOLDFAST_UID:$HOLDFAST_GID" /var/lib/holdfast /backups /repository \
 && chmod 0700 /var/lib/holdfast/staging /var/lib/holdfast/state /var/lib/holdfast/restore

COPY --from=restic /usr/bin/restic /usr/local/bin/restic
COPY --from=build /app/package.json /app/LICENSE /app/
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/dist /app/dist
RUN ln -s /app/dist/client/main.js /usr/local/bin/holdfast && holdfast --version && restic version

ENV NODE_ENV=production HOLDFAST_CONFIG=/etc/holdfast/holdfast.yaml
USER ${HOLDFAST_UID}:${HOLDFAST_GID}
WORKDIR /var/lib/holdfast
EXPOSE 9464
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "node", "/app/dist/client/main.js"]
CMD ["worker"]
