# A target for each service: docker build --target auth-api .
# No build step: Node runs the TypeScript as it stands. Each image holds one service, the packages that it imports, and what they need.
FROM node:24.21.0-bookworm-slim AS base
WORKDIR /app
ENV NPM_CONFIG_CACHE=/tmp/npm NPM_CONFIG_IGNORE_SCRIPTS=true NPM_CONFIG_AUDIT=false NPM_CONFIG_FUND=false \
    NPM_CONFIG_UPDATE_NOTIFIER=false NPM_CONFIG_LOGS_MAX=0 TURBO_TELEMETRY_DISABLED=1

# What each service needs of the repository. Development dependencies are struck out: npm would look for the workspaces among them.
FROM base AS pruned
COPY . .
# turbo as the lockfile has it, checked against its integrity.
RUN npm ci --workspaces=false && rm -rf /tmp/npm
RUN for service in auth-api token-store cleanup-worker threat-monitor standalone cases-api; do \
      node_modules/.bin/turbo prune "@auto-refresh/$service" --docker --production --out-dir "/pruned/$service" \
      && (cd "/pruned/$service/json" && npm pkg delete devDependencies --workspaces --include-workspace-root) || exit 1; \
    done

FROM base AS runtime
ENV NODE_ENV=production HOST=0.0.0.0

FROM runtime AS auth-api
COPY --from=pruned /pruned/auth-api/json/ ./
RUN npm ci --omit=dev --omit=optional && rm -rf /tmp/npm
COPY --from=pruned /pruned/auth-api/full/ ./
COPY deploy/image/check-ready.mjs /usr/local/lib/
USER node
ENV ADMIN_PORT=9101
EXPOSE 8000 9101
HEALTHCHECK --interval=5s --timeout=10s --start-period=2m --retries=3 CMD ["node", "/usr/local/lib/check-ready.mjs"]
CMD ["node", "services/auth-api/src/main.ts"]

FROM runtime AS token-store
COPY --from=pruned /pruned/token-store/json/ ./
RUN npm ci --omit=dev --omit=optional && rm -rf /tmp/npm
COPY --from=pruned /pruned/token-store/full/ ./
COPY deploy/image/check-ready.mjs /usr/local/lib/
USER node
ENV ADMIN_PORT=9102
EXPOSE 8100 9102
HEALTHCHECK --interval=5s --timeout=10s --start-period=2m --retries=3 CMD ["node", "/usr/local/lib/check-ready.mjs"]
CMD ["node", "services/token-store/src/main.ts"]

FROM runtime AS cleanup-worker
COPY --from=pruned /pruned/cleanup-worker/json/ ./
RUN npm ci --omit=dev --omit=optional && rm -rf /tmp/npm
COPY --from=pruned /pruned/cleanup-worker/full/ ./
COPY deploy/image/check-ready.mjs /usr/local/lib/
USER node
ENV ADMIN_PORT=9103
EXPOSE 9103
HEALTHCHECK --interval=5s --timeout=10s --start-period=2m --retries=3 CMD ["node", "/usr/local/lib/check-ready.mjs"]
CMD ["node", "services/cleanup-worker/src/main.ts"]

FROM runtime AS threat-monitor
COPY --from=pruned /pruned/threat-monitor/json/ ./
RUN npm ci --omit=dev --omit=optional && rm -rf /tmp/npm
COPY --from=pruned /pruned/threat-monitor/full/ ./
COPY deploy/image/check-ready.mjs /usr/local/lib/
USER node
ENV ADMIN_PORT=9104
EXPOSE 9104
HEALTHCHECK --interval=5s --timeout=10s --start-period=2m --retries=3 CMD ["node", "/usr/local/lib/check-ready.mjs"]
CMD ["node", "services/threat-monitor/src/main.ts"]

# The example back end of docker-compose.yml; its readiness stands on its own port.
FROM runtime AS cases-api
COPY --from=pruned /pruned/cases-api/json/ ./
RUN npm ci --omit=dev --omit=optional && rm -rf /tmp/npm
COPY --from=pruned /pruned/cases-api/full/ ./
COPY deploy/image/check-ready.mjs /usr/local/lib/
USER node
ENV ADMIN_PORT=8200
EXPOSE 8200
HEALTHCHECK --interval=5s --timeout=10s --start-period=2m --retries=3 CMD ["node", "/usr/local/lib/check-ready.mjs"]
CMD ["node", "examples/cases-api/src/main.ts"]

# The steps that people and pipelines run: npm run migrate, topics, user. DATA_DIR is where the commands keep what they do not need here.
FROM runtime AS operations
COPY --from=pruned /pruned/standalone/json/ ./
RUN npm ci --omit=dev --omit=optional && rm -rf /tmp/npm
COPY --from=pruned /pruned/standalone/full/ ./
COPY deploy/image/generate-secrets.mjs /usr/local/lib/
USER node
ENV DATA_DIR=/tmp/data
CMD ["npm", "run"]
