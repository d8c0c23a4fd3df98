"""Writes a model for whisper.cpp from the arrays of WhisperForConditionalGeneration: its ggml file, float16 or q8_0.

Not float32: whisper.cpp 1.8.5 takes no convolutions of float32, and has one type for these and the matrices."""

import struct

import numpy as np

F32, F16, Q8_0 = 0, 1, 8
FILE_TYPES = {"f16": 1, "q8_0": 7}
# Tokens of text in the vocabularies of many languages; whisper.cpp names the others itself.
TEXT_TOKENS = 50257
# What is a matrix and yet no product of matrices.
NEVER_QUANTISED = ("positional_embedding", "conv1.bias", "conv2.bias")


def write_ggml(path, config, arrays, quantisation):
    """`arrays`: float32 by openai-whisper's names. Vectors and positions stay float32; convolutions are float16."""
    with open(path, "wb") as file:
        file.write(struct.pack("<I", 0x67676D6C))
        file.write(struct.pack(
            "<11i", config.vocab_size, config.max_source_positions, config.d_model, config.encoder_attention_heads,
            config.encoder_layers, config.max_target_positions, config.d_model, config.decoder_attention_heads,
            config.decoder_layers, config.num_mel_bins, FILE_TYPES[quantisation]))
        filters = np.zeros((config.num_mel_bins, 201), "<f4")  # Features come ready made.
        file.write(struct.pack("<2i", *filters.shape) + filters.tobytes())
        file.write(struct.pack("<i", TEXT_TOKENS))
        for token in range(TEXT_TOKENS):
            text = f"t{token}".encode()
            file.write(struct.pack("<i", len(text)) + text)
        for name, array in arrays.items():
            write_array(file, name, array, quantisation)


def write_array(file, name, array, quantisation):
    if name in ("encoder.conv1.bias", "encoder.conv2.bias"):
        array = array[:, None]
    kind = F32
    if array.ndim == 3:
        kind = F16
    elif array.ndim == 2 and not name.endswith(NEVER_QUANTISED):
        kind = Q8_0 if quantisation == "q8_0" else F16
    file.write(struct.pack("<3i", array.ndim, len(name), kind))
    file.write(struct.pack(f"<{array.ndim}i", *reversed(array.shape)) + name.encode())
    file.write(q8_0(array) if kind == Q8_0 else array.astype("<f2" if kind == F16 else "<f4").tobytes())


def q8_0(array):
    """Blocks of 32 along a row: a float16 scale and 32 int8."""
    blocks = array.reshape(-1, 32)
    scale = np.abs(blocks).max(1, keepdims=True) / 127
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(scale > 0, np.rint(blocks / scale), 0).astype("i1")
    packed = np.empty(len(blocks), np.dtype([("scale", "<f2"), ("values", "i1", 32)]))
    packed["scale"], packed["values"] = scale[:, 0], values
    return packed.tobytes()
