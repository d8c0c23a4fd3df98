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

/**
 * Connections of one kernel's compute units ("kernel:instance" in IP_LAYOUT), by argument. One pass over the list: a hostile
 * file may have tens of thousands.
 */
export function connectionsOfKernel(
  kernel: string,
  ips: readonly { readonly name: string }[],
  connections: readonly Connection[],
): ReadonlyMap<number, readonly Connection[]> {
  const units = new Set(ips.flatMap(({ name }, i) => (name.startsWith(`${kernel}:`) ? [i] : [])));
  const found = new Map<number, Connection[]>();
  for (const connection of connections) {
    if (!units.has(connection.ipIndex)) continue;
    const list = found.get(connection.argIndex);
    if (list === undefined) found.set(connection.argIndex, [connection]);
    else list.push(connection);
  }
  return found;
}
