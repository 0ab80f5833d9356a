# The base's tag and digest; the digest could not be looked up where this was written, so it is empty.
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12
ARG BASE_TAG=nonroot
ARG NODE_IMAGE=node:22-bookworm-slim

FROM ${NODE_IMAGE} AS build
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY package.json bun.lock bunfig.toml tsconfig.json Makefile ./
COPY src ./src
RUN make build

FROM ${BASE_IMAGE}:${BASE_TAG}
COPY --from=build /src/_output/local/bin/linux/amd64/edge-proxy /edge-proxy
USER 65532:65532
EXPOSE 10261
ENTRYPOINT ["/edge-proxy"]
