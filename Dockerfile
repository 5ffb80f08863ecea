# The images of the two services, from one file:
#   podman build --target gateway -t stagecast-gateway .
#   podman build --target runner  -t stagecast-runner .
# What the finished images carry comes from requirements/*.txt, hash by hash. The build stages stay behind.

FROM docker.io/library/python:3.13-slim AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1

FROM base AS pip
# Another package index than pip's own: --build-arg PIP_INDEX_URL=... (it stays in this stage).
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

FROM pip AS wheel
COPY requirements/build.txt requirements/
RUN python -m venv --without-pip /opt/build \
 && pip --python /opt/build/bin/python install --no-deps --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY contracts contracts
COPY stagecast stagecast
COPY gateway gateway
COPY runner runner
COPY pipelines pipelines
COPY web web
RUN /opt/build/bin/python -m hatchling build --target wheel --directory /wheel

# Dependencies first, our own wheel last: an edited source file installs one package anew, not fifty.
FROM pip AS gateway-packages
COPY requirements/gateway.txt requirements/
RUN python -m venv --without-pip /opt/stagecast \
 && pip --python /opt/stagecast/bin/python install --no-deps --require-hashes -r requirements/gateway.txt
COPY --from=wheel /wheel /wheel
RUN pip --python /opt/stagecast/bin/python install --no-deps /wheel/*.whl

FROM pip AS runner-packages
COPY requirements/runner.txt requirements/
RUN python -m venv --without-pip /opt/stagecast \
 && pip --python /opt/stagecast/bin/python install --no-deps --require-hashes -r requirements/runner.txt
COPY --from=wheel /wheel /wheel
RUN pip --python /opt/stagecast/bin/python install --no-deps /wheel/*.whl

FROM base AS service
# A number, so that an orchestrator can check that it is not root; a name, for libraries that ask for one.
RUN useradd --uid 10001 --user-group --home-dir /app --no-create-home --shell /usr/sbin/nologin stagecast \
 && install -d -o 10001 -g 10001 /app /app/outputs && install -d -o 10001 -g 10001 -m 700 /app/tokens
COPY deploy/healthcheck.py /usr/local/bin/healthcheck.py
COPY pipelines /app/pipelines
ENV PATH=/opt/stagecast/bin:$PATH \
    HOME=/tmp
WORKDIR /app
USER 10001:10001
STOPSIGNAL SIGTERM
LABEL org.opencontainers.image.title="stagecast" \
      org.opencontainers.image.description="Runs multi-stage LLM pipelines as a service and streams every stage as it happens." \
      org.opencontainers.image.licenses="Apache-2.0"

FROM service AS gateway
COPY --from=gateway-packages /opt/stagecast /opt/stagecast
ENV STAGECAST_HOST=0.0.0.0 \
    STAGECAST_PORT=8000
EXPOSE 8000
# Alive, not ready: a gateway whose broker is away answers that it is not ready, and restarting it would not help.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "/usr/local/bin/healthcheck.py", "http://127.0.0.1:8000/healthz"]
ENTRYPOINT ["python", "-m", "gateway"]

FROM service AS runner
COPY --from=runner-packages /opt/stagecast /opt/stagecast
ENV STAGECAST_HEARTBEAT_FILE=/tmp/stagecast-heartbeat
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "/usr/local/bin/healthcheck.py", "/tmp/stagecast-heartbeat"]
ENTRYPOINT ["python", "-m", "runner"]
