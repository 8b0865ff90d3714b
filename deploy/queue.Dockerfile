# The image with the packages of a queue and of object storage, which are no dependencies of sdxl-refine: docs/deploy.md#the-image
#   docker build --file deploy/queue.Dockerfile --tag sdxl-refine:cuda-queue deploy
ARG NODE_IMAGE=node:24-bookworm-slim
ARG BASE_IMAGE=sdxl-refine:cuda

FROM ${NODE_IMAGE} AS packages
WORKDIR /opt
# For postgres:// pg@8 in place of ioredis.
RUN npm install --ignore-scripts --no-audit --no-fund bullmq@6.7.0 ioredis@6.0.0 opendal@0.49.2

FROM ${BASE_IMAGE}
# Node looks for packages in the folders above /opt/sdxl-refine too.
COPY --from=packages /opt/node_modules /opt/node_modules
