# The program on Debian 12 slim, without a shell script around it: it is process 1 itself.
FROM docker.io/library/debian:bookworm-slim AS build
WORKDIR /src
COPY scripts scripts
RUN scripts/install-deps
COPY CMakeLists.txt CMakePresets.json LICENSE README.md ./
COPY core core
COPY dsl dsl
COPY filters filters
COPY inputs inputs
COPY outputs outputs
COPY pipelines pipelines
COPY deploy deploy
RUN cmake --preset release -DTAILRACE_TESTS=OFF -DCMAKE_INSTALL_PREFIX=/usr \
 && cmake --build --preset release --target tailrace \
 && DESTDIR=/out cmake --install build/release --strip --component program

FROM docker.io/library/debian:bookworm-slim
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="tailrace" \
      org.opencontainers.image.description="Runs Logstash pipelines, compiled" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY scripts/runtime-packages.txt /tmp/
RUN apt-get update \
 && apt-get install -y --no-install-recommends $(sed 's/#.*//' /tmp/runtime-packages.txt) \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/apt /var/log/dpkg.log /tmp/runtime-packages.txt \
 && mkdir -p /usr/share/logstash/config /usr/share/logstash/pipeline /var/lib/tailrace \
 && ln -s /usr/share/logstash/config /etc/tailrace \
 && chown 10001:0 /var/lib/tailrace && chmod 2770 /var/lib/tailrace
COPY --from=build /out/usr/bin/tailrace /usr/bin/tailrace
COPY LICENSE /usr/share/doc/tailrace/LICENSE
COPY deploy/image/pipelines.yml /usr/share/logstash/config/pipelines.yml
COPY deploy/image/default.conf /usr/share/logstash/pipeline/default.conf
ENV LS_SETTINGS_DIR=/usr/share/logstash/config
VOLUME /var/lib/tailrace
USER 10001:0
EXPOSE 5514/tcp 5514/udp 9600/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=5s CMD ["/usr/bin/tailrace", "health"]
ENTRYPOINT ["/usr/bin/tailrace"]
