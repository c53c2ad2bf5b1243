# Nectar as a container: its data (database and models) in the volume /data, its interface on port 8080.
#
#   docker build -t nectar .
#   docker run -p 8080:8080 -v nectar-data:/data nectar

FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        libopenblas-dev libsimdjson-dev libsodium-dev libsqlite3-dev libssl-dev pkg-config zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /nectar
# The dependencies first: this layer stays while only sources change.
COPY Package.* ./
RUN swift package resolve
COPY Sources Sources
COPY Tests Tests
# Swift's own libraries go into the program, so that the image below needs none of the toolchain.
RUN swift build --configuration release --product nectar --static-swift-stdlib \
    && install -D --strip "$(swift build --configuration release --show-bin-path)/nectar" /out/nectar

FROM debian:bookworm-slim
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        libopenblas0-pthread libsimdjson14 libsodium23 libsqlite3-0 libssl3 libstdc++6 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 nectar \
    && useradd --uid 10001 --gid nectar --home-dir /data --no-create-home --shell /usr/sbin/nologin nectar \
    && install --directory --owner=nectar --group=nectar /data
COPY --from=build /out/nectar /usr/local/bin/nectar
COPY config/nectar.json /etc/nectar/nectar.json
# A number, so that an orchestrator can see that this is not root.
USER 10001:10001
ENV NECTAR_HOST=0.0.0.0 NECTAR_PORT=8080 NECTAR_DATA=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["nectar", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["nectar"]
CMD ["serve", "--config", "/etc/nectar/nectar.json"]
