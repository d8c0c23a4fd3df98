import type { OnnxGraph } from "./onnx/onnx-graph.ts";

/** `NAME.bias`, f32[size]. */
export function emitBias(graph: OnnxGraph, name: string, size: number, read: () => Promise<Float32Array>): string {
  return graph.constant({ name: `${name}.bias`, type: "f32", dims: [size], read: async () => bytesOf(await read()) });
}

export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
