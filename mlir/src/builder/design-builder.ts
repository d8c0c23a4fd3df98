import { DesignError } from "@aiekit/core";
import { type DeviceModel, deviceModel, tileKind } from "../device-model/device-model.ts";
import type { BdDim } from "../ir/attributes.ts";
import { Block, type Operation, Region, type Value } from "../ir/operation.ts";
import { type MemRefType, memrefBytes, type Type } from "../ir/types.ts";
import { typeText } from "../printer/attributes.ts";
import * as aie from "./aie-ops.ts";
import { CoreBuilder } from "./core-builder.ts";
import type { FifoHandle, KernelHandle, TileHandle } from "./handles.ts";
import { sequenceOp } from "./npu-ops.ts";
import { SequenceBuilder } from "./sequence-builder.ts";

export interface FifoOptions {
  readonly name: string;
  readonly producer: TileHandle;
  readonly consumers: readonly TileHandle[];
  /** Objects at each end: one number, or one for the producer and one for each consumer. */
  readonly depth: number | readonly number[];
  readonly element: MemRefType;
  /** Order in which the producer's DMA reads an object, outermost dimension first, in elements. */
  readonly toStream?: readonly BdDim[];
  /** Order in which each consumer's DMA writes an object. */
  readonly fromStream?: readonly (readonly BdDim[])[];
  /** True: through DMAs although the tiles share memory. */
  readonly viaDma?: boolean;
  /** How often each object is sent. */
  readonly repeatCount?: number;
}

export interface LinkOptions {
  readonly inputs: readonly FifoHandle[];
  readonly outputs: readonly FifoHandle[];
  /** Join: where each input lies in the output's object, in elements. */
  readonly sourceOffsets?: readonly number[];
  /** Distribute: where each output lies in the input's object, in elements. */
  readonly destOffsets?: readonly number[];
}

export interface CoreOptions {
  /** What the kernels may use of the stack at the bottom of data memory; a multiple of 32. */
  readonly stackBytes: number;
  /** True: loops are not unrolled, a counter in memory chooses the object. Smaller code, any loop bounds. */
  readonly choosesObjectsAtRunTime?: boolean;
}

export interface SequenceOptions<Name extends string> {
  readonly name: string;
  /** Host buffers in the order of the kernel's arguments. */
  readonly args: Readonly<Record<Name, MemRefType>>;
}

/**
 * Writes a design in the order of its parts: types, kernels, tiles and objectFifos, core bodies, runtime sequences.
 * Every method checks what it is given and throws `DesignError`, so a mistake is reported where it was made.
 */
export class DesignBuilder {
  readonly device: DeviceModel;
  readonly #body = new Region();
  readonly #symbols = new Set<string>();
  readonly #tiles = new Map<string, TileHandle>();
  readonly #cores = new Set<TileHandle>();
  #lastTile: Operation | undefined;

  /** @throws UsageError when no device has this name. */
  constructor(device: string) {
    this.device = deviceModel(device);
  }

  /** An external C function. Parameters are memrefs (pointers in C) and scalars. `object` is the file that has it. */
  kernel(name: string, params: readonly Type[], options: { readonly object: string }): KernelHandle {
    this.#claim(name);
    const op = aie.kernelOp(name, { kind: "function", inputs: params, results: [] }, options.object);
    this.#body.entry.append(op);
    return { name, params };
  }

  /**
   * The tile at (col,row); asking twice gives the same one. `allocationScheme` says how its buffers get addresses:
   * `bank-aware` spreads them over the banks, `basic-sequential` packs them and leaves one run for a kernel's tables.
   */
  tile(
    col: number,
    row: number,
    options: { readonly allocationScheme?: "bank-aware" | "basic-sequential" } = {},
  ): TileHandle {
    const known = this.#tiles.get(`${col},${row}`);
    if (known) return known;
    const kind = tileKind(this.device, col, row);
    if (kind === undefined) {
      throw new DesignError(
        `tile (${col},${row}) is not on ${this.device.name}: columns 0..${this.device.columns - 1}, rows 0..${this.device.rows - 1}`,
      );
    }
    if (kind === "shim" && options.allocationScheme !== undefined) {
      throw new DesignError(`tile (${col},${row}): a shim tile has no memory, so no allocation scheme`);
    }
    const op = aie.tileOp({ col, row, allocationScheme: options.allocationScheme });
    const handle: TileHandle = { col, row, kind, value: op.result };
    this.#insertTile(op);
    this.#tiles.set(`${col},${row}`, handle);
    return handle;
  }

  /** A synchronised queue of objects from one tile to one or several. */
  objectFifo(options: FifoOptions): FifoHandle {
    const { name, producer, consumers, depth, element } = options;
    if (consumers.length === 0) throw new DesignError(`objectFifo @${name}: expected at least one consumer, got none`);
    const depths = typeof depth === "number" ? [depth] : depth;
    if (typeof depth !== "number" && depth.length !== consumers.length + 1) {
      throw new DesignError(
        `objectFifo @${name}: expected ${consumers.length + 1} depths (producer, then each consumer), got ${depth.length}`,
      );
    }
    for (const d of depths) {
      if (!Number.isInteger(d) || d < 1) throw new DesignError(`objectFifo @${name}: expected depth >= 1, got ${d}`);
    }
    const objectBytes = memrefBytes(element);
    if (objectBytes % 4 !== 0) {
      throw new DesignError(
        `objectFifo @${name}: an object of ${typeText(element)} has ${objectBytes} bytes: expected whole 32-bit words`,
        { hint: "pad the innermost dimension" },
      );
    }
    if (producer.kind === "shim" && options.toStream?.length) {
      throw new DesignError(`objectFifo @${name}: toStream is not possible at a shim tile`, {
        hint: "give the pattern to the transfer in the runtime sequence",
      });
    }
    this.#claim(name);
    this.#body.entry.append(
      aie.objectFifoOp({ ...options, producer: producer.value, consumers: consumers.map((c) => c.value) }),
    );
    return { name, producer, consumers, depths, element };
  }

  /** Joins objectFifos at the tile they share, without a core: forward, distribute (one to many) or join (many to one). */
  link(options: LinkOptions): void {
    const { inputs, outputs } = options;
    if (inputs.length !== 1 && outputs.length !== 1) {
      throw new DesignError(`link: expected one input or one output, got ${inputs.length} and ${outputs.length}`);
    }
    const shared = outputs[0]?.producer;
    for (const fifo of outputs) this.#expectEnd(fifo, fifo.producer === shared, "produced", shared);
    for (const fifo of inputs) this.#expectEnd(fifo, fifo.consumers[0] === shared, "consumed", shared);
    const names = (fifos: readonly FifoHandle[]) => fifos.map((f) => f.name);
    this.#body.entry.append(
      aie.linkOp({
        inputs: names(inputs),
        outputs: names(outputs),
        ...(options.sourceOffsets && { sourceOffsets: options.sourceOffsets }),
        ...(options.destOffsets && { destOffsets: options.destOffsets }),
      }),
    );
  }

  /** The program of one compute tile. */
  core(tile: TileHandle, options: CoreOptions, write: (body: CoreBuilder) => void): void {
    const { col, row } = tile;
    if (tile.kind !== "computeTile") {
      throw new DesignError(
        `core: tile (${col},${row}) is a ${tile.kind}, only compute tiles (row 2 and up) have cores`,
      );
    }
    if (this.#cores.has(tile)) throw new DesignError(`core: tile (${col},${row}) has a core already`);
    const { stackBytes } = options;
    if (!Number.isInteger(stackBytes) || stackBytes <= 0 || stackBytes % 32 !== 0) {
      throw new DesignError(`core (${col},${row}): expected stackBytes to be a multiple of 32, got ${stackBytes}`);
    }
    this.#cores.add(tile);
    const region = new Region();
    const body = new CoreBuilder(tile, region.entry);
    write(body);
    region.entry.append(aie.endOp());
    const { choosesObjectsAtRunTime } = options;
    this.#body.entry.append(aie.coreOp({ tile: tile.value, col, row, stackBytes, choosesObjectsAtRunTime }, region));
  }

  /** What the host launches: transfers and waits, in order. A device may have several sequences. */
  sequence<Name extends string>(
    options: SequenceOptions<Name>,
    write: (sequence: SequenceBuilder, args: Readonly<Record<Name, Value>>) => void,
  ): void {
    this.#claim(options.name);
    const block = new Block();
    const args = Object.fromEntries(
      Object.entries<MemRefType>(options.args).map(([name, type]) => [name, block.addArg(type, name)]),
    ) as Record<Name, Value>;
    write(new SequenceBuilder(options.name, block), args);
    const region = new Region();
    region.addBlock(block);
    this.#body.entry.append(sequenceOp(options.name, region));
  }

  /** The finished design: `builtin.module` with one device. */
  build(): Operation {
    this.#body.entry.append(aie.endOp());
    return aie.moduleOp([aie.deviceOp(this.device.name, "main", this.#body)]);
  }

  /** Tiles stand first, in the order they were asked for. */
  #insertTile(op: Operation): void {
    const block = this.#body.entry;
    const next = this.#lastTile ? block.ops[block.ops.indexOf(this.#lastTile) + 1] : block.ops[0];
    if (next) block.insertBefore(next, op);
    else block.append(op);
    this.#lastTile = op;
  }

  #claim(name: string): void {
    if (this.#symbols.has(name)) throw new DesignError(`the name @${name} is taken: names of a design must differ`);
    this.#symbols.add(name);
  }

  #expectEnd(fifo: FifoHandle, holds: boolean, role: string, tile: TileHandle | undefined): void {
    if (holds) return;
    throw new DesignError(
      `link: objectFifo @${fifo.name} is not ${role} on the shared tile (${tile?.col},${tile?.row})`,
    );
  }
}
