"""Whisper's architecture as transformers has it, small, and its forward pass over windows of any length."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from transformers import WhisperConfig, WhisperForConditionalGeneration
from transformers.models.whisper.modeling_whisper import sinusoids

from batches import WINDOW_POSITIONS
from tokens import TIMESTAMPS, Tokens
from transcript import MOST_TOKENS

WIDTH, HEADS, FFN, ENCODER_LAYERS, DECODER_LAYERS = 96, 3, 384, 4, 2

KeysValues = tuple[torch.Tensor, torch.Tensor]


def make_network(tokens: Tokens) -> WhisperForConditionalGeneration:
    config = WhisperConfig(
        vocab_size=tokens.count,
        num_mel_bins=80,
        d_model=WIDTH,
        encoder_layers=ENCODER_LAYERS,
        decoder_layers=DECODER_LAYERS,
        encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS,
        encoder_ffn_dim=FFN,
        decoder_ffn_dim=FFN,
        max_source_positions=WINDOW_POSITIONS,
        max_target_positions=MOST_TOKENS,
        activation_function="gelu",
        dropout=0.0,
        scale_embedding=False,
        tie_word_embeddings=True,
        bos_token_id=tokens.end,
        eos_token_id=tokens.end,
        pad_token_id=tokens.end,
        decoder_start_token_id=tokens.start,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    network = WhisperForConditionalGeneration(config)
    network.requires_grad_(True)
    network.model.encoder.embed_positions.weight.requires_grad_(False)
    return network


@torch.no_grad()
def initialise(network: WhisperForConditionalGeneration, tokens: Tokens) -> None:
    encoder, decoder = network.model.encoder, network.model.decoder
    for name, weights in network.named_parameters():
        if weights.dim() == 2 and "embed" not in name and "proj_out" not in name:
            nn.init.xavier_uniform_(weights)
    for layer in encoder.layers:  # queries equal keys: attention begins with what is similar
        layer.self_attn.k_proj.weight.copy_(layer.self_attn.q_proj.weight)
    for stack in (encoder.layers, decoder.layers):
        scale = (2 * len(stack)) ** -0.5
        for layer in stack:
            layer.self_attn.out_proj.weight.mul_(scale)
            layer.fc2.weight.mul_(scale)
            if hasattr(layer, "encoder_attn"):
                layer.encoder_attn.out_proj.weight.mul_(scale)
    for convolution in (encoder.conv1, encoder.conv2):
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        convolution.bias.zero_()
    embedding = decoder.embed_tokens.weight
    nn.init.normal_(embedding, std=0.05)
    # Timestamps begin as the encoder's own positions: <|t|> is position 50 t.
    embedding[tokens.first_timestamp :] = sinusoids(TIMESTAMPS, WIDTH) * 0.07
    nn.init.normal_(decoder.embed_positions.weight, std=0.02)


def encode(network: WhisperForConditionalGeneration, features: torch.Tensor) -> torch.Tensor:
    """f32[windows, 80, 2 positions] to f32[windows, positions, width]; for a shorter window the first positions serve."""
    encoder = network.model.encoder
    x = F.gelu(encoder.conv1(features))
    x = F.gelu(encoder.conv2(x)).transpose(1, 2)
    x = x + encoder.embed_positions.weight[: x.shape[1]]
    for layer in encoder.layers:
        q, k, v = _queries_keys_values(layer.self_attn, layer.self_attn_layer_norm(x))
        x = x + layer.self_attn.out_proj(_joined(F.scaled_dot_product_attention(q, k, v)))
        x = x + layer.fc2(F.gelu(layer.fc1(layer.final_layer_norm(x))))
    return encoder.layer_norm(x)


def cross_keys_values(network: WhisperForConditionalGeneration, encoded: torch.Tensor) -> list[KeysValues]:
    attentions = [layer.encoder_attn for layer in network.model.decoder.layers]
    return [(_heads(a.k_proj(encoded)), _heads(a.v_proj(encoded))) for a in attentions]


def decode(
    network: WhisperForConditionalGeneration,
    ids: torch.Tensor,
    cross: list[KeysValues],
    past: list[KeysValues] | None = None,
) -> tuple[torch.Tensor, list[torch.Tensor], list[KeysValues]]:
    """The last layer's output, each layer's cross-attention [windows, heads, tokens, positions], keys and values so far."""
    decoder = network.model.decoder
    first = past[0][0].shape[2] if past else 0
    x = decoder.embed_tokens(ids) + decoder.embed_positions.weight[first : first + ids.shape[1]]
    attentions, now = [], []
    for index, layer in enumerate(decoder.layers):
        q, k, v = _queries_keys_values(layer.self_attn, layer.self_attn_layer_norm(x))
        if past:
            k, v = torch.cat([past[index][0], k], 2), torch.cat([past[index][1], v], 2)
        now.append((k, v))
        x = x + layer.self_attn.out_proj(_joined(F.scaled_dot_product_attention(q, k, v, is_causal=not past)))
        attention = layer.encoder_attn
        q = _heads(attention.q_proj(layer.encoder_attn_layer_norm(x))) * (WIDTH // HEADS) ** -0.5
        weights = (q @ cross[index][0].transpose(2, 3)).softmax(-1)
        attentions.append(weights)
        x = x + attention.out_proj(_joined(weights @ cross[index][1]))
        x = x + layer.fc2(F.gelu(layer.fc1(layer.final_layer_norm(x))))
    return decoder.layer_norm(x), attentions, now


def logits(network: WhisperForConditionalGeneration, hidden: torch.Tensor) -> torch.Tensor:
    return hidden @ network.model.decoder.embed_tokens.weight.T


def _queries_keys_values(attention: nn.Module, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """One product for the three; keys have no bias."""
    bias = attention.q_proj.bias
    weights = torch.cat([attention.q_proj.weight, attention.k_proj.weight, attention.v_proj.weight])
    joined = F.linear(x, weights, torch.cat([bias, torch.zeros_like(bias), attention.v_proj.bias]))
    return tuple(_heads(part) for part in joined.chunk(3, -1))


def _heads(x: torch.Tensor) -> torch.Tensor:
    return x.unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2)


def _joined(x: torch.Tensor) -> torch.Tensor:
    return x.transpose(1, 2).flatten(-2)
