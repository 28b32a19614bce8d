# One target per service, and `standalone` with all of them in one process: docker build --target auth-api .
# No build step: Node runs the TypeScript sources. Each image holds one service, the workspace packages it imports and their dependencies.
FROM node:24.21.0-bookworm-slim AS base
WORKDIR /app
ENV NPM_CONFIG_CACHE=/tmp/npm NPM_CONFIG_IGNORE_SCRIPTS=true NPM_CONFIG_AUDIT=false NPM_CONFIG_FUND=false \
    NPM_CONFIG_UPDATE_NOTIFIER=false NPM_CONFIG_LOGS_MAX=0 TURBO_TELEMETRY_DISABLED=1

# What each service needs: manifests in /manifests/<service>, sources in /pruned/<service>/full.
# Development dependencies are removed from the manifests, because npm would look for workspaces that are not in the image.
FROM base AS pruned
COPY . .
# turbo in the version of the lockfile, checked against its integrity hash
RUN npm ci --workspaces=false && rm -rf /tmp/npm
RUN mkdir /manifests && for service in auth-api token-store cleanup-worker threat-monitor standalone cases-api; do \
      node_modules/.bin/turbo prune "@auto-refresh/$service" --docker --production --out-dir "/pruned/$service" \
      && (cd "/pruned/$service/json" && npm pkg delete devDependencies --workspaces --include-workspace-root) \
      && mv "/pruned/$service/json" "/manifests/$service" || exit 1; \
    done

# The production dependencies of each service, in /installed/<service>. Cached until a manifest or the lockfile changes.
FROM base AS installed
COPY --from=pruned /manifests/ /installed/
RUN for service in /installed/*; do (cd "$service" && npm ci --omit=dev --omit=optional) || exit 1; done && rm -rf /tmp/npm

FROM base AS runtime
ENV NODE_ENV=production HOST=0.0.0.0
USER node

FROM runtime AS service
COPY deploy/image/check-ready.mjs /usr/local/lib/
HEALTHCHECK --interval=5s --timeout=10s --start-period=2m --retries=3 CMD ["node", "/usr/local/lib/check-ready.mjs"]

FROM service AS auth-api
COPY --from=installed /installed/auth-api/ ./
COPY --from=pruned /pruned/auth-api/full/ ./
ENV ADMIN_PORT=9101
EXPOSE 8000 9101
CMD ["node", "services/auth-api/src/main.ts"]

FROM service AS token-store
COPY --from=installed /installed/token-store/ ./
COPY --from=pruned /pruned/token-store/full/ ./
ENV ADMIN_PORT=9102
EXPOSE 8100 9102
CMD ["node", "services/token-store/src/main.ts"]

FROM service AS cleanup-worker
COPY --from=installed /installed/cleanup-worker/ ./
COPY --from=pruned /pruned/cleanup-worker/full/ ./
ENV ADMIN_PORT=9103
EXPOSE 8110 9103
CMD ["node", "services/cleanup-worker/src/main.ts"]

FROM service AS threat-monitor
COPY --from=installed /installed/threat-monitor/ ./
COPY --from=pruned /pruned/threat-monitor/full/ ./
ENV ADMIN_PORT=9104
EXPOSE 9104
CMD ["node", "services/threat-monitor/src/main.ts"]

# The example back end of docker-compose.yml. It answers the health check on its own port.
FROM service AS cases-api
COPY --from=installed /installed/cases-api/ ./
COPY --from=pruned /pruned/cases-api/full/ ./
ENV ADMIN_PORT=8200
EXPOSE 8200
CMD ["node", "examples/cases-api/src/main.ts"]

# All services in one process, as in deploy/compose.small.yml. Postgres is not in the image: it needs DATABASE_URL.
# /data keeps the generated keys; mount one volume there for all replicas, or give the keys as settings.
FROM service AS standalone
USER root
RUN install -d -o node -g node -m 700 /data
USER node
COPY --from=installed /installed/standalone/ ./
COPY --from=pruned /pruned/standalone/full/ ./
ENV ADMIN_PORT=9101 DATA_DIR=/data
VOLUME /data
EXPOSE 8000 9101
CMD ["node", "services/standalone/src/main.ts"]

# The operator commands: npm run migrate, topics, user. DATA_DIR must be writable; the commands keep nothing there that has to last.
FROM runtime AS operations
COPY --from=installed /installed/standalone/ ./
COPY --from=pruned /pruned/standalone/full/ ./
COPY deploy/image/generate-secrets.mjs /usr/local/lib/
ENV DATA_DIR=/tmp/data
CMD ["npm", "run"]
