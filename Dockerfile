# A suite as an OpenEnv and ORS server: `docker build -t tribune-env .`, then EnvClient.from_docker_image("tribune-env").
# Port 8000, /health when ready. Inside, it listens on all addresses, since a container has a network of its own; outside, that
# port is for you to guard. With TRIBUNE_SERVE_TOKEN set, callers need the token.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN node scripts/run.mjs scripts/check.mjs build && npm prune --omit=dev --omit=optional

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "fetch('http://127.0.0.1:8000/health', { headers: { 'x-api-key': process.env.TRIBUNE_SERVE_TOKEN ?? '' } }).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/cli/main.js", "serve", "env", "core", "--host", "0.0.0.0", "--port", "8000", "--open"]
