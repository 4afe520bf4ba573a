# One image for every service; the command chooses the queue. Build with another base: --build-arg BASE=...
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
RUN python -m pip install --no-cache-dir --disable-pip-version-check uv
WORKDIR /src
# The versions and hashes of the lock, without the tools of development; a layer that only the lock renews.
COPY pyproject.toml requirements.lock ./
RUN python -m venv /opt/kitbash \
 && VIRTUAL_ENV=/opt/kitbash uv pip install --no-cache --constraint requirements.lock -r pyproject.toml
COPY README.md LICENSE Procfile ./
COPY kitbash kitbash
COPY tasks tasks
COPY lua lua
COPY config config
COPY cartridges cartridges
RUN VIRTUAL_ENV=/opt/kitbash uv pip install --no-cache --no-deps .

FROM ${BASE}
RUN useradd --system --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin kitbash \
 && install -d -o kitbash -g kitbash /data /app
COPY --from=build /opt/kitbash /opt/kitbash
ENV PATH=/opt/kitbash/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OPENBLAS_NUM_THREADS=1 \
    KITBASH_DATA_DIR=/data \
    KITBASH_LOG__FORMAT=json
USER kitbash
WORKDIR /app
VOLUME /data
CMD ["celery", "-A", "kitbash", "worker", "-Q", "reflex,bitnet,cartridge,kobold,upkeep", "-n", "all@%h"]
