# syntax=docker/dockerfile:1
# Two stages: the packages are installed with npm's cache, what runs has neither npm's cache nor development packages.
FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The scripts of development packages (a Node of its own, the type checker's patch) have no place here.
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
# pg_dump and pg_restore for "cli backup" and "cli restore", of Debian's PostgreSQL (15). A newer server has its own:
# docker compose exec postgres pg_dump -U funil -Fc funil > funil.dump
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client tini \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --create-home funil
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json .env.example ./
COPY migrations ./migrations
COPY src ./src
RUN mkdir .data && chown funil:funil .data
USER funil
# Generated keys and, without S3, the media. The database is elsewhere: set DATABASE_URL.
VOLUME /app/.data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The service stops within 10 s on SIGTERM; tini hands the signal on and reaps what is left.
ENTRYPOINT ["tini", "--"]
CMD ["node", "src/main.ts"]
