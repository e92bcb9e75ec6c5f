# The program alone, for linux/amd64 and linux/arm64, from what `release/build` left in dist/image:
#
#   release/build x86_64-unknown-linux-musl aarch64-unknown-linux-musl
#   docker buildx build --platform linux/amd64,linux/arm64 --build-arg VERSION=… --build-arg REVISION=… --build-arg SOURCE=… .
#
# It is used with the repository mounted, by the user to whom the files that it writes shall belong:
#
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/repository" IMAGE plan
#
# There is no shell in it, and no certificates: the program brings those that Mozilla trusts. Another one is mounted, and
# named by SSL_CERT_FILE; the log-ins of registries are read from /home/.docker/config.json.
FROM scratch

# Whoever runs it writes to /tmp, whatever their number is.
COPY --chmod=1777 release/image/writable /
# The repository belongs to somebody else than the user in here.
COPY --chmod=644 release/image/gitconfig /etc/gitconfig
ARG TARGETARCH
COPY --chmod=755 dist/image/linux-${TARGETARCH}/chart-release /usr/local/bin/chart-release

ENV HOME=/home
WORKDIR /repository
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/chart-release"]

ARG VERSION
ARG REVISION
ARG SOURCE
LABEL org.opencontainers.image.title="chart-release" \
      org.opencontainers.image.description="Publishes the Helm charts of a git repository: one chart version, one digest, in every channel, for ever" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
