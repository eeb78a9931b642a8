# The build stage is what has the source, the Go tool and git, which tell the binary its version.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -o /out/bleepstore ./cmd/bleepstore && \
    mkdir /out/data /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /out/tmp /tmp
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/bleepstore /usr/bin/bleepstore
USER 65532:65532
ENV BLEEPSTORE_DATA=/data BLEEPSTORE_LISTEN=:9000
VOLUME /data
EXPOSE 9000
HEALTHCHECK --interval=10s --timeout=6s --start-period=5m CMD ["/usr/bin/bleepstore", "health"]
ENTRYPOINT ["/usr/bin/bleepstore"]
CMD ["serve"]
