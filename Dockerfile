# syntax=docker/dockerfile:1
# An image for workers, for flow runs of a docker or kubernetes work pool, and for every `duologue`
# command. See docs/how-to/container.md.

FROM python:3.12-slim-bookworm AS build
WORKDIR /source
RUN python -m venv /venv
# The dependencies change less often than the code, so they are a layer of their own.
COPY requirements-container.txt ./
RUN /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements-container.txt
COPY . .
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.12-slim-bookworm
LABEL org.opencontainers.image.title="duologue" \
      org.opencontainers.image.description="Realistic multi-turn conversations to test a chatbot on" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --uid 1000 --create-home duologue \
 && install --directory --owner=duologue /duologue /duologue/datasets
COPY --from=build /venv /venv
COPY --chown=duologue prefect.yaml prefect.toml /duologue/
COPY --chown=duologue flows /duologue/flows
COPY --chown=duologue datasets/*.csv /duologue/datasets/
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PREFECT_SERVER_ANALYTICS_ENABLED=false
WORKDIR /duologue
# By number, so that a cluster sees that it is not root.
USER 1000
# Runs of a docker or kubernetes work pool bring a command of their own.
CMD ["prefect", "worker", "start", "--pool", "duologue", "--type", "process", "--with-healthcheck"]
# A worker answers on port 8080 as long as it polls for work.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/health')"]
