# The proxy and its benchmark, on a base with glibc, certificates and no shell. What `make docker-build REGION=cn` takes from
# elsewhere is an argument. The digests could not be looked up where this was written, so they are empty; one is given with
# its @, as @sha256:…
ARG BASE_IMAGE=gcr.io/distroless/base-nossl-debian13
ARG BASE_TAG=nonroot
ARG BASE_DIGEST=
ARG NODE_IMAGE=docker.io/library/node
ARG NODE_TAG=24-bookworm-slim
ARG NODE_DIGEST=

FROM ${NODE_IMAGE}:${NODE_TAG}${NODE_DIGEST} AS build
ARG DEBIAN_MIRROR=deb.debian.org
RUN sed -i "s/deb\.debian\.org/${DEBIAN_MIRROR}/" /etc/apt/sources.list.d/debian.sources \
  && apt-get update \
  && apt-get install -y --no-install-recommends make \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /src
ARG NPM_REGISTRY=
COPY package.json bun.lock Makefile ./
RUN make node_modules/.installed NPM_REGISTRY="${NPM_REGISTRY}"
COPY bunfig.toml tsconfig.json ./
COPY src ./src
COPY bench ./bench
RUN make build NPM_REGISTRY="${NPM_REGISTRY}"

FROM ${BASE_IMAGE}:${BASE_TAG}${BASE_DIGEST} AS base
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
USER 65532:65532

FROM base AS benchmark
LABEL org.opencontainers.image.title="benchmark" \
  org.opencontainers.image.description="Measures and checks an edge-proxy"
COPY --from=build /src/_output/local/bin/linux/*/benchmark /usr/local/bin/benchmark
ENTRYPOINT ["/usr/local/bin/benchmark"]

# The last one is what a build without --target makes. It writes nothing into its root: it may be read-only.
FROM base AS edge-proxy
LABEL org.opencontainers.image.title="edge-proxy" \
  org.opencontainers.image.description="A caching, exact kube-apiserver stand-in for edge nodes"
COPY --from=build /src/_output/local/bin/linux/*/edge-proxy /usr/local/bin/edge-proxy
COPY deploy/rules /etc/edge-proxy/rules
# What the process would else start itself again for (src/fetch-cap.ts): 15 ms.
ENV BUN_CONFIG_MAX_HTTP_REQUESTS=65535
ENTRYPOINT ["/usr/local/bin/edge-proxy"]
