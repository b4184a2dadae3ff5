# syntax is BuildKit's (docker build of version 23 on, or DOCKER_BUILDKIT=1): stages that nothing asks for are not made.
#
#   docker build -t overlay .                                  compiles from source in the SDK's image
#   scripts/stage artifacts/image && docker build -t overlay --build-arg PROGRAMS=staged .
#                                                              takes what was published before; no .NET image is needed if BASE and TOOLS name others
#
# Run:  docker run --cap-drop ALL --cap-add NET_ADMIN --device /dev/net/tun -v $PWD/overlayd.yaml:/etc/overlay/overlayd.yaml:ro overlay
#
# A user who is not root gets added capabilities into the bounding set only, so the program carries CAP_NET_ADMIN as a file capability. Two things
# follow: without --cap-add NET_ADMIN it does not start at all ("operation not permitted"), and not with --security-opt no-new-privileges either.
ARG SDK=mcr.microsoft.com/dotnet/sdk:10.0
# What the program runs on: it brings .NET along and needs libstdc++, libgcc and OpenSSL. Neither shell nor package manager is used.
ARG BASE=mcr.microsoft.com/dotnet/runtime-deps:10.0
# Where setcap is, or can be installed by apt-get.
ARG TOOLS=${SDK}
ARG PROGRAMS=source

FROM ${SDK} AS source
WORKDIR /source
COPY . .
RUN scripts/stage /programs

FROM scratch AS staged
COPY artifacts/image /programs

FROM ${PROGRAMS} AS programs

FROM ${TOOLS} AS root
RUN command -v setcap >/dev/null || { apt-get -q update && apt-get -q -y install --no-install-recommends libcap2-bin; }
COPY --from=programs /programs /root-of-image/usr/lib/overlay
RUN cd /root-of-image \
 && setcap cap_net_admin+ep usr/lib/overlay/overlayd \
 && mkdir -p usr/bin etc/overlay run/overlay var/lib/overlay \
 && ln -s ../lib/overlay/overlayd ../lib/overlay/overlayctl usr/bin/ \
 && chown 10001:10001 run/overlay var/lib/overlay

FROM ${BASE}
LABEL org.opencontainers.image.title="Overlay" \
      org.opencontainers.image.description="VXLAN and Geneve dataplane in user space" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=root /root-of-image /
# Globalization is built in; no debugger or profiler may attach.
ENV DOTNET_EnableDiagnostics=0 DOTNET_gcServer=0
USER 10001:10001
ENTRYPOINT ["/usr/bin/overlayd"]
# About this daemon alone: where unhealthy containers are restarted, a peer that is down must not restart every VTEP.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["/usr/bin/overlayctl", "health"]
