"""A tiny vision transformer with random weights, its export, and what transformers says of the golden pictures.

transformers 5.23.0, torch 2.13.0, Pillow. Run in this folder: python make.py
"""
import json
import torch
import torch.onnx._internal.torchscript_exporter.onnx_proto_utils as proto
from PIL import Image
from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

# It would only add functions of onnxscript, of which there are none, and need the package onnx for it.
proto._add_onnxscript_fn = lambda model_bytes, *_: model_bytes

torch.manual_seed(0)
model = ViTForImageClassification(ViTConfig(
    hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=8,
    id2label={0: "normal", 1: "nsfw"}, label2id={"normal": 0, "nsfw": 1})).eval()
with torch.no_grad():
    for weights in model.parameters():
        weights.mul_(4)
    model.classifier.weight.mul_(0.1)
    model.classifier.bias.zero_()
processor = ViTImageProcessorPil(size={"height": 32, "width": 32}, image_mean=[0.5] * 3, image_std=[0.5] * 3)
model.config.save_pretrained(".")
processor.save_pretrained(".")

probabilities = {}
for name in ["wide-96x64", "square-128", "tall-64x112"]:
    inputs = processor(Image.open(f"../images/{name}.png").convert("RGB"), return_tensors="pt")
    with torch.no_grad():
        probabilities[name] = torch.softmax(model(**inputs).logits, -1)[0].tolist()
with open("probabilities.json", "w") as file:
    json.dump(probabilities, file, indent=1)


class Logits(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values=pixel_values).logits


torch.onnx.export(
    Logits(), (inputs["pixel_values"],), "model.onnx", dynamo=False, opset_version=17,
    input_names=["pixel_values"], output_names=["logits"],
    dynamic_axes={"pixel_values": {0: "batch_size"}, "logits": {0: "batch_size"}})
