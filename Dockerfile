# Dockerfile - the images that docker-compose.yml runs, a stage each.
#
#   bridge    ums-mcp, FastCGI on port 9000
#   local     ums-local behind lighttpd, HTTPS on port 8443
#   nginx     the web server in front, HTTP on port 8080
#   lighttpd  the same, see docker-compose.lighttpd.yml
#
# All stand on one base and run as the user ums-mcp, 10001, who alone reads the secrets.
ARG DEBIAN=debian:13-slim

FROM $DEBIAN AS base
COPY etc/compose/packages /usr/bin/
RUN groupadd --gid 10001 ums-mcp && useradd --uid 10001 --gid 10001 --no-create-home \
    --home-dir /nonexistent --shell /usr/sbin/nologin ums-mcp && \
    install -d -o ums-mcp -g ums-mcp -m 700 /var/lib/ums-mcp /run/ums-mcp /run/secrets

FROM base AS build
WORKDIR /src
COPY scripts/packages scripts/
RUN . scripts/packages && packages $build
COPY Makefile CHANGES README.md DESIGN.md LICENSE ./
COPY docs docs
COPY etc etc
COPY man man
COPY src src
RUN make -s -j"$(nproc)" install DESTDIR=/out PREFIX=/usr && \
    strip /out/usr/bin/ums-mcp /out/usr/bin/ums-local

FROM base AS bridge
RUN packages ca-certificates libcurl4t64 libcjson1 libssl3t64 libevent-core-2.1-7t64 \
    libpcre2-8-0 liblmdb0 libhiredis1.1.0 libseccomp2 libyaml-0-2 libmd4c0 libfcgi-bin
COPY --from=build /out/usr/bin/ums-mcp /usr/bin/
COPY --from=build /out/etc/ums-mcp /etc/ums-mcp
COPY etc/compose/healthy /usr/bin/
USER ums-mcp
EXPOSE 9000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s CMD ["healthy"]
ENTRYPOINT ["ums-mcp"]
CMD ["--listen", "0.0.0.0:9000"]

FROM base AS local
RUN packages ca-certificates curl openssl lighttpd lighttpd-mod-openssl libcurl4t64 libcjson1 \
    libssl3t64 libsqlite3-0 libfcgi0t64
COPY --from=build /out/usr/bin/ums-local /usr/bin/
COPY etc/compose/secrets /usr/bin/
COPY etc/compose/local.conf /etc/lighttpd/lighttpd.conf
USER ums-mcp
EXPOSE 8443
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s \
    CMD ["curl", "-fsS", "--cacert", "/run/secrets/ca.pem", "https://localhost:8443/healthz"]
CMD ["lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf"]

# What the two in front have in common: whether they reach a bridge that takes calls.
FROM base AS web
RUN packages curl
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s \
    CMD ["curl", "-fsS", "http://127.0.0.1:8081/readyz"]

FROM web AS nginx
RUN packages nginx-light
COPY etc/compose/nginx.conf /etc/nginx/nginx.conf
USER ums-mcp
STOPSIGNAL SIGQUIT
CMD ["nginx", "-e", "stderr", "-g", "daemon off;"]

FROM web AS lighttpd
RUN packages lighttpd
COPY etc/compose/lighttpd.conf /etc/lighttpd/lighttpd.conf
USER ums-mcp
STOPSIGNAL SIGINT
CMD ["lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf"]
