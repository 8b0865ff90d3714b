# For the batch endpoint and the parallel job, whose entry script is Python: docs/deploy.md#azure-ml-batch-endpoint-and-parallel-job
#   docker build --file deploy/azure-ml/batch.Dockerfile --tag <registry>.azurecr.io/sdxl-refine-batch:1 deploy/azure-ml
ARG BASE_IMAGE=sdxl-refine:cuda
FROM ${BASE_IMAGE}
USER root
# Debian and Ubuntu keep pip away from their own Python: a virtual environment. Azure starts the "python" of PATH.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends python3 python3-venv \
  && rm -rf /var/lib/apt/lists/* \
  && python3 -m venv /opt/azureml \
  && /opt/azureml/bin/pip install --no-cache-dir azureml-core==1.60.0
ENV PATH=/opt/azureml/bin:$PATH
USER 1000
