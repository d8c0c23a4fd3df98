import { entryOffsets, type SectionSource } from "./section-source.ts";

/** Argument `argIndex` of entry `ipIndex` of IP_LAYOUT lives in bank `memoryIndex`. Scalars have no connection. */
export interface Connection {
  readonly argIndex: number;
  readonly ipIndex: number;
  readonly memoryIndex: number;
}

const entryBytes = 12;
const start = 4;

/** @throws FormatError where the section is cut off. Source: XRT xclbin.h, struct connectivity. */
export function readConnectivity(source: SectionSource): Connection[] {
  return entryOffsets(source, start, entryBytes).map((at) => ({
    argIndex: source.view.getInt32(at, true),
    ipIndex: source.view.getInt32(at + 4, true),
    memoryIndex: source.view.getInt32(at + 8, true),
  }));
}

export function writeConnectivity(connections: readonly Connection[]): Uint8Array {
  const bytes = new Uint8Array(start + connections.length * entryBytes);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, connections.length, true);
  for (const [i, { argIndex, ipIndex, memoryIndex }] of connections.entries()) {
    const at = start + i * entryBytes;
    view.setInt32(at, argIndex, true);
    view.setInt32(at + 4, ipIndex, true);
    view.setInt32(at + 8, memoryIndex, true);
  }
  return bytes;
}
