import { type ArrayConfig, bufferOwner, type DesignLink, type ResourceUse } from "@aiekit/host";
import { type TileCoord, tileModel, walk } from "@aiekit/mlir";

/** A stretch of a tile's data memory. */
interface MemoryPiece {
  /** The objectFifo or buffer, `stack`, by which its colour is chosen. */
  readonly owner: string;
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
}

/** What is written and drawn in the box of a tile. */
export interface TileContents {
  readonly tile: TileCoord;
  readonly title: string;
  /** C++ functions that the core calls. */
  readonly kernels: readonly string[];
  /** Of data memory; 0 where the tile has none. */
  readonly dataBytes: number;
  readonly memory: readonly MemoryPiece[];
  /** One a line: `in_cons: 2 x 256 bytes from 0x400`. */
  readonly memoryLines: readonly { readonly owner: string; readonly text: string }[];
  readonly use: readonly ResourceUse[];
}

/** What the contents of every tile need of the whole design. */
interface DrawnDesign {
  readonly config: ArrayConfig;
  readonly use: readonly ResourceUse[];
  readonly links: readonly DesignLink[];
}

/** The contents of one tile of a lowered design. */
export function tileContents({ config, use, links }: DrawnDesign, tile: TileCoord): TileContents {
  const here = (place: { readonly tile: TileCoord }): boolean =>
    place.tile.col === tile.col && place.tile.row === tile.row;
  const { kind, dataBytes } = tileModel(config.device, tile.col, tile.row);
  const core = config.cores.find(here);
  const words = { shim: "shim", memtile: "memtile", computeTile: core ? "core" : "compute tile" }[kind];
  const buffers = config.buffers
    .filter(here)
    .map(({ name, address, bytes }) => ({ owner: linkOf(name, links), name, address, bytes }));
  const stack = core ? [{ owner: "stack", name: "stack", address: 0, bytes: core.stackBytes }] : [];
  const memory = [...stack, ...buffers].sort((a, b) => a.address - b.address);
  return {
    ...{ tile, title: `(${tile.col},${tile.row}) ${words}`, dataBytes, memory, memoryLines: memoryLines(memory) },
    kernels: core ? calledKernels(core.op, config) : [],
    use: use.filter(here),
  };
}

/** The link that a buffer belongs to. Only the ends of an objectFifo with several consumers have a number before `_cons`. */
function linkOf(buffer: string, links: readonly DesignLink[]): string {
  const end = bufferOwner(buffer);
  const fifo = end.replace(/_cons$/, "");
  const names = [fifo, fifo.replace(/_\d+$/, "")];
  return names.find((name) => fifo !== end && links.some((link) => link.name === name)) ?? fifo;
}

function calledKernels(core: ArrayConfig["cores"][number]["op"], { functions }: ArrayConfig): string[] {
  const names = new Set<string>();
  walk(core, (op) => {
    if (op.name !== "func.call") return;
    const callee = op.text("callee");
    const called = callee === undefined ? undefined : functions.get(callee);
    if (callee === undefined || (called?.regions[0]?.blocks.length ?? 0) > 0) return;
    names.add(callee);
  });
  return [...names];
}

function memoryLines(memory: readonly MemoryPiece[]): { owner: string; text: string }[] {
  const groups = new Map<string, MemoryPiece[]>();
  for (const piece of memory) {
    const name = bufferOwner(piece.name);
    groups.set(name, [...(groups.get(name) ?? []), piece]);
  }
  return [...groups].map(([name, pieces]) => {
    const sizes = [...new Set(pieces.map(({ bytes }) => bytes))];
    const size = sizes.length === 1 ? `${sizes[0]}` : `${sizes.join(", ")}`;
    const count = pieces.length === 1 ? "" : `${pieces.length} x `;
    const first = pieces[0]!;
    return { owner: first.owner, text: `${name}: ${count}${size} bytes from 0x${first.address.toString(16)}` };
  });
}
