# The online endpoint's container: docs/deploy.md#azure-ml-online-endpoint
#   docker build --file deploy/azure-ml/endpoint.Dockerfile --tag <registry>.azurecr.io/sdxl-refine-endpoint:1 deploy/azure-ml
# A deployment cannot pass arguments to a container, so the command is in the image; its options are variables of the deployment.
ARG BASE_IMAGE=sdxl-refine:cuda
FROM ${BASE_IMAGE}
EXPOSE 5001
# Azure's front end checks clients: the container gets plain HTTP.
CMD ["serve", "--host", "0.0.0.0", "--no-auth", "--log-json"]
